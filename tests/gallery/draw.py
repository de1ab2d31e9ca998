"""Writes the gallery: whole pages from made-up figures, to look at in both themes and widths. `python -m tests.gallery.draw FOLDER`

No server and no database: Django's templates alone. The pages are also the pattern for the real templates.
"""

# ruff: noqa: E501, E731  (rows of made-up figures)

from __future__ import annotations

import sys
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.template import Context, Engine
from django.utils import translation
from django.utils.safestring import mark_safe

ROOT = Path(__file__).resolve().parents[2]


def set_up() -> None:
    """Django with languages and nothing else, where no project has been set up."""
    if not settings.configured:
        languages = {"LANGUAGES": [("en", "English"), ("de", "German")], "LOCALE_PATHS": [ROOT / "kpis" / "locale"]}
        settings.configure(ROOT_URLCONF=__name__, USE_TZ=True, TIME_ZONE="Europe/Berlin", **languages)
        django.setup()


def pages() -> Engine:
    """The templates of the portal and of the gallery, with our filters, independent of any setting."""
    ours = {"wording": "kpis.templatetags.wording", "static": "tests.gallery.plain_static"}
    return Engine(
        dirs=[ROOT / "templates", Path(__file__).parent], libraries={"i18n": "django.templatetags.i18n", **ours}
    )


urlpatterns: list[Any] = []


def portfolio_context(language: str) -> dict[str, Any]:
    from kpis.figures import cumulative_still, evidence, forest, sparkline
    from kpis.wording import charts, sentences
    from tests.gallery.made_up import net_curve

    curve = net_curve(forecast=False)
    open_month = {"en": "November provisional", "de": "November vorläufig"}[language]
    wide = charts.net_words(curve, currency="EUR", provisional=open_month)
    narrow = charts.net_words(curve, currency="EUR", provisional=open_month, phone=True)
    still, slim = cumulative_still.cumulative_still, {"width": 328, "height": 210, "phone": True}
    grades = {"A": D("449828"), "B": D("-14085"), "C": D("21505"), "D": D("97637")}
    rows = [
        ("Support triage and answer drafts", 3, "integration", "Customer Service", "170199.06", "301132.99", (260_000, 336_000), 1.769,
         (1.53, 1.98), [8.1, 8.3, 8, 8.4, 8.2, 8.5, 8, 8.6, 8.4, 8.1, 7.9, 8.3, 8.4], False, "ahead", "18.9% more cases/h", "15% in a field study, grade A", {"A": D(95), "C": D(5)}, "A", "pays", "Scale, gate 1 Dec"),
        ("Visual inspection of housings", 2, "stabilisation", "Production, line 3", "145150.00", "-159234.58", (-168_000, -151_000), -1.097,
         (-1.16, -1.04), [-1, -2, -1.5, -2.4, -3, .4, -1.8, -1, -1.3, -.4, -2.1, None, -1.4], True, "none", "", "142 figures searched", {"B": D(-14)}, "B", "loses", "Stop or fix"),
        ("Contract review", 1, "proof_of_concept", "Legal and Procurement", "40736.00", "3489.36", (-12_000, 21_000), 0.086,
         (-.3, .53), [3.1, 3.3, 2.7, 2.4, 3.2, 3, 3.4, 3.3], False, "not_compared", "", "the baseline is only declared", {"D": D(40)}, "D", "cannot_be_proved", "Gate refused 6 Oct"),
        ("Knowledge assistant for all", 2, "stabilisation", "All units", "98090.00", "-44678.66", (-61_000, -29_000), -.455,
         (-.63, -.3), [4.1, 5, 6.2, 5.8, 6.1, 6.6], False, "behind", "8 min a day", "26 min in a public trial, grade B", {"D": D(53)}, "D", "costs_more", "Count hours once"),
    ]  # fmt: skip
    estimates = [forest.Estimate(float(r[5]), *r[6], proved=r[16] != "cannot_be_proved") for r in rows]
    total = forest.Estimate(100_709, 51_000, 141_000)
    span = forest.shared_span([*estimates, total])
    table = [
        {
            "name": r[0], "done": r[1], "phase": r[2], "unit": r[3], "invested": D(r[4]), "net": D(r[5]), "roi": r[7], "roi_ends": r[8],
            "stale": r[10], "whisker": mark_safe(forest.whisker(e, span=span)), "spark": mark_safe(sparkline.spark(sparkline.Spark(r[9], provisional=r[10], few=len(r[9]) < 10))),
            "position": r[11], "own": r[12], "published": r[13], "bar": mark_safe(evidence.evidence_bar(r[14], width=64, height=10)), "grade": r[15], "verdict": r[16], "next": r[17],
        }
        for r, e in zip(rows, estimates, strict=True)
    ]  # fmt: skip
    facts = sentences.PortfolioFacts(
        "Musterwerk",
        "EUR",
        D("454175.06"),
        D("554884.17"),
        D("100709.11"),
        D(51_000),
        D(141_000),
        D("3072.41"),
        1,
        2,
        1,
    )
    doors = dict.fromkeys(("invested", "benefit", "net", "without_declared"), "proof.html")
    return {
        "answer": sentences.portfolio_headline(facts).html(doors),
        "chart": mark_safe(still(curve, words=wide, name="w", width=806, height=206)),
        "chart_phone": mark_safe(still(curve, words=narrow, name="p", **slim)),
        "figure_url": f"portfolio.{language}.json",
        "bar": mark_safe(evidence.evidence_bar(grades, width=560, summary="Evidence")),
        "bar_phone": mark_safe(evidence.evidence_bar(grades, width=328, summary="Evidence")),
        "grades": [(g, v, mark_safe(evidence.swatch(g, destroyed=v < 0))) for g, v in grades.items()],
        "rows": table,
        "empty_whisker": mark_safe(forest.whisker(None, span=span)),
        "total_whisker": mark_safe(forest.whisker(total, span=span, height=24)),
        "young_spark": mark_safe(sparkline.spark(sparkline.Spark([31, 29, 34, 30, 28, 33, 29, 27, 30, 28, 29], provisional=True, low=0, high=40))),
        "sample": True,
        "sample_remove_url": "#",
        "figure": figure_json(curve, wide, narrow),
    }  # fmt: skip


