from tests.db.rollups.conftest import arrive

__all__ = ["arrive"]
