"""The API keeps to its own description, whatever it is asked: no fault, no answer that the description does not know.

FUZZ_EXAMPLES says how many requests of each sort are made for each endpoint (`make fuzz` makes many, others each time).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi import checks

from tests.web.conftest import Site, Stage

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
#: It never ends; test_events.py has what it may answer.
STREAM = "GET /api/events"
#: It may revoke the token that is asked with, so it comes last.
REVOKE = "POST /api/tokens/{token_id}/revoke"
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


@pytest.fixture
def running(stage: Stage) -> Site:
    """A dashboard beside a worker that runs, and documents to work on."""
    site = stage.open(worker=True, poll_interval_s=3600)
    for title in ("One", "Two"):
        site.archive.add_document(b"%PDF-1.4", title=title, content=title)
    return site


def operations(schema: BaseSchema) -> Iterator[APIOperation]:
    for found in schema.get_all_operations():
        operation = found.ok()
        assert operation is not None
        if operation.label not in (STREAM, REVOKE):
            yield operation
    yield schema["/api/tokens/{token_id}/revoke"]["POST"]


def ask(operation: APIOperation, mode: GenerationMode, token: str, session: requests.Session) -> None:
    """Ask for one thing in many ways, allowed ones or not."""

    @hypothesis.settings(
        max_examples=EXAMPLES or 4,
        deadline=None,
        database=None,
        derandomize=not EXAMPLES,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(mode))
    def asked(case: Case) -> None:
        said = case.call(session=session, headers={"Authorization": f"Bearer {token}"}, timeout=20)
        # What is too large is not looked at; and many examples come to values of unknown names, which are passed over.
        case.validate_response(said, checks=CHECKS[:-1] if EXAMPLES or said.status_code == 413 else CHECKS)

    try:
        asked()
    except BaseExceptionGroup as failed:
        # Until 3.11.8 Python counts how deep it is in a syntax tree for all threads together (gh-106905). Hypothesis
        # parses while the dashboard's threads do, and may trip over it; that says nothing of an answer.
        if failed.split(SystemError)[1] is not None:
            raise
        asked()


def can_be_asked_wrongly(operation: APIOperation) -> bool:
    return bool(operation.body or list(operation.iter_parameters()))


def test_the_api_keeps_to_its_description(running: Site) -> None:
    machine = running.machine("admin")
    token = machine.headers["authorization"].removeprefix("Bearer ")
    schema = schemathesis.openapi.from_dict(machine.get("/api/openapi.json").json())
    schema.config.update(base_url=running.url)
    labels = []
    with requests.Session() as session:
        for operation in operations(schema):
            ask(operation, GenerationMode.POSITIVE, token, session)
            if can_be_asked_wrongly(operation):
                ask(operation, GenerationMode.NEGATIVE, token, session)
            labels.append(operation.label)
    assert len(labels) >= 15
