from __future__ import annotations

from dataclasses import replace

from django.utils.translation import override

from kpis.figures.cumulative import cumulative_net
from kpis.figures.kpi_series import kpi_series
from kpis.figures.kpi_still import kpi_still
from kpis.wording import charts
from tests.gallery.made_up import kpi_history, net_curve

NB = "\u00a0"


def test_a_picture_says_in_words_what_it_shows():
    summary = charts.net_summary(net_curve(), currency="EUR").replace(NB, " ")
    assert summary == (
        "Cumulative net benefit from 6 Oct 2025 to 23 Nov 2026: it stands at €88,678. "
        "It was lowest on 2 Mar 2026, at −€167,652. It passed zero for good on 7 Sep 2026."
    )


def test_a_small_portfolio_has_an_axis_in_whole_units():
    small = replace(net_curve(), points=[replace(p, net=p.net / 100) for p in net_curve().points])
    assert charts.net_words(small, currency="EUR").unit == "€"
    assert charts.net_words(net_curve(), currency="EUR").unit == "k€"


def test_the_words_of_a_chart_are_in_the_readers_language():
    with override("de"):
        text = cumulative_net(net_curve(), words=charts.net_words(net_curve(), currency="EUR"), height=206).to_json()
        assert "amortisiert 7. Sept. 2026" in text.encode().decode("unicode_escape").replace(NB, " ")


def test_both_pictures_of_a_kpi_write_the_same_labels():
    kpi = kpi_history()
    words = charts.kpi_words(
        kpi, name="Handling time", unit="min", actual=charts.actual_lines(11.7, "min", provisional=True)
    )
    figure = kpi_series(kpi, words=words, height=470)
    drawn = kpi_still(kpi, words=words, width=884, height=470)
    noted = [note.text.removeprefix("<b>").removesuffix("</b>") for note in figure.layout.annotations]
    assert len(noted) > 6
    assert all(text in drawn for text in noted)


def test_a_kpi_without_values_says_so():
    empty = replace(kpi_history(), line=[], specks=[])
    assert (
        charts.kpi_summary(empty, name="Handling time", unit="min") == "Handling time: nothing has been measured yet."
    )
