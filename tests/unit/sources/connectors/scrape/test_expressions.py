from __future__ import annotations

import pytest

from kpis.sources.connectors.scrape.expressions import Gauge, Increase, Quantile, Ratio, Selector, parsed
from kpis.sources.fetching import FetchFailed


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("temperature", Gauge(Selector("temperature"))),
        (
            ' temperature { room = "4" , wing != "b" } ',
            Gauge(Selector("temperature", (("room", "4", True), ("wing", "b", False)))),
        ),
        ("sum(queue_length)", Gauge(Selector("queue_length"), added_up=True)),
        ("increase(points_total)", Increase(Selector("points_total"))),
        ("histogram_quantile(0.95, http_seconds)", Quantile(0.95, Selector("http_seconds"))),
        ("increase(a) / increase(b{})", Ratio(Increase(Selector("a")), Increase(Selector("b")))),
        (r'a{p="x\"y\\z\n"}', Gauge(Selector("a", (("p", 'x"y\\z\n', True),)))),
    ],
)
def test_an_expression_means_what_the_same_words_mean_in_promql(text, meaning):
    assert parsed(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        *["", "  ", "5", "a b", "a{", "a{b}", 'a{b="c}', 'a{b=~"c"}', "rate(a)", "increase(a", "increase(5)", "a / b"],
        *["histogram_quantile(2, a)", "histogram_quantile(a)", "increase(a[5m])", "sum(a) / increase(b)", "a;drop"],
        "a" * 2000,
    ],
)
def test_what_is_no_expression_is_refused_with_a_place(text):
    with pytest.raises(FetchFailed) as caught:
        parsed(text)
    assert caught.value.code == "query_wrong"


def test_an_absent_label_counts_as_empty_text():
    assert Selector("a", (("b", "", True),)).takes({})
    assert Selector("a", (("b", "x", False),)).takes({})
    assert not Selector("a", (("b", "x", True),)).takes({})
