"""A KPI among the other business units: quartiles of enough of them, and of fewer not a word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpis.calculations.defaults import PEERS_FEWEST
from kpis.evaluation.peers import peer_standings_of
from kpis.evaluation.standings import standings_of
from tests.factories import (
    AdministratorFactory,
    ComparisonFactory,
    InitiativeFactory,
    IntervalValueFactory,
    KpiFactory,
    KpiStateFactory,
    SeriesFactory,
    UserFactory,
)

NOW = datetime(2026, 5, 20, 9, tzinfo=UTC)
FIRST = datetime(2026, 3, 31, 22, tzinfo=UTC)  # midnight in Berlin


def unit(name, minutes, *, unit="min", factor=1.0, sample=False, **more):
    """A business unit whose cases take so many minutes each day."""
    initiative = InitiativeFactory(business_unit=name, is_sample=sample, go_live_on=None)
    kpi = KpiFactory(initiative=initiative, unit=unit, **more)
    series = SeriesFactory(kpi=kpi)
    for day in range(40):
        IntervalValueFactory(series=series, start=FIRST + timedelta(days=day), mean=float(minutes))
    KpiStateFactory(kpi=kpi, newest_at=NOW)
    ComparisonFactory(kpi=kpi, metric="handling_time", reading="level", factor=factor)
    return kpi


@pytest.fixture
def everybody():
    return AdministratorFactory()


@pytest.fixture
def own():
    return unit("Own", 10)


def among(kpi, actor):
    (found,) = peer_standings_of(kpi, actor, now=NOW)
    return found


def test_from_the_fewest_others_on_there_are_quartiles_and_a_place_among_them(own, everybody):
    minutes = [6, 8, 9, 12, 14]
    for number, value in enumerate(minutes):
        unit(f"Unit {number}", value)

    found = among(own, everybody)

    assert found.own == 10.0
    assert found.among.peers == PEERS_FEWEST.value == 5
    low, middle, high = np.quantile(minutes, [0.25, 0.5, 0.75])
    assert found.among.quartiles == ((0.25, low), (0.5, middle), (0.75, high))
    # less is better: between the half (9) and three quarters (12) a third of the way, 58 % are below, 42 % above
    assert found.among.position.percentile == 0.42


def test_of_fewer_not_a_figure_is_told(own, everybody):
    for number in range(4):
        unit(f"Unit {number}", 5 + number)
    found = among(own, everybody)
    assert (found.among, found.reason, found.own) == (None, "too_few_units", 10.0)


def test_a_unit_is_one_value_however_many_kpis_it_has(own, everybody):
    for number in range(4):
        unit(f"Unit {number}", 8)
    for minutes in (4, 8):
        unit("Many", minutes)
    found = among(own, everybody)
    assert found.among.peers == 5
    assert found.among.quartiles[0] == (0.25, 8.0)  # 6, 8, 8, 8, 8


def test_ones_own_unit_the_sample_another_metric_and_the_nameless_do_not_count(own, everybody):
    for number in range(4):
        unit(f"Unit {number}", 8)
    unit("Own", 1)
    unit("Sample", 1, sample=True)
    unit("", 1)
    unit("More is better", 1, direction="increase")
    unit("Kilograms", 1, unit="kg")
    ComparisonFactory(kpi=KpiFactory(initiative=InitiativeFactory(business_unit="Other")), metric="other")
    assert among(own, everybody).reason == "too_few_units"
    unit("Unit 5", 8)
    assert among(own, everybody).among.peers == 5


def test_units_are_turned_into_ones_own_and_factors_count(own, everybody):
    for number in range(4):
        unit(f"Unit {number}", 8)
    unit("Seconds", 480, unit="s")
    unit("By the week", 40, factor=0.2)
    found = among(own, everybody)
    assert found.among.peers == 6
    assert found.among.quartiles[2] == (0.75, pytest.approx(8.0))


def test_units_out_of_sight_count_only_where_there_are_enough_of_them(own):
    """Whoever sees four of five others could calculate the fifth from their quartiles."""
    seen = [unit(f"Seen {number}", 8) for number in range(4)]
    hidden = [unit("Hidden 0", 20)]
    limited = UserFactory(initiatives=[own.initiative, *(kpi.initiative for kpi in seen)])
    assert among(own, limited).reason == "too_few_units"
    hidden += [unit(f"Hidden {number}", 20) for number in (1, 2, 3)]
    assert among(own, limited).reason == "too_few_units"
    hidden.append(unit("Hidden 4", 20))
    assert among(own, limited).among.peers == 9

    fifth = unit("Seen 4", 8)
    limited.initiatives.add(fifth.initiative)
    hidden[0].initiative.delete()
    assert among(own, limited).among.quartiles == ((0.25, 8.0), (0.5, 8.0), (0.75, 8.0))


def test_a_unit_of_which_a_part_is_in_sight_is_not_told_in_part(own):
    seen = [unit(f"Seen {number}", 8) for number in range(4)]
    part = unit("Partly", 8)
    unit("Partly", 100)
    limited = UserFactory(initiatives=[kpi.initiative for kpi in (own, part, *seen)])
    assert among(own, limited).reason == "too_few_units"


def test_without_a_unit_or_a_figure_the_reason_is_another_one(everybody):
    nameless = unit("", 10)
    assert among(nameless, everybody).reason == "no_business_unit"
    nothing = KpiFactory(initiative=InitiativeFactory(business_unit="Own"), unit="min")
    assert peer_standings_of(nothing, everybody, now=NOW) == ()
    ComparisonFactory(kpi=nothing, metric="handling_time", reading="level")
    assert among(nothing, everybody).reason == "too_early"


def test_the_published_figures_beside_a_kpi_are_as_they_were(own):
    (found,) = standings_of([own], now=NOW)[own.pk]
    assert found.reason == "no_figure"
