"""Rules made, changed and moved: which series fall to them, and what the memory holds is stored by the new rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kpis.access.models import AuditEvent
from kpis.measurements.models import Measurement
from kpis.sources import arranging, configuring, previewing
from kpis.sources.arranging import RulePlan
from kpis.sources.configuring import SourceWrong
from kpis.sources.models import ReceivedSeries
from tests.db.sources.test_receiving import NOON, metric, send
from tests.factories import DataSourceFactory, InitiativeFactory, KpiFactory, ReceivedSeriesFactory

LATER = NOON + timedelta(hours=60)


@pytest.fixture
def source():
    return DataSourceFactory(slug="cluster", kind="push", address="", every=None, overlap=None)


@pytest.fixture
def kpi():
    return KpiFactory(slug="requests", initiative__slug="support")


def plan(kpi, name="queue_length", op="=", **more):
    return RulePlan(kpi=kpi, matchers=[{"label": "__name__", "op": op, "value": name}], **({"kind": "gauge"} | more))


def made(source, *plans):
    return [arranging.create_rule(source, one, by=None, at=LATER) for one in plans]


def mapped_anew():
    while arranging.map_anew(at=LATER):
        pass


def values():
    return sorted(Measurement.objects.values_list("value", flat=True))


def test_a_new_rule_stores_what_was_received_before_it(source, kpi):
    send(source, (metric(job="a"), [(0, 1), (15, 2)]), (metric("other"), [(0, 9)]))
    made(source, plan(kpi))
    assert values() == []  # it is done behind the request, and as often as it takes
    mapped_anew()
    assert values() == [1, 2]
    send(source, (metric(job="a"), [(30, 3)]))
    assert values() == [1, 2, 3]
    assert list(Measurement.objects.order_by("at").values_list("weight", flat=True)) == [60, 15, 15]


def test_one_click_maps_a_name_as_its_name_suggests(source, kpi):
    send(
        source, (metric("requests_total", job="a"), [(0, 10), (15, 12)]), (metric("requests_total", job="b"), [(0, 1)])
    )
    rule = arranging.map_name(source, "requests_total", kpi, by=None, at=LATER)
    mapped_anew()
    assert (rule.kind, values()) == ("counter", [2])


@pytest.mark.parametrize(
    ("name", "said", "kind"),
    [
        ("x_total", "unknown", "counter"),
        ("x_bucket", "unknown", "counter"),
        ("x", "unknown", "gauge"),
        ("x_total", "gauge", "gauge"),
        ("x", "counter", "counter"),
        ("x", "delta", "as_is"),
    ],
)
def test_what_its_sender_says_goes_before_what_its_name_suggests(source, kpi, name, said, kind):
    ReceivedSeriesFactory(source=source, name=name, kind=said)
    assert arranging.map_name(source, name, kpi, by=None, at=LATER).kind == kind


def test_a_corrected_factor_corrects_what_the_memory_holds(source, kpi):
    (rule,) = made(source, plan(kpi))
    send(source, (metric(), [(0, 1), (15, 2)]))
    arranging.change_rule(rule, plan(kpi, factor=60.0), by=None, at=LATER)
    mapped_anew()
    assert values() == [60, 120]


def test_the_first_rule_decides_and_a_moved_one_takes_over(source, kpi):
    send(source, (metric(), [(0, 1)]))
    other = KpiFactory(initiative=kpi.initiative)
    first, second = made(source, plan(kpi), plan(other, ".*", op="=~"))
    assert ReceivedSeries.objects.get().rule == first
    arranging.change_rule(second, plan(other, ".*", op="=~", position=1), by=None, at=LATER)
    assert ReceivedSeries.objects.get().rule == second
    assert [rule.kpi for rule in source.rules.all()] == [other, kpi]
    assert [rule.position for rule in source.rules.all()] == [1, 2]


def test_without_its_rule_a_series_falls_to_the_next_one_or_to_none(source, kpi):
    send(source, (metric(), [(0, 1)]))
    first, second = made(source, plan(kpi), plan(kpi))
    arranging.delete_rule(first, by=None, at=LATER)
    assert ReceivedSeries.objects.get().rule == second
    arranging.delete_rule(second, by=None, at=LATER)
    assert ReceivedSeries.objects.get().rule is None


def test_a_rule_goes_with_its_kpi_and_its_series_are_unmapped_again(source, kpi):
    send(source, (metric(), [(0, 1)]))
    made(source, plan(kpi))
    kpi.delete()
    assert ReceivedSeries.objects.get().rule is None
    assert [one.code for one in send(source, (metric(), [(15, 1)])).rejected] == ["unmapped_series"]


def test_every_change_is_in_the_trail(source, kpi):
    (rule,) = made(source, plan(kpi))
    arranging.change_rule(rule, plan(kpi, kind="counter"), by=None, at=LATER)
    arranging.delete_rule(rule, by=None, at=LATER)
    said = [event.what for event in AuditEvent.objects.order_by("sequence")]
    assert said == ["mappingrule.created", "mappingrule.changed", "mappingrule.deleted"]


@pytest.mark.parametrize(
    ("wrong", "code", "attr"),
    [
        ({"matchers": []}, "matchers_needed", "matchers"),
        ({"matchers": [{"label": "a", "op": "==", "value": "x"}]}, "operator_wrong", "matchers.0.op"),
        ({"matchers": [{"label": "a", "op": "=~", "value": "("}]}, "pattern_wrong", "matchers.0.value"),
        ({"matchers": [{"label": "a", "op": "!~", "value": r"(a)\1"}]}, "pattern_wrong", "matchers.0.value"),
        ({"factor": float("inf")}, "factor_wrong", "factor"),
        ({"keep_labels": [str(n) for n in range(17)]}, "too_many_labels", "keep_labels"),
        ({"rename_labels": {"a": "x", "b": "x"}}, "labels_collide", "rename_labels"),
        ({"rename_labels": {"a": "b"}, "keep_labels": ["a", "b"]}, "labels_collide", "rename_labels"),
    ],
)
def test_a_rule_that_can_never_work_is_refused_by_name(source, kpi, wrong, code, attr):
    with pytest.raises(SourceWrong) as refusal:
        made(source, RulePlan(**({"kpi": kpi, "kind": "gauge", "matchers": plan(kpi).matchers} | wrong)))
    assert (refusal.value.code, refusal.value.attr) == (code, attr)


def test_a_rule_stays_within_the_initiative_of_its_source_and_only_sources_that_push_have_one(kpi):
    own = DataSourceFactory(initiative=InitiativeFactory(), kind="push", address="", every=None, overlap=None)
    for source, code in [(own, "kpi_of_another"), (DataSourceFactory(), "not_pushing")]:
        with pytest.raises(SourceWrong) as refusal:
            made(source, plan(kpi))
        assert refusal.value.code == code


def test_a_source_does_not_move_to_an_initiative_whose_kpis_its_rules_do_not_feed(source, kpi):
    made(source, plan(kpi))
    with pytest.raises(SourceWrong) as refusal:
        configuring.change_source(source, {"initiative": InitiativeFactory()}, by=None, at=LATER)
    assert (refusal.value.code, refusal.value.attr) == ("kpi_of_another", "initiative")
    configuring.change_source(source, {"initiative": kpi.initiative}, by=None, at=LATER)


def test_a_hostile_pattern_costs_no_time(source, kpi):
    made(source, plan(kpi, "(a|a)*b", op="=~"))
    started = datetime.now(UTC)
    send(source, (metric("a" * 900), [(0, 1)]))
    assert datetime.now(UTC) - started < timedelta(seconds=2)


def test_a_trial_says_what_would_be_stored_and_stores_nothing(source, kpi):
    send(source, *[(metric(pod=pod, team="a"), [(0, 1), (15, 2)]) for pod in "xy"], (metric("other"), [(0, 1)]))
    trial = previewing.try_rule(source, plan(kpi, factor=10.0, keep_labels=["team"]))
    assert (trial.matched, trial.decided_earlier) == (2, 0)
    first = trial.results[0]
    assert (first.series, first.kpi, first.labels) == ('queue_length{pod="x",team="a"}', kpi.key, {"team": "a"})
    assert [(point.value, point.weight) for point in first.points] == [(10, 60), (20, 15)]
    assert not Measurement.objects.exists()
    made(source, plan(kpi, factor=10.0, keep_labels=["team"]))
    mapped_anew()
    assert values() == [10, 10, 20, 20]  # what the trial said is what is stored
    assert set(Measurement.objects.values_list("event_id", flat=True)) == {one.id for one in trial.results}


def test_a_trial_says_which_series_an_earlier_rule_gets(source, kpi):
    send(source, (metric(job="a"), [(0, 1)]), (metric(job="b"), [(0, 1)]))
    matchers = [{"label": "job", "op": "=", "value": "a"}]
    (rule,) = made(source, RulePlan(kpi=kpi, matchers=matchers, kind="gauge"))
    trial = previewing.try_rule(source, plan(kpi))
    assert (trial.matched, trial.decided_earlier) == (2, 1)
    assert [one.decided_by for one in trial.results] == [None, rule.pk]
    assert previewing.try_rule(source, plan(kpi, position=1)).decided_earlier == 0
    assert previewing.try_rule(source, plan(kpi), instead_of=rule).decided_earlier == 0
