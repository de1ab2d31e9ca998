from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from django.utils.translation import override

from kpis.wording.kpi_sentences import Change, KpiFacts, kpi_headline
from kpis.wording.sentences import InitiativeFacts, PortfolioFacts, initiative_headline, portfolio_headline

PORTFOLIO = PortfolioFacts(
    organisation="Musterwerk",
    currency="EUR",
    invested=D("454175.06"),
    benefit=D("554884.17"),
    net=D("100709.11"),
    net_low=D("51238"),
    net_high=D("141444"),
    net_without_declared=D("3072.41"),
    pays=1,
    costs_more=2,
    cannot_be_proved=1,
)
INITIATIVE = InitiativeFacts(
    "EUR", "pays", D(170_199), D(471_332), D(301_133), D(260_000), D(336_000), D(449_828), D(247_971)
)
CHANGE = Change(11.69, 13.97, -2.28, -2.44, -2.12, 0.159, 0.148, 0.170)
KPI = KpiFacts("Handling time", "min", "improved", "A", CHANGE, target=12.0, target_reached=True, benchmark="ahead")


def said(headline) -> str:
    return headline.text.replace("\u00a0", " ")


def test_the_portfolio_says_what_went_in_what_came_back_how_sure_and_what_is_left_without_declarations():
    assert said(portfolio_headline(PORTFOLIO)) == (
        "Musterwerk has put in €454,000. So far €555,000 came back: €101,000 net, between €51,000 and €141,000. "
        "One of four initiatives pays. Two cost more than they return. One cannot be proved. "
        "Without what is only declared, the net is €3,100."
    )


def test_the_portfolio_says_the_same_in_german():
    with override("de"):
        assert said(portfolio_headline(PORTFOLIO)) == (
            "Musterwerk hat 454.000 € eingesetzt. Bisher kamen 555.000 € zurück: netto 101.000 €, "
            "zwischen 51.000 und 141.000 €. Von vier Initiativen lohnt sich eine. Zwei kosten mehr, als sie bringen. "
            "Eine ist nicht belegbar. Ohne bloße Angaben bleiben netto 3.100 €."
        )


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"pays": 1, "costs_more": 0, "cannot_be_proved": 0}, "The only initiative pays."),
        ({"pays": 0, "costs_more": 1, "cannot_be_proved": 0}, "The only initiative costs more than it returns."),
        ({"pays": 4, "costs_more": 0, "cannot_be_proved": 0}, "All four initiatives pay."),
        ({"pays": 0, "costs_more": 3, "cannot_be_proved": 0}, "None of three initiatives is known to pay. Three cost"),
        ({"pays": 2, "costs_more": 0, "cannot_be_proved": 13}, "Two of 15 initiatives pay. 13 cannot be proved."),
        ({"pays": 1, "costs_more": 0, "cannot_be_proved": 0, "too_early": 1}, "One is too young to judge."),
    ],
)
def test_the_counts_are_whole_sentences_for_any_number(counts, sentence):
    assert sentence in said(portfolio_headline(replace(PORTFOLIO, **counts)))


def test_a_portfolio_without_anything_says_so_and_no_figure():
    empty = replace(PORTFOLIO, invested=D(0), benefit=D(0), net=D(0), pays=0, costs_more=0, cannot_be_proved=0)
    assert said(portfolio_headline(empty)).startswith("Nothing has been put in and nothing has come back yet")


def test_what_is_left_without_declarations_is_kept_quiet_where_it_makes_no_difference():
    same = replace(PORTFOLIO, net_without_declared=PORTFOLIO.net)
    assert "declared" not in said(portfolio_headline(same))


def test_destroyed_value_is_called_so():
    bad = replace(PORTFOLIO, benefit=D(-14_085), net=D(-159_235), net_low=D(-168_000), net_high=D(-151_000))
    assert "So far it has destroyed €14,000: −€159,000 net" in said(portfolio_headline(bad))


