"""Started without a baseline: cannot be proved."""

from __future__ import annotations

from datetime import date

from kpis.sample.plan import (
    LEGAL_HOUR,
    Assumed,
    CostPlan,
    DeclaredBaseline,
    DriverPlan,
    InitiativePlan,
    KpiPlan,
    monthly,
)

CONTRACT = InitiativePlan(
    slug="contract-review",
    name="Contract review",
    business_unit="Legal and Procurement",
    owner="Head of Legal",
    function="legal",
    technology="genai_assistant",
    started=date(2026, 1, 9),
    live=date(2026, 1, 12),
    description="Compares contracts with the clause library. It went live without a measured baseline.",
    phases=(("proof_of_concept", date(2026, 1, 9)),),
    kpis=(
        KpiPlan(
            "review-time",
            "Review time",
            "efficiency",
            "h",
            "decrease",
            "mean",
            "month",
            "Hours a contract, reported by the reviewers.",
            targets=((date(2026, 7, 1), "2.0"),),
            baseline=DeclaredBaseline("3.5", "Estimate of the Head of Legal", date(2026, 1, 15), "2.8", "4.2"),
            comparisons=(("productivity_change_pct", "rate_change", 1.0),),
        ),
        KpiPlan(
            "contracts", "Contracts reviewed", "efficiency", "{contract}", "increase", "sum", "month", is_context=True
        ),
    ),
    drivers=(
        DriverPlan(
            "Review time saved",
            "review-time",
            LEGAL_HOUR,
            Assumed(
                "Freed hours that become real", ".30", ".50", ".70", "Head of Legal", "Judgement, no time study", True
            ),
            Assumed(
                "Due to the tool",
                ".60",
                ".80",
                "1",
                "Head of Legal",
                "Judgement: new contract templates in the same month",
                True,
            ),
            kind="time",
            priced_unit="h",
            volume_kpi="contracts",
            is_freed_time=True,
            pool="legal-hours",
            owner="Head of Legal",
            source="Judgement of the Head of Legal",
        ),
    ),
    costs=(
        CostPlan(date(2026, 1, 9), "Set-up and document import", "external", "9800"),
        CostPlan(date(2026, 1, 15), "Training, 14 people", "training", "3430"),
        *monthly(date(2026, 1, 1), "Licence, 14 seats", "licence", "1946", reconciled=9),
        *monthly(date(2026, 2, 1), "Clause library upkeep", "personnel", "610", reconciled=8),
    ),
)