def figure_json(curve: Any, wide: Any, narrow: Any) -> dict[str, str]:
    from kpis.figures.cumulative import cumulative_net

    return {
        "wide": cumulative_net(curve, words=wide, height=206).to_json(),
        "phone": cumulative_net(curve, words=narrow, height=210, phone=True).to_json(),
    }


def initiative_context(language: str) -> dict[str, Any]:
    from kpis.figures import cumulative_still, sparkline, tornado, waterfall
    from kpis.wording import charts, sentences
    from tests.gallery.made_up import multiples, net_curve

    curve = net_curve(benchmark=False)
    wide, narrow = (charts.net_words(curve, currency="EUR", phone=phone) for phone in (False, True))
    steps = [
        ("Handling time saved, traced in overtime", "A", "115500.00", "benefit"), ("Handling time saved, only freed", "A", "247971.23", "freed"),
        ("Overflow contacts avoided", "A", "86356.28", "benefit"), ("Service contracts kept (indirect)", "C", "21504.54", "benefit"), ("Came back", "", "471332.05", "total"),
        ("Personnel", "", "-57800.00", "cost"), ("External services", "", "-48000.00", "cost"), ("Licences", "", "-33600.00", "cost"), ("Model usage", "", "-21139.06", "cost"), ("Training", "", "-9660.00", "cost"), ("Net", "", "301132.99", "total"),
    ]  # fmt: skip
    cells = waterfall.waterfall_cells([waterfall.Step(D(amount), form) for _, _, amount, form in steps])
    swings = [("Share of freed time that becomes real", "55% to 75%, Head of Service", 245_214, 357_052), ("Service hour", "€36.50 to €41.00, Controlling", 282_251, 324_735), ("Measured effect on handling time", "2.17 to 2.38 min, 80% range", 284_376, 317_890), ("Renewals that follow satisfaction", "20% to 80%, Head of Sales", 288_230, 314_036), ("Attribution of the time saving", "97% to 100%, AI product owner", 290_229, 301_133)]  # fmt: skip
    drawn = tornado.tornado_cells([tornado.Swing(a, b) for _, _, a, b in swings], likely=301_133)
    kpis = zip(
        multiples(),
        [("Handling time", "efficiency · minutes per ticket · daily, less is better", "14.34", "11.69 min", "improved", "15.9%", "14.8% to 17.0%, control group", "12.0 min, reached", "ahead", "18.9% more cases an hour against 15%", "A"),
         ("First-contact resolution", "quality · share of tickets · weekly, more is better", "66.3%", "71.6%", "improved", "4.2 points", "3.7 to 4.6, control group", "71% reached", "ahead", "70% average of 500 centres, 2022, B", "A"),
         ("Review time", "efficiency · minutes per contract · monthly, less is better", "60", "46 min", "no_clear_change", "", "only declared before", "45 min, not yet", "none", "", "D"),
         ("New answer templates in use", "innovation · templates · quarterly, more is better", "–", "14 templates", "not_enough_data", "", "3 of 6 quarters; about 9 months more", "20 by March", "none", "", "–")],
        strict=True,
    )  # fmt: skip
    facts = sentences.InitiativeFacts(
        "EUR",
        "pays",
        D("170199.06"),
        D("471332.05"),
        D("301132.99"),
        D(260_000),
        D(336_000),
        D("449828"),
        D("247971.23"),
    )
    doors = dict.fromkeys(("invested", "benefit", "net", "freed", "proved"), "proof.html")
    still = cumulative_still.cumulative_still
    return {
        "answer": sentences.initiative_headline(facts).html(doors),
        "chart": mark_safe(still(curve, words=wide, name="w", width=884, height=344)),
        "chart_phone": mark_safe(still(curve, words=narrow, name="p", width=328, height=230, phone=True)),
        "figure_url": f"initiative.{language}.json",
        "kpis": [(mark_safe(sparkline.small_multiple(m)), *words) for m, words in kpis],
        "steps": [(label, grade, D(amount), form, mark_safe(cell)) for (label, grade, amount, form), cell in zip(steps, cells, strict=True)],
        "swings": [(*row, mark_safe(cell)) for row, cell in zip(swings, drawn, strict=True)],
        "sample": True,
        "figure": {"wide": figure_of(curve, wide, 344, False), "phone": figure_of(curve, narrow, 230, True)},
    }  # fmt: skip


