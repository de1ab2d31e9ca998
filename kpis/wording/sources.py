"""Words about where data come from: states, runs, reasons; and the sentence with which the pages on sources start.

A reason is said by its code, so that it can be read in the reader's language; what the source itself said stands
beside it as it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext_lazy

from kpis.wording.amounts import number
from kpis.wording.headline import Clause, Headline
from kpis.wording.moments import clock_time

KINDS = {
    "prometheus": gettext_lazy("Prometheus"),
    "http_json": gettext_lazy("business system (JSON)"),
    "scrape": gettext_lazy("page of metrics"),
    "push": gettext_lazy("sends by itself"),
}
STATES = {
    "flowing": pgettext_lazy("state of a source", "flowing"),
    "partial": pgettext_lazy("state of a source", "in part"),
    "silent": pgettext_lazy("state of a source", "silent"),
    "failing": pgettext_lazy("state of a source", "failing"),
    "waiting": pgettext_lazy("state of a source", "nothing yet"),
    "paused": pgettext_lazy("state of a source", "paused"),
}
RUNS = {
    "running": pgettext_lazy("state of a run", "under way"),
    "ok": pgettext_lazy("state of a run", "complete"),
    "partial": pgettext_lazy("state of a run", "in part"),
    "failed": pgettext_lazy("state of a run", "failed"),
}
REASONS = {
    "outbound_refused": gettext_lazy("The portal may not reach this address."),
    "outbound_unreachable": gettext_lazy("The source cannot be reached."),
    "outbound_timeout": gettext_lazy("The source did not answer in time."),
    "outbound_too_large": gettext_lazy("The answer was larger than the portal reads."),
    "outbound_unreadable": gettext_lazy("The answer was damaged on its way."),
    "not_let_in": gettext_lazy("The source refused our credentials."),
    "source_busy": gettext_lazy("The source was not ready to answer."),
    "not_found": gettext_lazy("The source has nothing at this path."),
    "redirected": gettext_lazy("The source points to another address, which is not followed."),
    "source_answered_error": gettext_lazy("The source answered with an error of its own."),
    "answer_unreadable": gettext_lazy("The answer was not what was expected."),
    "address_wrong": gettext_lazy("The address cannot be read."),
    "query_missing": gettext_lazy("The feed has no query."),
    "query_wrong": gettext_lazy("The query is not understood."),
    "query_failed": gettext_lazy("The query could not be carried out."),
    "query_timeout": gettext_lazy("The query took too long."),
    "step_uneven": gettext_lazy("The step does not divide an hour evenly."),
    "series_alike": gettext_lazy("The query returns several series that nothing tells apart."),
    "too_many_series": gettext_lazy("The query returns too many series."),
    "metric_missing": gettext_lazy("The page does not have this metric."),
    "field_unknown": gettext_lazy("The feed names a member that a point does not have."),
    "field_missing": gettext_lazy("The feed does not say where time and value stand."),
    "expression_wrong": gettext_lazy("An expression of the feed cannot be read."),
    "rows_missing": gettext_lazy("The answer holds no list of rows where the feed looks for it."),
    "other_host": gettext_lazy("The next page is on another host, where our credentials do not go."),
    "too_many_pages": gettext_lazy("The source leads on from page to page without end."),
    "run_too_long": gettext_lazy("The run took too long; the rest comes in the next one."),
    "secret_unreadable": gettext_lazy("The stored secret cannot be opened any more."),
    "worker_died": gettext_lazy("The run was cut off; it was done again."),
    "unexpected": gettext_lazy("Something went wrong in the portal; it has been logged."),
    "warning": gettext_lazy("The source warned."),
}
REJECTIONS = {
    "unknown_kpi": gettext_lazy("There is no such KPI."),
    "invalid_row": gettext_lazy("This is no point."),
    "invalid_value": gettext_lazy("The value is not a finite number."),
    "invalid_time": gettext_lazy("The time cannot be read, or has no offset."),
    "time_in_future": gettext_lazy("The time lies in the future."),
    "rows_gone": gettext_lazy("The time lies in a day of which measurements are not kept any more."),
    "invalid_weight": gettext_lazy("The weight is not a number of 0 or more."),
    "invalid_id": gettext_lazy("The id is no text, or too long."),
    "invalid_labels": gettext_lazy("The labels are not texts by name."),
    "too_many_label_sets": gettext_lazy("The KPI has as many label sets as it may have."),
    "too_late": gettext_lazy("The sample is older than what is remembered of its series."),
}
RULES_WRONG = {
    "kpi_of_another": gettext_lazy("The KPI belongs to another initiative."),
    "matchers_needed": gettext_lazy("A rule selects by at most 20 labels."),
    "pattern_wrong": gettext_lazy("One of the values is no regular expression."),
    "too_many_labels": gettext_lazy("A point has at most 16 labels."),
    "labels_collide": gettext_lazy("Two labels would have the same name."),
    "too_many_rules": gettext_lazy("A source has at most 200 rules."),
    "not_pushing": gettext_lazy("Only a source that sends by itself has rules."),
}
RULE_KINDS = {
    "counter": pgettext_lazy("kind of a series", "a counter: what it grew by"),
    "gauge": pgettext_lazy("kind of a series", "a gauge: weighted with time"),
    "as_is": pgettext_lazy("kind of a series", "values as they are"),
}


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source: `reason` is the code of what went wrong in its last run, "" where nothing did."""

    slug: str
    name: str
    state: str
    since: datetime | None = None
    newest_at: datetime | None = None
    reason: str = ""
    pulls: bool = True
    has_series: bool = False  # named ones have come, whether or not they feed a KPI


