"""What follows from an issue: each rule below it, at it and above it, and that a failed look stops nothing."""

from __future__ import annotations

from typing import Any

import pytest

from generator.model.services import ProjectRule
from generator.values.naming import IssueKey
from reconcilers.lifecycle.issue_rules import Decision, Seen, as_asked, decide, rule_name, seen_in
from reconcilers.ports.issues import Issue
from worlds.builders import image
from worlds.memory_store import MemoryStore
from worlds.planning import KEY, observed, put, started, state_store

WEB = {"web": image("web")}
OURS = Seen("jira/RTB", WEB)
OTHERS = Seen("alice", WEB)
OLDER = Seen("jira/RTB", {"web": image("web", "b"), "api": image("api")})
BOTH = {"stopOn": {"statusIds": ["90"], "labels": ["halt"]}}


def rule(**said: Any) -> ProjectRule:
    repository, _, digest = image("web").partition("@")
    whole = {
        "startOn": {"statusIds": ["10", "11"], "labels": ["preview"]},
        "environments": ["int"],
        "images": {"web": {"repository": repository, "digest": digest}},
        **said,
    }
    return ProjectRule.model_validate(whole)


def issue(status: str = "1", *labels: str, done: bool = False, key: IssueKey = KEY) -> Issue:
    return Issue(key, status, is_done=done, labels=frozenset(labels))


@pytest.mark.parametrize(
    ("found", "said", "seen", "change", "why"),
    [
        (issue("10"), {}, None, "start", "status 10 starts"),
        (issue("11"), {}, None, "start", "status 11 starts"),
        (issue("1"), {}, None, "nothing", "no preview"),
        (issue("100"), {}, None, "nothing", "no preview"),
        (issue("1", "preview"), {}, None, "start", "label preview starts"),
        (issue("1", "Preview", "previews"), {}, None, "nothing", "no preview"),
        (issue("10", done=True), {}, None, "start", "status 10 starts"),
        (issue("1", "preview", done=True), {}, None, "nothing", "what is done"),
        (issue("1", "preview", done=True), {}, OURS, "stop", "what is done"),
        (issue("1", "preview", done=True), {}, OTHERS, "nothing", "one of alice"),
        (issue("1"), {}, OURS, "stop", "neither status 1 nor a label"),
        (issue("1"), {}, OTHERS, "nothing", "one of alice"),
        (issue("1"), BOTH, OURS, "nothing", "nor stops"),
        (issue("90"), BOTH, OURS, "stop", "status 90 stops"),
        (issue("90"), BOTH, OTHERS, "nothing", "one of alice"),
        (issue("90", "preview"), BOTH, OURS, "stop", "status 90 stops"),
        (issue("10", "halt"), BOTH, OURS, "stop", "label halt stops"),
        (issue("10", "halt"), BOTH, None, "nothing", "no preview"),
        (issue("1", done=True), BOTH, OURS, "stop", "what is done"),
        (issue("10"), {}, OURS, "start", "status 10 starts"),
        (issue("10"), {"startOn": None, "pullRequests": {"repositories": ["acme/web"]}}, None, "nothing", "no status"),
        (issue("10"), {}, OTHERS, "nothing", "one of alice is there already"),
        (issue("10"), {}, Seen("", {}), "nothing", "cannot be read"),
        (issue("1"), {}, Seen("", {}), "nothing", "cannot be read"),
        (issue("1"), {}, Seen("jira/ABC", WEB), "nothing", "one of jira/ABC"),
        (None, {}, OURS, "nothing", "may not see it"),
        (None, {}, None, "nothing", "may not see it"),
        (issue("1", key=IssueKey("ABC", 9)), {}, OURS, "nothing", "is ABC-9 now"),
        (issue("10", key=IssueKey("ABC", 9)), {}, None, "nothing", "is ABC-9 now"),
    ],
)  # fmt: skip
def test_what_follows(found: Issue | None, said: dict[str, Any], seen: Seen | None, change: str, why: str) -> None:
    (one,) = decide(KEY, found, {"int": rule(**said)}, {"int": seen} if seen else {})
    assert (one.environment, one.change) == ("int", change)
    assert why in one.why


def test_each_environment_is_decided_by_what_is_there() -> None:
    rules = {"stg": rule(), "int": rule()}
    told = decide(KEY, issue("10"), rules, {"stg": OTHERS})
    assert [(one.environment, one.change) for one in told] == [("int", "start"), ("stg", "nothing")]


@pytest.mark.parametrize(
    ("seen", "images", "change", "why"),
    [
        (None, WEB, "start", "because"), (OURS, WEB, "nothing", "as that asks"), (OLDER, WEB, "start", "other images"),
        (OURS, {"web": image("web").replace("@", ":tag@")}, "nothing", "as that asks"),
        (OURS, {**WEB, "api": image("api")}, "start", "other images"),
    ],
)  # fmt: skip
def test_what_is_there_is_compared_by_its_images(
    seen: Seen | None, images: dict[str, str], change: str, why: str
) -> None:
    one = as_asked(Decision("int", "start", "because"), seen, images)
    assert (one.change, why in one.why) == (change, True)


@pytest.fixture
def store() -> MemoryStore:
    return state_store()


def test_what_is_there_is_seen_with_whose_it_is(store: MemoryStore) -> None:
    assert seen_in(observed(store), KEY) is None
    entry = started(store).preview
    found = seen_in(observed(store), KEY)
    assert found is not None
    assert found.requested_by == entry.spec.lease.requested_by != rule_name(KEY.project)
    assert found.images == {name: one.image for name, one in entry.spec.components.items()}


def test_an_entry_that_cannot_be_read_is_nobodys(store: MemoryStore) -> None:
    started(store)
    (record,) = observed(store).entries
    put(store, str(record.path), b"nonsense: [")
    assert seen_in(observed(store), KEY) == Seen("", {})