def test_an_initiative_names_its_proof_and_what_nobody_has_seen_in_the_books():
    assert said(initiative_headline(INITIATIVE)) == (
        "This one pays. €170,000 went in. So far €471,000 came back: €301,000 net, between €260,000 and €336,000. "
        "A control group or a time series proves 95% of it. "
        "Of what came back, €248,000 is time that people have gained and that nobody has yet seen in the books."
    )


def test_an_initiative_that_is_too_young_gives_no_verdict_and_no_net():
    young = replace(INITIATIVE, verdict="too_early", benefit=D(0), net=D(-170_199))
    assert said(initiative_headline(young)) == (
        "It is too early to say whether this one pays. €170,000 went in so far."
    )


def test_a_benefit_that_is_only_declared_says_that_nothing_of_it_is_proved():
    assert "None of it is proved" in said(initiative_headline(replace(INITIATIVE, proved=D(0))))


def test_a_kpi_says_how_much_how_sure_how_known_and_against_what():
    assert said(kpi_headline(KPI)) == (
        "Handling time is 15.9% lower than it would be without the AI, between 14.8% and 17.0%: "
        "11.7 min instead of 14.0 min. A control group shows that this is the AI’s doing. "
        "The target of 12.0 min is reached. This is ahead of the published figure."
    )


def test_a_share_that_rose_is_told_in_points():
    change = Change(0.716, 0.663, 0.053, 0.046, 0.060, 0.080, 0.069, 0.090)
    text = said(kpi_headline(KpiFacts("First-contact resolution", "1", "improved", "C", change)))
    assert "is 5.3 points higher than it would be without the AI, between 4.6 points and 6.0 points" in text
    assert "before and after" in text


def test_a_baseline_of_zero_is_told_in_the_unit_itself():
    change = Change(3.0, 0.0, 3.0, 2.0, 4.0, None, None, None)
    assert "3.00 h higher" in said(kpi_headline(KpiFacts("Overtime", "h", "worse", "C", change)))


def test_a_declared_baseline_gives_no_range_and_no_percentage():
    change = Change(46, 60, -14, None, None, 0.23, None, None)
    text = said(kpi_headline(KpiFacts("Review time", "min", "improved", "D", change)))
    assert "lower than the 60.0 min that was stated for the time before" in text
    assert "%" not in text


def test_a_kpi_without_enough_data_says_why_and_no_number():
    facts = KpiFacts("Templates", "{template}", "not_enough_data", "", None, reason="3 of 6 quarters are there.")
    assert said(kpi_headline(facts)) == "Whether Templates has changed cannot be said yet. 3 of 6 quarters are there."


def test_a_number_that_is_there_too_early_is_not_told():
    assert "%" not in said(kpi_headline(replace(KPI, verdict="not_enough_data", target=None)))


def test_no_clear_change_claims_no_direction():
    text = said(kpi_headline(replace(KPI, verdict="no_clear_change", target=None, benchmark="")))
    assert "no clear change" in text
    assert "lower" not in text


def test_no_line_breaks_between_a_minus_and_its_currency():
    html = portfolio_headline(replace(PORTFOLIO, net=D(-40_000))).html({})
    assert '<span class="unbroken">−€40,000</span>' in html


def test_figures_in_a_headline_are_doors_to_their_proof_and_names_are_no_markup():
    html = portfolio_headline(replace(PORTFOLIO, organisation="<b>M & Co</b>")).html({"net": "/proof/net/?a=1&b=2"})
    assert '<a href="/proof/net/?a=1&amp;b=2" data-drawer>€101,000</a>' in html
    assert "&lt;b&gt;M &amp; Co&lt;/b&gt;" in html


def test_a_name_with_braces_in_it_is_harmless():
    assert "{net}" in said(portfolio_headline(replace(PORTFOLIO, organisation="{net}")))
    assert "{net}" in portfolio_headline(replace(PORTFOLIO, organisation="{net}")).html({})
