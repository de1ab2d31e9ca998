"""The published schema is valid, complete and true: what it allows is answered as it says, and never with a 5xx."""

from __future__ import annotations

import json
import re

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from rest_framework.test import APIClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from roi_portal.wsgi import application
from tests.factories import (
    AnnotationFactory,
    BaselineFactory,
    CostEntryFactory,
    DataSourceFactory,
    InitiativeFactory,
    KpiFactory,
    TargetFactory,
    ValueDriverFactory,
    token_for,
)

STREAMS = "events"
schemathesis.serializer.alias("application/x-protobuf", "application/octet-stream")
schemathesis.serializer.alias("application/openmetrics-text", "text/plain")
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
VERBS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def published(db):
    response = APIClient().get("/api/v1/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    assert response.status_code == 200
    return json.loads(response.content)


def operations(published):
    return [
        (f"{verb} {path}", operation)
        for path, verbs in published["paths"].items()
        for verb, operation in verbs.items()
        if verb in VERBS
    ]


def test_the_schema_is_valid_openapi_3_1(published):
    assert published["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(published).validate()


def test_every_operation_has_a_summary_an_id_of_its_own_and_says_how_it_may_be_refused(published):
    found = operations(published)
    assert [name for name, operation in found if not operation.get("summary")] == []
    assert [name for name, operation in found if "503" not in operation["responses"]] == []
    ids = [operation["operationId"] for _name, operation in found]
    assert len(set(ids)) == len(ids)


def test_every_problem_in_the_schema_is_a_problem_document(published):
    problems = [reply for name, reply in published["components"]["responses"].items() if name.startswith("Problem")]
    assert len(problems) >= 8
    assert {media_type for reply in problems for media_type in reply["content"]} == {"application/problem+json"}


def test_every_unsafe_operation_of_a_definition_takes_an_idempotency_key(published):
    without = [
        name
        for name, operation in operations(published)
        if not name.startswith("get")
        and operation["tags"][0] in {"initiatives", "kpis", "costs", "value-drivers", "annotations", "tokens"}
        and not any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    ]
    assert without == []


@pytest.fixture
def one_connection(db):
    """The WSGI application gives its connection back after each request; here it is the test's."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def portal_schema(one_connection):
    """The schema of a portal that holds one of everything, called through WSGI with a token that may do all."""
    initiative = InitiativeFactory(slug="support")
    kpi = KpiFactory(initiative=initiative, slug="handling-time")
    rows = {
        "value-drivers": ValueDriverFactory(kpi=kpi).pk,
        "costs": CostEntryFactory(initiative=initiative).pk,
        "annotations": AnnotationFactory(initiative=initiative).pk,
    }
    TargetFactory(kpi=kpi, on="2026-06-01")
    DataSourceFactory(slug="support", kind="push", address="", every=None, overlap=None)
    BaselineFactory(kpi=kpi, version=1)
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/schema/", app=application, headers={"Accept": "application/vnd.oai.openapi+json"}
    )
    token = token_for(["read", "manage", "ingest"])

    @schema.hook
    def map_path_parameters(context, path_parameters):
        """Half of the time something that is there, else whatever was generated."""
        for name, value in (path_parameters or {}).items():
            if len(str(value)) % 2:
                known = {"slug": "support", "key": "support.handling-time", "on": "2026-06-01", "version": 1}
                collection = re.search(r"/api/v1/([a-z-]+)/", context.operation.path).group(1)
                path_parameters[name] = known.get(name, rows.get(collection, value))
        return path_parameters

    @schema.hook
    def map_headers(context, headers):
        return {**(headers or {}), "Authorization": f"Bearer {token}"}

    return schema.exclude(path_regex=STREAMS)


def failures_of(operation, *, examples):
    """What is wrong with the answers to `examples` generated requests of one operation; None where nothing is."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case):
        with transaction.atomic():  # each request finds the portal as it was
            case.call_and_validate(checks=list(CHECKS))
            transaction.set_rollback(True)

    try:
        ask()
    except Exception as failure:
        return f"{operation.label}: {failure!r}\n{''.join(getattr(failure, '__notes__', ()))}"
    return None


def test_whatever_the_schema_allows_is_answered_as_it_says(portal_schema):
    operations = [found.ok() for found in portal_schema.get_all_operations()]
    assert len(operations) > 40
    wrong = [failure for operation in operations if (failure := failures_of(operation, examples=8))]
    assert not wrong, "\n\n".join(wrong)
