"""The four initiatives of Musterwerk Pumps, which does not exist."""

from kpis.sample.initiatives.contract_review import CONTRACT
from kpis.sample.initiatives.knowledge_assistant import KNOWLEDGE
from kpis.sample.initiatives.support_triage import SUPPORT
from kpis.sample.initiatives.visual_inspection import VISUAL

INITIATIVES = (SUPPORT, VISUAL, CONTRACT, KNOWLEDGE)

__all__ = ["INITIATIVES"]
