from __future__ import annotations

import httpx


def test_a_running_portal_says_that_it_is_ready(running_portal):
    answer = httpx.get(f"{running_portal.url}/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "in order", "migrations": "in order", "broker": "in order"}
