from __future__ import annotations

import json
import logging

from prometheus_client.parser import text_string_to_metric_families


def metrics(client) -> dict[str, list]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {family.name: family.samples for family in text_string_to_metric_families(answer.content.decode())}


def test_the_metrics_are_readable_and_tell_the_size_of_the_database(client):
    families = metrics(client)
    assert families["roi_database_bytes"][0].value > 1_000_000
    assert families["roi_database_sessions"][0].value >= 1


def test_a_request_is_measured_by_its_view_and_not_by_its_path(client):
    client.get("/metrics?someone=secret")
    samples = metrics(client)["roi_http_request_seconds"]
    counted = [s.labels for s in samples if s.name.endswith("_count")]
    assert {"view": "metrics", "method": "GET", "status": "200"} in counted
    assert "secret" not in str(samples)


def test_a_made_up_method_does_not_make_a_new_label(client):
    client.generic("MADEUP", "/healthz")
    samples = metrics(client)["roi_http_request_seconds"]
    assert {s.labels["method"] for s in samples} <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "other"}


def test_an_answer_carries_the_id_that_its_log_lines_carry(client):
    assert client.get("/healthz", headers={"x-request-id": "abc-12345"})["X-Request-ID"] == "abc-12345"
    invented = client.get("/healthz", headers={"x-request-id": "no good\x1b[31m"})["X-Request-ID"]
    assert len(invented) == 32


def test_a_log_line_is_one_json_object_even_when_its_text_is_not_one_line():
    handler = next(h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler)
    record = logging.LogRecord("kpis.ingest", logging.WARNING, __file__, 1, "two\nlines %s", ("here",), None)
    line = handler.format(record)
    assert "\n" not in line
    said = json.loads(line)
    assert (said["message"], said["level"], said["logger"]) == ("two\nlines here", "warning", "kpis.ingest")
