"""The chart of cumulative net, still and moving: from a statement to the figure builders and their words."""

from __future__ import annotations

from decimal import Decimal

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.definitions import organisation
from kpis.evaluation.positions import Position
from kpis.evaluation.told import facts_of
from kpis.figures.cumulative import NetBenchmark, NetCurve, NetPoint, cumulative_net
from kpis.figures.cumulative_still import cumulative_still
from kpis.roi.statement import Statement
from kpis.wording import moments
from kpis.wording.charts import net_words
from kpis.wording.positions import value_text

DESK = (806, 206)
PHONE = (328, 200)


def curve_of(statement: Statement, beside: Position | None = None) -> NetCurve | None:
    """None where nothing has flowed yet. `beside`: a published ROI, drawn as the net that it would have brought."""
    points = [NetPoint(p.on, p.net, p.low, p.high, p.provisional) for p in statement.curve]
    if not points:
        return None
    return NetCurve(
        points=points,
        today=organisation.calendar().local_date(statement.as_of),
        forecast=[NetPoint(p.on, p.net, p.low, p.high) for p in statement.forecast_path],
        paid_back_on=statement.returns.payback_on,
        benchmark=_diamond(statement, beside),
    )


def stills(
    statement: Statement, *, name: str, desk: tuple[int, int] = DESK, beside: Position | None = None
) -> dict[str, SafeString] | None:
    """The picture at its two widths, for the first paint."""
    curve = curve_of(statement, beside)
    if curve is None:
        return None
    return {
        "desk": _still(curve, statement, f"{name}-desk", desk, phone=False),
        "phone": _still(curve, statement, f"{name}-phone", PHONE, phone=True),
    }


def moving(statement: Statement, *, phone: bool, height: int, beside: Position | None = None) -> str:
    """Plotly's JSON of the same picture; an empty figure where nothing has flowed yet."""
    curve = curve_of(statement, beside)
    if curve is None:
        return '{"data": [], "layout": {}}'
    words = net_words(curve, currency=statement.currency, provisional=_open(statement), phone=phone)
    return str(cumulative_net(curve, words=words, height=height, phone=phone).to_json())


def _still(curve: NetCurve, statement: Statement, name: str, size: tuple[int, int], *, phone: bool) -> SafeString:
    words = net_words(curve, currency=statement.currency, provisional=_open(statement), phone=phone)
    drawn = cumulative_still(curve, words=words, name=name, width=size[0], height=size[1], phone=phone)
    return mark_safe(drawn)  # noqa: S308 - the builders escape every text


def _diamond(statement: Statement, beside: Position | None) -> NetBenchmark | None:
    point = None if beside is None else beside.benchmark.statistic.value
    if beside is None or point is None:
        return None
    figure, net = beside.benchmark, statement.invested * Decimal(str(point))
    source = _("{publisher} {year}, grade {grade}").format(
        publisher=figure.source.publisher, year=figure.source.year, grade=figure.grade
    )
    return NetBenchmark(net, (_("{value} ROI elsewhere,").format(value=value_text(point, facts_of(beside))), source))


def _open(statement: Statement) -> str:
    today = organisation.calendar().local_date(statement.as_of)
    return _("{month} provisional").format(month=moments.month_name(today))