def figure_of(curve: Any, words: Any, height: float, phone: bool) -> str:
    from kpis.figures.cumulative import cumulative_net

    return cumulative_net(curve, words=words, height=height, phone=phone).to_json()


def kpi_context(language: str) -> dict[str, Any]:
    from kpis.figures import kpi_still, position
    from kpis.figures.kpi_series import kpi_series
    from kpis.wording import amounts, charts, kpi_sentences
    from tests.gallery.made_up import kpi_history

    kpi = kpi_history()
    words = charts.kpi_words(
        kpi,
        name="Handling time",
        unit="min",
        actual=charts.actual_lines(11.7, "min", provisional=True),
        counterfactual=charts.counterfactual_lines("control group"),
        baseline_intervals="77 days",
    )
    change = kpi_sentences.Change(11.69, 13.97, -2.28, -2.44, -2.12, 0.159, 0.148, 0.170)
    facts = kpi_sentences.KpiFacts("Handling time", "min", "improved", "A", change, "", 12.0, True, "ahead")
    own = position.Own(18.9, 17.3, 20.5, "you +18.9%")
    published = [position.Published(15, "all agents +15%"), position.Published(30, "novices +30%")]
    tick = lambda value: amounts.percent(value, digits=0, plus=True)
    strip = lambda width: mark_safe(
        position.effect_strip(own, published, tick=tick, summary="Own effect beside published ones", width=width)
    )
    quantiles = [
        position.Quantile(4.8, "4.8", "25%"),
        position.Quantile(6.4, "6.4", "50%"),
        position.Quantile(10, "10", "75%"),
    ]
    closes = position.Own(7.5, None, None, "you 7.5 days")
    quantile = lambda width: mark_safe(
        position.quantile_strip(
            closes, quantiles, better="◂ less is better", summary="Own days among published quartiles", width=width
        )
    )
    return {
        "answer": kpi_sentences.kpi_headline(facts).html({"change": "proof.html"}),
        "chart": mark_safe(kpi_still.kpi_still(kpi, words=words, width=884, height=470)),
        "chart_phone": mark_safe(kpi_still.kpi_still(kpi, words=words, width=328, height=280, phone=True)),
        "figure_url": f"kpi.{language}.json",
        "strip": strip(400), "strip_phone": strip(328), "quantile": quantile(400), "quantile_phone": quantile(328),
        "days": [("Mon 23 Nov", "2,381", "12.64", "15.21", "−2.57", D("2556.18")), ("Fri 20 Nov", "1,681", "11.44", "14.62", "−3.19", D("2235.86")), ("Thu 19 Nov", "1,854", "11.95", "14.39", "−2.44", D("1886.01"))],
        "sample": True,
        "figure": {"wide": kpi_series(kpi, words=words, height=470).to_json(), "phone": kpi_series(kpi, words=words, height=280, phone=True).to_json()},
    }  # fmt: skip


def live_context(language: str) -> dict[str, Any]:
    return {"user": {"is_authenticated": True, "get_username": "controller"}}


PAGES = {
    "portfolio": portfolio_context, "initiative": initiative_context, "kpi": kpi_context, "live": live_context,
    "proof": lambda language: {"sample": True}, "sign-in": lambda language: {"form": {}, "next": "/"}, "404": lambda language: {},
}  # fmt: skip
NAMES = {
    "en": ["Portfolio", "Sources", "Benchmarks", "Digests"],
    "de": ["Portfolio", "Quellen", "Vergleichswerte", "Berichte"],
}


def write(folder: Path) -> None:
    """All pages in both languages, and the JSON of their figures."""
    set_up()
    folder.mkdir(parents=True, exist_ok=True)
    for language, names in NAMES.items():
        with translation.override(language):
            for name, context_of in PAGES.items():
                context = context_of(language)
                for kind, text in context.pop("figure", {}).items():
                    suffix = ".phone" if kind == "phone" else ""
                    (folder / f"{name}.{language}{suffix}.json").write_text(text)
                navigation = [{"name": n, "href": "#", "current": k == 0} for k, n in enumerate(names)]
                context = {"user": {"is_authenticated": False}, "navigation": navigation, **context}
                template = f"{name}.html" if name in ("sign-in", "404") else f"gallery-{name}.html"
                html = pages().get_template(template).render(Context(context))
                (folder / f"{name}.{language}.html").write_text(html)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
