"""The form of a published figure that the house enters itself: the members of the catalogue, by the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.benchmarks.entries import entry_of
from kpis.benchmarks.models import Benchmark
from kpis.benchmarks.rules import BenchmarkUnsound
from kpis.wording import benchmarks as words
from kpis.wording.verdicts import DIRECTIONS

STATISTICS = {
    "median": gettext_lazy("one figure (a median)"),
    "mean": gettext_lazy("one figure (a mean)"),
    "quantiles": gettext_lazy("quantiles"),
    "mean_sd": gettext_lazy("mean and standard deviation"),
    "range": gettext_lazy("a range"),
    "groups": gettext_lazy("figures by group"),
    "tiers": gettext_lazy("tiers"),
    "population_share": gettext_lazy("a share of those asked"),
}
KINDS = {"level": gettext_lazy("a level"), "effect": gettext_lazy("an effect of AI")}
ALL = {"all": gettext_lazy("all")}
NUMBERS = ("value", "low", "high", "sd")
SOURCE = ("title", "authors", "publisher", "year", "url")
TEXTS = ("definition", "region", "method", "caveats", "verification", "peer_reviewed")
COLUMNS = ("metric", "kind", "unit", "direction", "evidence_grade", "data_year", "review_after")
PLAIN = (*TEXTS, *COLUMNS, "industry", "business_function", "technology")


def _choice(label: Any, options: Mapping[str, Any], **more: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=lambda: list(options.items()), **more)


def _text(label: Any, longest: int, *, needed: bool = True, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=longest, required=needed, **more)


class BenchmarkForm(forms.Form):
    """Works without scripts; what is wrong stands beside its field."""

    metric = _text(
        gettext_lazy("Metric"),
        120,
        widget=forms.TextInput(attrs={"list": "known-metrics", "spellcheck": "false"}),
        help_text=gettext_lazy("Letters, digits and underscores. Only KPIs that are compared by it meet the figure."),
    )
    definition = _text(gettext_lazy("What was measured"), 300)
    kind = _choice(gettext_lazy("Kind"), KINDS)
    direction = _choice(gettext_lazy("Better is"), DIRECTIONS)
    unit = _text(
        gettext_lazy("Unit"), 40, help_text=gettext_lazy("As min or EUR; a share has the unit 1: 0.15 is 15 %.")
    )
    statistic = _choice(gettext_lazy("Published as"), STATISTICS)
    value = forms.FloatField(label=gettext_lazy("Value"), required=False)
    sd = forms.FloatField(label=gettext_lazy("Standard deviation"), required=False)
    low = forms.FloatField(label=gettext_lazy("From"), required=False)
    high = forms.FloatField(label=gettext_lazy("To"), required=False)
    quantiles = _text(
        gettext_lazy("Quantiles"),
        400,
        needed=False,
        help_text=gettext_lazy("Share at or below and value, as 0.25: 0.61; 0.75: 0.74"),
    )
    industry = _choice(gettext_lazy("Industry"), ALL | words.INDUSTRIES)
    business_function = _choice(gettext_lazy("Function"), ALL | words.FUNCTIONS)
    technology = _choice(gettext_lazy("Technology"), words.TECHNOLOGIES, initial="process_level")
    region = _text(gettext_lazy("Region"), 120, initial="global")
    population = _text(gettext_lazy("Measured on"), 300)
    n = forms.IntegerField(label=gettext_lazy("How many"), required=False, min_value=1, max_value=10_000_000_000)
    method = _choice(gettext_lazy("Method"), words.METHODS)
    evidence_grade = forms.ChoiceField(
        label=gettext_lazy("Grade"),
        choices=lambda: [(grade, f"{grade}: {meaning}") for grade, meaning in words.GRADES.items()],
        initial="C",
    )
    peer_reviewed = forms.BooleanField(label=gettext_lazy("Peer-reviewed"), required=False)
    verification = _choice(gettext_lazy("Checked"), words.VERIFICATIONS, initial="primary")
    data_year = _text(gettext_lazy("Data of"), 20)
    review_after = forms.DateField(
        label=gettext_lazy("Good until"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=gettext_lazy("After this day it is shown as an old benchmark."),
    )
    title = _text(gettext_lazy("Title of the source"), 300)
    authors = _text(gettext_lazy("Authors"), 300)
    publisher = _text(gettext_lazy("Publisher"), 200)
    year = forms.IntegerField(label=gettext_lazy("Year of publication"), min_value=1950, max_value=2100)
    url = _text(gettext_lazy("Address of the page"), 500, needed=False)
    caveats = _text(gettext_lazy("Caveats"), 600, needed=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_quantiles(self) -> list[dict[str, float]]:
        """Pairs of share and value."""
        try:
            pairs = [pair.split(":") for pair in self.cleaned_data["quantiles"].split(";") if pair.strip()]
            return [{"p": float(share), "value": float(value)} for share, value in pairs]
        except ValueError as error:
            sentence = _("Share and value with a colon, pairs with semicolons: 0.25: 0.61; 0.75: 0.74")
            raise ValidationError(sentence) from error

    def entry(self, slug: str, standing: Benchmark | None = None) -> dict[str, Any]:
        """As `benchmarks.house` takes it; what the form does not ask for stays as it stands."""
        given = self.cleaned_data
        numbers = {name: given[name] for name in NUMBERS} | {"quantiles": given["quantiles"] or None}
        fields = {name: given[name] for name in PLAIN} | {
            "slug": slug,
            "statistic": {"type": given["statistic"], **numbers},
            "population": {name: given[field] for name, field in (("description", "population"), ("n", "n"))},
            "source": {name: given[name] for name in SOURCE},
        }
        before = {**standing.entry, "review_after": standing.review_after} if standing else None
        return entry_of(fields, standing=before, in_parts=standing is not None)

    def blame(self, unsound: BenchmarkUnsound) -> None:
        """Put what a rule found beside its field."""
        name = unsound.attr.split(".")[-1] if unsound.attr else ""
        self.add_error(name if name in self.fields else None, unsound.detail)


def standing_in(row: Benchmark) -> dict[str, Any]:
    """What the form shows of a figure that is there."""
    entry, said, source = row.entry, row.entry["statistic"], row.entry["source"]
    steps = "; ".join(f"{step['p']}: {step['value']}" for step in said["quantiles"] or ())
    return {
        **{name: entry[name] for name in TEXTS},
        **{name: getattr(row, name) for name in COLUMNS},
        **{name: said[name] for name in NUMBERS},
        **{name: source[name] for name in SOURCE},
        "statistic": said["type"],
        "quantiles": steps,
        "industry": entry["industry_code"],
        "business_function": entry["function_code"],
        "technology": entry["technology_code"],
        "population": entry["population"]["description"],
        "n": entry["population"]["n"],
    }


def free_slug(title: str, year: int) -> str:
    """A name for its address from its source; the first one that is free."""
    base = slugify(title)[:100].strip("-") or "figure"
    names = [base, f"{base}-{year}", *(f"{base}-{year}-{k}" for k in range(2, 100))]
    taken = {"new"} | set(Benchmark.objects.filter(slug__in=names).values_list("slug", flat=True))
    return next((name for name in names if name not in taken), f"{base}-{date.max.year}")
