"""The forms of a source that pushes: its name, and the rules by which its series feed KPIs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.access import rights
from kpis.access.models import User
from kpis.definitions.models import Initiative, Kpi
from kpis.definitions.sight import initiatives_seen_by, kpis_seen_by
from kpis.sources import selectors
from kpis.sources.arranging import MOST_KEPT, RulePlan
from kpis.sources.configuring import SourceWrong
from kpis.sources.models import DataSource, MappingRule
from kpis.wording.sources import RULE_KINDS, RULES_WRONG


class KpiChoice(forms.ModelChoiceField):
    """A KPI by its key, shown with its initiative."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Kpi.objects.none(), to_field_name="key", **kwargs)

    def label_from_instance(self, obj: Kpi) -> str:
        return f"{obj.initiative.name}: {obj.name}"


def kpis_for(source: DataSource, user: User) -> Any:
    """The KPIs that a rule of this source may feed."""
    kpis = kpis_seen_by(user).select_related("initiative").order_by("initiative__name", "name")
    return kpis if source.initiative_id is None else kpis.filter(initiative=source.initiative_id)


class PushSourceForm(forms.Form):
    """A source that pushes needs a name; with an initiative it feeds only that one's KPIs."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    initiative = forms.ModelChoiceField(
        label=gettext_lazy("Initiative"),
        queryset=Initiative.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label=gettext_lazy("All initiatives"),
        help_text=gettext_lazy("With one initiative, the source feeds only its KPIs."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["initiative"]
        chosen.queryset = initiatives_seen_by(user)
        chosen.required = rights.is_limited(user)

    def fields_of(self) -> dict[str, Any]:
        """What `sources.configuring` is given; the slug comes from the name."""
        given = self.cleaned_data
        return {"slug": _free_slug(given["name"]), "kind": DataSource.Kind.PUSH, **given}


class RuleForm(forms.Form):
    """A rule as PromQL and a few words say it; works without scripts."""

    kpi = KpiChoice(label=gettext_lazy("KPI"))
    series = forms.CharField(
        label=gettext_lazy("Series"),
        max_length=selectors.LONGEST,
        widget=forms.TextInput(
            attrs={"spellcheck": "false", "autocapitalize": "off", "placeholder": 'name{label="…"}'}
        ),
        help_text=gettext_lazy("As PromQL selects them, with =, !=, =~ and !~. The first rule that matches decides."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("What it is"), choices=lambda: list(RULE_KINDS.items()))
    factor = forms.FloatField(
        label=gettext_lazy("Factor"),
        initial=1,
        help_text=gettext_lazy("Multiplies a value into the KPI's unit; 0.001 makes seconds of milliseconds."),
    )
    keep_labels = forms.CharField(
        label=gettext_lazy("Labels to keep"),
        required=False,
        help_text=gettext_lazy("Names with commas between them; * keeps all. Others are added up in the KPI."),
    )
    rename_labels = forms.CharField(
        label=gettext_lazy("Labels under another name"),
        required=False,
        help_text=gettext_lazy("As pod=team, zone=site."),
    )

    def __init__(self, *args: Any, source: DataSource, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kpi"].queryset = kpis_for(source, user)  # type: ignore[attr-defined]
        self.dropped: list[str] = []

    @staticmethod
    def values_of(rule: MappingRule) -> dict[str, Any]:
        return {
            "kpi": rule.kpi.key,
            "series": selectors.as_text(rule.matchers),
            "kind": rule.kind,
            "factor": rule.factor,
            "keep_labels": ", ".join(rule.keep_labels),
            "rename_labels": ", ".join(f"{old}={new}" for old, new in rule.rename_labels.items()),
        }

    def clean_series(self) -> list[selectors.Matcher]:
        try:
            return selectors.matchers_of(self.cleaned_data["series"])
        except selectors.SelectorWrong as error:
            raise forms.ValidationError(_('Write it as name{label="value"}.')) from error

    def clean_keep_labels(self) -> list[str]:
        return [name.strip() for name in self.cleaned_data["keep_labels"].split(",") if name.strip()][: MOST_KEPT + 1]

    def clean_rename_labels(self) -> dict[str, str]:
        pairs = [pair.partition("=") for pair in self.cleaned_data["rename_labels"].split(",") if pair.strip()]
        if any(not old.strip() or not new.strip() for old, _equals, new in pairs):
            raise forms.ValidationError(_("Write each as old=new."))
        return {old.strip(): new.strip() for old, _equals, new in pairs}

    def plan(self, rule: MappingRule | None) -> RulePlan:
        """What `sources.arranging` is given; labels that are dropped are said over the API and stay."""
        given = self.cleaned_data
        return RulePlan(
            kpi=given["kpi"],
            matchers=given["series"],
            kind=given["kind"],
            factor=given["factor"],
            keep_labels=given["keep_labels"],
            rename_labels=given["rename_labels"],
            drop_labels=rule.drop_labels if rule is not None else (),
            position=rule.position if rule is not None else None,
        )

    def blame(self, refusal: SourceWrong) -> None:
        """The refusal beside the field that it is about."""
        attr = (refusal.attr or "").partition(".")[0]
        name = "series" if attr == "matchers" else attr
        said = RULES_WRONG.get(refusal.code, refusal.detail)
        self.add_error(name if name in self.fields else None, str(said))


def _free_slug(name: str) -> str:
    """The name in small letters; with a number behind it where that is taken."""
    wished = slugify(name)[:70] or "source"
    taken = {"new"} | set(DataSource.objects.filter(slug__startswith=wished).values_list("slug", flat=True))
    return next(s for k in range(1, 10_000) if (s := wished if k == 1 else f"{wished}-{k}") not in taken)
