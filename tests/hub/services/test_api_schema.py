"""Whatever the API's description allows to be asked is answered as it describes, and nothing is a mistake of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub.services.api.app import openapi_text
from worlds.api_world import ApiWorld, api_world
from worlds.serving import served

#: So many requests of each operation, by each way of making them.
EXAMPLES = 4
#: A stream never ends, and the link of the terminal works once.
LEFT_OUT = {"GET /api/v1/events", "GET /api/auth/local"}
CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
)  # fmt: skip
SCHEMA = schemathesis.openapi.from_dict(json.loads(openapi_text()))
OPERATIONS = {
    name: one
    for found in SCHEMA.get_all_operations()
    for one in [found.ok()]
    for name in [f"{one.method.upper()} {one.path}"]
    if name not in LEFT_OUT
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    with served(tmp_path_factory.mktemp("schema")) as serving, api_world(serving, works=False) as made:
        made.api.access.all.a_minute = made.api.access.writes.a_minute = made.api.access.plans.a_minute = 10**6
        yield made


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.services.api.access.WRITES_A_MINUTE", 10**6)
    monkeypatch.setattr("hub.services.api.keeping.OPEN_OPERATIONS", 10**6)


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_may_be_asked_is_answered_as_described(world: ApiWorld, name: str) -> None:
    operation = OPERATIONS[name]

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        sent = {"Authorization": "Bearer admin", "Idempotency-Key": "schema"}
        headers = {**{key: value for key, value in (case.headers or {}).items() if key.lower() != "prefer"}, **sent}
        answer = case.call(app=world.app, base_url="http://127.0.0.1:3000", headers=headers)
        case.validate_response(answer, checks=CHECKS)

    ask()


def test_all_operations_but_those_are_asked() -> None:
    assert len(OPERATIONS) >= 30
