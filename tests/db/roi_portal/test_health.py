from __future__ import annotations


def test_the_process_says_that_it_is_alive(client):
    assert client.get("/healthz").status_code == 200
