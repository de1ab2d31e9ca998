"""The words of the benchmark catalogue: metrics, industries, functions, technologies, methods, how far it was checked.

Words of the house that are not listed here are shown by their own name.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

METRICS = {
    "ROI_pct": _("return on investment"),
    "adoption_rate": _("share that uses AI"),
    "change_failure_rate": _("changes that fail"),
    "coding_time": _("coding time"),
    "core_task_time_share_change_pct": _("share of time for core tasks"),
    "correct_share_change_pp": _("share of correct results"),
    "cost_change_pct": _("cost"),
    "cost_per_contact": _("cost per contact"),
    "cost_per_hire": _("cost per hire"),
    "cost_per_invoice": _("cost per invoice"),
    "cost_share_of_revenue": _("cost as a share of revenue"),
    "customer_satisfaction": _("customer satisfaction"),
    "customer_satisfaction_index": _("index of customer satisfaction"),
    "cycle_time": _("cycle time"),
    "cycle_time_days": _("cycle time in days"),
    "daily_active_rate": _("daily users"),
    "deflection_rate": _("contacts answered without a person"),
    "delivery_stability_change_pct": _("stability of delivery"),
    "delivery_throughput_change_pct": _("throughput of delivery"),
    "detection_rate": _("detection rate"),
    "distrust_rate": _("share that distrusts"),
    "downtime_change_pct": _("downtime"),
    "downtime_ratio": _("ratio of downtimes"),
    "earnings_change_pct": _("earnings"),
    "error_rate": _("error rate"),
    "exception_rate": _("exceptions"),
    "feature_usage_rate": _("use of a feature"),
    "first_contact_resolution": _("first-contact resolution"),
    "hours_saved_per_week": _("hours a week"),
    "interval_cancer_rate": _("interval cancers"),
    "invoices_per_fte": _("invoices per full-time post"),
    "issues_resolved_per_hour_change_pct": _("cases an hour"),
    "iterations": _("iterations"),
    "job_offers_change_pct": _("job offers"),
    "lead_time_for_changes": _("lead time of a change"),
    "minutes_saved_per_day": _("minutes saved a day"),
    "months_prototype_to_production": _("months from prototype to production"),
    "new_product_sales_share": _("sales of new products"),
    "occupancy_rate": _("occupancy"),
    "on_time_shipments": _("shipments on time"),
    "order_picking_accuracy": _("accuracy of picking"),
    "payback_months": _("months to payback"),
    "perfect_order_rate": _("perfect orders"),
    "pickup_time": _("time to pick up"),
    "planning_accuracy": _("accuracy of planning"),
    "productivity_change_pct": _("productivity"),
    "quality_change_pct": _("quality"),
    "quality_change_sd": _("quality in standard deviations"),
    "realisation_factor": _("saved time that becomes real"),
    "resolution_rate": _("resolved contacts"),
    "retention_change_pct": _("retention"),
    "return_per_unit_spent": _("return per unit spent"),
    "review_time": _("review time"),
    "rework_rate": _("rework"),
    "sales_change_pct": _("sales"),
    "satisfaction_rate": _("satisfied users"),
    "scrap_rate": _("scrap rate"),
    "self_service_resolution_rate": _("resolved by self-service"),
    "share_abandoned": _("companies that abandoned AI projects"),
    "share_experiments_to_production": _("experiments that reach production"),
    "share_in_production": _("projects in production"),
    "share_models_degrading": _("models that degrade"),
    "share_no_productivity_impact": _("companies without an impact on productivity"),
    "share_no_return": _("companies without a return"),
    "share_poc_scrapped": _("proofs of concept that were scrapped"),
    "share_positive_roi": _("share with a positive return"),
    "share_projects_expected_roi": _("projects that return what was expected"),
    "share_projects_meeting_financial_goal": _("projects that meet their financial goal"),
    "share_projects_operating_3y": _("projects that run for three years"),
    "share_revenue_and_cost": _("companies with more revenue and less cost"),
    "share_roi_first_year": _("share with a return in the first year"),
    "share_scaled": _("companies that scaled AI"),
    "share_significant_roi": _("share with a considerable return"),
    "share_significant_value": _("share with considerable value"),
    "share_tracking_kpis": _("companies that track KPIs"),
    "share_value_at_scale": _("companies with value at scale"),
    "share_with_cost_savings": _("companies with lower cost"),
    "share_with_ebit_impact": _("companies with an impact on earnings"),
    "straight_through_rate": _("straight-through processing"),
    "task_time_change_pct": _("time for a task"),
    "tasks_completed_change_pct": _("tasks completed"),
    "time_saved_share_of_hours": _("saved share of working hours"),
    "usability_score": _("usability score"),
    "use_cases_prioritised": _("use cases at the same time"),
    "workload_change_pct": _("workload"),
}
INDUSTRIES = {
    "all": _("all industries"),
    "business_process_outsourcing": _("business process outsourcing"),
    "financial_services": _("financial services"),
    "healthcare": _("healthcare"),
    "information_technology": _("information technology"),
    "manufacturing": _("manufacturing"),
    "professional_services": _("professional services"),
    "public_administration": _("public administration"),
    "real_estate_facilities": _("real estate and facilities"),
    "retail_ecommerce": _("retail and e-commerce"),
    "services_other": _("other services"),
    "transport_logistics": _("transport and logistics"),
}
FUNCTIONS = {
    "all": _("all functions"),
    "clinical": _("clinical work"),
    "customer_service": _("customer service"),
    "finance": _("finance"),
    "human_resources": _("human resources"),
    "innovation_rnd": _("research and development"),
    "it_service_desk": _("IT service desk"),
    "legal": _("legal"),
    "maintenance": _("maintenance"),
    "model_operations": _("operation of models"),
    "office_work": _("office work"),
    "sales_marketing": _("sales and marketing"),
    "software_engineering": _("software engineering"),
    "supply_chain": _("supply chain"),
    "whole_firm": _("the whole firm"),
}
TECHNOLOGIES = {
    "ai_agent": _("AI agent"),
    "ambient_scribe": _("ambient scribe"),
    "any_ai": _("any AI"),
    "chatbot": _("chatbot"),
    "coding_assistant": _("coding assistant"),
    "computer_vision": _("computer vision"),
    "genai_assistant": _("AI assistant"),
    "other_software": _("other software"),
    "predictive_maintenance": _("predictive maintenance"),
    "predictive_model": _("predictive model"),
    "process_level": _("not about AI"),
    "retrieval_augmented_generation": _("answers from documents"),
    "voice_agent": _("voice agent"),
}
METHODS = {
    "benchmark_database": _("benchmark database"),
    "experiment": _("experiment"),
    "expert_estimate": _("estimate of experts"),
    "natural_experiment_did": _("natural experiment"),
    "natural_experiment_rdd": _("natural experiment"),
    "official_statistics": _("official statistics"),
    "rct": _("randomised trial"),
    "simulation_on_real_data": _("simulation on real data"),
    "staggered_rollout_did": _("field study"),
    "survey": _("survey"),
    "survey_linked_to_registers": _("survey with registers"),
    "telemetry": _("telemetry of a vendor"),
    "trial_evaluation": _("evaluation of a trial"),
    "vendor_study": _("study of a vendor"),
}
GRADES = {
    "A": _("peer-reviewed trial or natural experiment"),
    "B": _("official statistics, large independent survey, or a trial not reviewed yet"),
    "C": _("of a vendor or of a firm that sells what it measures"),
}
VERIFICATIONS = {
    "primary": _("read in the source itself"),
    "abstract": _("read in the abstract"),
    "secondary": _("read in pages that report it"),
    "partly": _("partly read in the source"),
    "recalled": _("not looked up again"),
}
MAY_SAY = {
    "percentile": _("a percentile among the published quantiles"),
    "percentile_approx": _("an approximate percentile"),
    "bound": _("on which side of the one published quantile"),
    "ahead_behind": _("ahead, level or behind, and by how much"),
    "effect_comparison": _("an effect above, within or below the published one"),
    "range": _("inside, above or below the range"),
    "tier": _("the name of a tier; it ranks nobody"),
    "context": _("context only; it ranks nobody"),
}
READINGS = {
    "level": _("the KPI’s value"),
    "change": _("its change since go-live"),
    "rate_change": _("its change, turned into units an hour"),
}


def name_of(key: str, words: Mapping[str, Promise | str]) -> str:
    """The word for a stored key; an unknown one by its own name."""
    return str(words.get(key) or key.replace("_", " "))


def metric_name(metric: str) -> str:
    return name_of(metric, METRICS)
