from __future__ import annotations

from decimal import Decimal as D

import pytest
from django.template import Context, Engine

from kpis.templatetags import wording

ENGINE = Engine(libraries={"wording": "kpis.templatetags.wording"}, builtins=["kpis.templatetags.wording"])


def rendered(text: str, **values: object) -> str:
    return ENGINE.from_string(text).render(Context(values)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("{{ v|money:'EUR' }}", D("655000"), "€655,000"),
        ("{{ v|cents }}", D("454175.06"), '454,175<span class="cents">.06</span>'),
        ("{{ v|signed_cents }}", D("634.57"), '+634<span class="cents">.57</span>'),
        ("{{ v|money_cents:'EUR' }}", D("-301132.99"), '−€301,132<span class="cents">.99</span>'),
        ("{{ v|share }}", 0.222, "22.2%"),
        ("{{ v|share:0 }}", 0.222, "22%"),
        ("{{ v|unit_value:'min' }}", 11.69, "11.7 min"),
        ("{{ v|between_money:'EUR' }}", (51_238, 141_444), "between €51,000 and €141,000"),
        ("{{ v|between_money:'EUR' }}", (None, None), ""),
        ("{{ v|share_range }}", (-0.3, 0.53), "−30 to 53%"),
        ("{{ v|verdict }}", "improved", '<b class="verdict better">▲ improved</b>'),
        ("{{ v|verdict:'benchmark' }}", "ahead", '<span class="benchmark-word">◆</span> ahead'),
        ("{{ v|word:'phase' }}", "proof_of_concept", "proof of concept"),
        ("{{ v|word:'phase' }}", "<unknown>", "&lt;unknown&gt;"),
    ],
)
def test_a_filter_writes_what_wording_says(text, value, written):
    assert rendered(text, v=value) == written


NUMERIC = [
    "money:'EUR'",
    "money_exact:'EUR'",
    "cents",
    "money_cents:'EUR'",
    "share",
    "points",
    "number",
    "day",
    "month",
]


@pytest.mark.parametrize("name", NUMERIC)
def test_a_figure_that_does_not_exist_is_a_dash_and_never_zero(name):
    assert rendered("{{ v|" + name + " }}", v=None) == "–"


def test_the_module_holds_filters_and_nothing_else():
    assert set(wording.register.tags) == set()
    assert len(wording.register.filters) >= 30
