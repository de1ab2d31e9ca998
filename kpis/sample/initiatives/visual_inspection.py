"""A loser: less scrap, but more good parts rejected."""

from __future__ import annotations

from datetime import date

from kpis.sample.plan import (
    CONTROLLING,
    FULLY,
    Assumed,
    CasePlan,
    CostPlan,
    DriverPlan,
    InitiativePlan,
    KpiPlan,
    MeasuredBaseline,
    monthly,
)

VISUAL = InitiativePlan(
    slug="visual-inspection",
    name="Visual inspection of housings",
    business_unit="Production, line 3",
    owner="Plant manager",
    function="production",
    technology="computer_vision",
    started=date(2025, 12, 1),
    live=date(2026, 3, 23),
    description="Cameras judge cast housings on line 3.",
    phases=(("proof_of_concept", date(2025, 12, 1)), ("stabilisation", date(2026, 3, 23))),
    events=(
        (date(2026, 2, 16), None, "other", "New die"),
        (date(2026, 9, 14), None, "model_change", "Second training run"),
    ),
    kpis=(
        KpiPlan(
            "scrap-rate",
            "Scrap rate",
            "quality",
            "%",
            "decrease",
            "mean",
            "week",
            targets=((date(2026, 6, 1), "2.5"),),
            baseline=MeasuredBaseline(
                date(2025, 10, 6), date(2026, 3, 23), date(2026, 3, 23), rolled_out=date(2026, 5, 4)
            ),
            comparisons=(("scrap_rate", "level", 1.0),),
        ),
        KpiPlan(
            "false-reject-rate",
            "Good parts rejected",
            "quality",
            "%",
            "decrease",
            "mean",
            "week",
            targets=((date(2026, 6, 1), "0.8"),),
            baseline=MeasuredBaseline(
                date(2025, 10, 6), date(2026, 3, 23), date(2026, 3, 23), rolled_out=date(2026, 4, 13)
            ),
        ),
        KpiPlan("parts", "Housings cast", "efficiency", "{housing}", "increase", "sum", "week", is_context=True),
    ),
    drivers=(
        DriverPlan(
            "Scrap avoided",
            "scrap-rate",
            Assumed(
                "Housing scrapped",
                "11.20",
                "11.80",
                "12.40",
                CONTROLLING,
                "Material and machine cost of one housing, standard cost 2026",
            ),
            Assumed("Scrap that costs money", ".90", ".95", "1", "Plant manager", "Scrap notes, sample of 400", True),
            Assumed(
                "Due to the cameras",
                ".70",
                ".80",
                ".90",
                "Plant manager",
                "New die from February explains the rest",
                True,
            ),
            kind="errors",
            priced_unit="{housing}",
            volume_kpi="parts",
            unit_factor="0.01",
            owner="Plant manager",
            source="Standard cost 2026",
        ),
        DriverPlan(
            "Good parts rejected",
            "false-reject-rate",
            Assumed(
                "Good part rejected",
                "5.60",
                "6.30",
                "7.20",
                CONTROLLING,
                "Second check of 1.9 min and share scrapped by mistake, March 2026",
            ),
            FULLY,
            FULLY,
            kind="errors",
            priced_unit="{housing}",
            volume_kpi="parts",
            unit_factor="0.01",
            owner="Plant manager",
            source="Standard cost 2026",
        ),
    ),
    costs=(
        CostPlan(date(2026, 1, 19), "Cameras, lighting and edge computers", "infrastructure", "41560"),
        CostPlan(date(2026, 2, 20), "Integration, line 3", "external", "26300"),
        *monthly(date(2025, 12, 1), "Project and data team", "personnel", "4200", reconciled=10),
        *monthly(
            date(2026, 4, 1), "Edge operation and storage", "infrastructure", "2380", reconciled=6, estimated=True
        ),
        CostPlan(date(2026, 9, 11), "Second training run after new lighting", "external", "7850"),
    ),
    case=CasePlan(
        live=date(2026, 3, 2),
        approved=date(2025, 11, 24),
        source="Investment request 2025-118, plant",
        ramp=(".50", "1"),
        benefits=(("Scrap avoided", "89000", "0.9"),),
        costs=(
            CostPlan(date(2026, 1, 19), "Cameras, lighting and edge computers", "infrastructure", "41560"),
            CostPlan(date(2026, 2, 20), "Integration, line 3", "external", "24000"),
            CostPlan(date(2025, 12, 1), "Project and data team", "personnel", "4200", 6),
            CostPlan(date(2026, 3, 1), "Edge operation and storage", "infrastructure", "2100", None),
        ),
    ),
)
