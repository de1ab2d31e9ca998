"""What an effect's notes say, as sentences: the engine's, and those of what happened to its baseline."""

from __future__ import annotations

from kpis.calculations.effect import NOTES
from kpis.evaluation.models import Effect

OF_BASELINE = {
    "baseline_data_changed": "Data of the baseline's window changed after it was approved; its approved value holds.",
    "calendar_changed": "Days and longer intervals are cut otherwise since; the values before are computed anew so.",
    "baseline_reconstructed": "The baseline rests on data that arrived only after go-live.",
}
# Beside the rivals, at the baseline, and among the checks of the control group.
SAID_ELSEWHERE = {"other_causes", "baseline_reconstructed", "groups_not_parallel", "control_group_moved"}


def sentences_of(effect: Effect | None) -> list[str]:
    """In the order in which they were noted; English, for `wording.reasons`."""
    known = NOTES | OF_BASELINE
    return [known[note] for note in effect.notes if note in known.keys() - SAID_ELSEWHERE] if effect else []