def sources_headline(sources: Sequence[SourceFacts]) -> Headline:
    """How many bring what they should, and what is wrong with the first three of the others; names are the doors."""
    counted = [source for source in sources if source.state != "paused"]
    good = sum(source.state == "flowing" for source in counted)
    if not counted:
        return Headline((Clause(gettext("Every source is paused: no data come in by themselves.")),))
    if good == len(counted):
        all_good = ngettext("The source brings its data as it should.", "All {total} sources bring their data.", good)
        return Headline((Clause(all_good, {"total": number(good)}),))
    some = ngettext(
        "{good} of {total} source brings its data as it should.",
        "{good} of {total} sources bring their data as they should.",
        len(counted),
    )
    troubled = [source for source in counted if source.state != "flowing"]
    clauses = [Clause(some, {"good": number(good), "total": number(len(counted))})]
    clauses += [_trouble(source) for source in troubled[:3]]
    if len(troubled) > 3:
        more = ngettext("{number} more needs a look.", "{number} more need a look.", len(troubled) - 3)
        clauses.append(Clause(more, {"number": number(len(troubled) - 3)}))
    return Headline(tuple(clauses))


def source_headline(source: SourceFacts) -> Headline:
    """What the reader of one source must know: does it flow, since when not, and what that means for the figures."""
    if source.state == "flowing" and source.newest_at is not None:
        flows = gettext("The data flow: the newest point is from {newest}.")
        return Headline((Clause(flows, {"newest": clock_time(source.newest_at)}),))
    if source.state == "paused":
        return Headline((Clause(gettext("This source is paused. Its KPIs keep what they have and grow old.")),))
    if source.state == "waiting" and source.has_series:
        return Headline((Clause(gettext("Series have come, and none of them has fed a KPI yet: choose one below.")),))
    if source.state == "waiting":
        text = (
            gettext("Nothing has come yet. The first run is due at once; a trial shows what it would bring.")
            if source.pulls
            else gettext("Nothing has come yet. Send the first batch with a token to see it here.")
        )
        return Headline((Clause(text),))
    clauses = [_trouble(source)]
    if source.state == "failing" and source.pulls:
        clauses.append(Clause(gettext("Nothing is lost: the next run that gets through asks for the whole gap.")))
    if source.state == "silent":
        clauses.append(Clause(gettext("What depends on it is shown as stale, never as zero.")))
    if source.state == "partial":
        clauses.append(Clause(gettext("The reasons stand beside the run and the rejected points below.")))
    return Headline(tuple(clauses))


def reason(code: str) -> str:
    """The sentence of a code; an unknown one in words of its own."""
    return str(REASONS.get(code) or code.replace("_", " "))


def _trouble(source: SourceFacts) -> Clause:
    said = {"source": source.name, "since": clock_time(source.since) if source.since else ""}
    if source.state == "silent":
        return Clause(gettext("{source} has been silent since {since}."), said)
    if source.state == "failing":
        return Clause(
            gettext("{source} has been failing since {since}: {reason}"), said | {"reason": reason(source.reason)}
        )
    if source.state == "partial":
        return Clause(gettext("{source} brought only a part of its data the last time."), said)
    return Clause(gettext("{source} has not brought anything yet."), said)
