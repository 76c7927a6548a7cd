"""Which rule holds for a project: that of the environment's own branch, and none is never taken for unread."""

from __future__ import annotations

import pytest

from generator.errors import ConfigError, HubError, Reason
from reconcilers.state.policies import Environments, find_environments
from reconcilers.state.project_rules import code_by_project, project_rules
from worlds.builders import LIBRARY
from worlds.memory_store import MemoryStore
from worlds.planning import put, state_store

TEXT = """\
projects:
  RTB:
    startOn: {labels: [preview]}
    environments: [stg, int]
    images: {web: {repository: web, tag: main}}
"""


@pytest.fixture
def store() -> MemoryStore:
    return state_store()


def found(store: MemoryStore) -> Environments:
    return find_environments(store.snapshots(), store.location, LIBRARY)


def test_without_a_file_no_project_has_a_rule(store: MemoryStore) -> None:
    assert project_rules(found(store), "RTB") == {}


def test_a_rule_holds_in_the_environments_that_it_names(store: MemoryStore) -> None:
    put(store, "hub/services.yaml", TEXT.encode())
    assert list(project_rules(found(store), "RTB")) == ["int", "stg"]
    assert project_rules(found(store), "ABC") == {}


def test_a_gated_environment_is_refused_on_its_own_branch_too(store: MemoryStore) -> None:
    put(store, "hub/services.yaml", TEXT.replace("stg, int", "int").encode(), "prd")
    with pytest.raises(ConfigError) as raised:
        project_rules(found(store), "RTB")
    assert raised.value.reason is Reason.INVALID_SERVICES
    assert "lives on branch main" in raised.value.faults[0].message


def test_no_rule_is_no_answer_where_an_environment_cannot_be_read(store: MemoryStore) -> None:
    put(store, "environments/stg/environment.yaml", b"nonsense: [")
    with pytest.raises(HubError) as raised:
        project_rules(found(store), "RTB")
    assert raised.value.reason is Reason.INVALID_ENVIRONMENT


def test_a_rule_for_what_can_be_read_does_not_wait_for_the_rest(store: MemoryStore) -> None:
    put(store, "environments/stg/environment.yaml", b"nonsense: [")
    put(store, "hub/services.yaml", TEXT.encode())
    assert list(project_rules(found(store), "RTB")) == ["int", "stg"]


def test_the_code_of_a_project_is_what_its_rules_name_each_once(store: MemoryStore) -> None:
    rule = """\
projects:
  RTB:
    pullRequests: {repositories: [acme/web, acme/api]}
    environments: [int]
    images:
      web: {repository: web, tag: "{key}-{sha7}", source: Acme/Web}
      docs: {repository: docs, tag: "{branch}", source: acme/docs}
  ABC:
    startOn: {labels: [preview]}
    environments: [int]
    images: {web: {repository: web, tag: main}}
"""
    assert code_by_project(found(store)) == {}
    put(store, "hub/services.yaml", rule.encode())
    assert code_by_project(found(store)) == {"RTB": ("acme/api", "acme/docs", "acme/web")}
