"""Stops as values: in one environment or all, what was there and what failed."""

from __future__ import annotations

import pytest

from generator.errors import ConfigError, Reason, Remedy, RemedyKind
from generator.values.naming import IssueKey
from hub.actions.stop import StopRequest, stop, stop_everywhere
from worlds.approving import BRANCH, ENTRY, Prd
from worlds.builders import start_request
from worlds.commands import commit_file, git, state_of

KEY = IssueKey.parse("RTB-123")
ASKED = StopRequest(KEY, "bob", "demo is over")


def started(prd: Prd, *names: str) -> None:
    from hub.actions.start import start

    for name in names:
        start(start_request(requested_by="alice", blueprint="web"), name, parts=prd.parts("nobody"))


def test_a_stop_removes_both_files_for_who_asked(prd: Prd) -> None:
    started(prd, "int")
    found = stop(ASKED, "int", parts=prd.parts("nobody"))
    assert found
    assert (found.key, found.outcome.change, found.done.environment.name) == (KEY, "removed", "int")
    assert found.done.commit == git(prd.world.path, "rev-parse", "main").strip()
    told = git(prd.world.path, "log", "-1", "--format=%(trailers)", "main")
    assert ("Requested-By: bob" in told, "Reason: demo is over" in told) == (True, True)
    assert git(prd.world.path, "ls-tree", "-r", "--name-only", "main", "environments/int/previews") == ""


def test_what_is_not_there_is_an_error_unless_it_is_ignored(prd: Prd) -> None:
    before = state_of(prd.world.path)
    with pytest.raises(ConfigError) as caught:
        stop(ASKED, "int", parts=prd.parts("nobody"))
    assert caught.value.reason is Reason.PREVIEW_NOT_FOUND
    assert stop(ASKED, "int", parts=prd.parts("nobody"), ignore_not_found=True) is None
    with pytest.raises(ConfigError) as caught:
        stop(ASKED, "nowhere", parts=prd.parts("nobody"), ignore_not_found=True)
    assert caught.value.reason is Reason.UNKNOWN_ENVIRONMENT
    assert state_of(prd.world.path) == before


def test_a_request_is_withdrawn_at_the_forge_in_the_name_of_who_stopped_it(prd: Prd) -> None:
    started(prd, "prd")
    found = stop(ASKED, "prd", parts=prd.parts("nobody"))
    assert found
    assert (found.outcome.change, found.done.commit) == ("withdrawn", None)
    request = found.done.reviewed.request
    assert request
    assert (request.branch, request.state) == (BRANCH, "closed")
    assert "Withdrawn by `bob`." in [body for _, body in prd.world.comments(request.number)]
    assert prd.world.head(BRANCH) == ""


def test_everywhere_each_is_told_and_those_without_it_are_passed_over(prd: Prd) -> None:
    started(prd, "int", "prd")
    found = stop_everywhere(ASKED, parts=prd.parts("nobody"))
    assert found.environments == ("int", "prd", "stg")
    assert {one.done.environment.name: one.outcome.change for one in found.stopped} == {
        "int": "removed",
        "prd": "withdrawn",
    }
    assert (found.failed, found.is_nowhere, found.repository) == ({}, False, str(prd.world.path))


def test_everywhere_one_that_fails_keeps_none_back(prd: Prd, monkeypatch: pytest.MonkeyPatch) -> None:
    started(prd, "int", "stg", "prd")
    store = prd.store(prd.hub())
    refused = ConfigError(Reason.INVALID_VALUE, "not this one")
    real = type(store).delete_branch

    def fails(self: object, branch: str, *, expected: str) -> None:
        if branch == BRANCH:
            raise refused
        real(self, branch, expected=expected)

    monkeypatch.setattr(type(store), "delete_branch", fails)
    found = stop_everywhere(ASKED, parts=prd.parts("nobody"))
    assert found.failed == {"prd": refused}
    assert {one.done.environment.name for one in found.stopped} == {"int", "stg"}


def test_everywhere_goes_on_where_an_environment_cannot_be_read(prd: Prd) -> None:
    started(prd, "int")
    commit_file(prd.world.path, "environments/stg/environment.yaml", "kind: [\n")
    found = stop_everywhere(ASKED, parts=prd.parts("nobody"))
    assert [one.done.environment.name for one in found.stopped] == ["int"]
    assert {name: error.reason for name, error in found.failed.items()} == {"stg": Reason.INVALID_ENVIRONMENT}
    assert found.environments == ("int", "prd", "stg")
    again = stop_everywhere(ASKED, parts=prd.parts("nobody"), ignore_not_found=True)
    assert (again.stopped, set(again.failed), again.is_nowhere) == ((), {"stg"}, False)


def test_nowhere_is_an_error_with_a_way_to_see_what_there_is(prd: Prd) -> None:
    with pytest.raises(ConfigError) as caught:
        stop_everywhere(ASKED, parts=prd.parts("nobody"))
    (fault,) = caught.value.faults
    assert (fault.message, fault.remedy) == (
        "there is no preview of RTB-123 in int, prd, stg",
        Remedy(RemedyKind.LIST_PREVIEWS),
    )
    assert stop_everywhere(ASKED, parts=prd.parts("nobody"), ignore_not_found=True).is_nowhere


def test_what_cannot_be_read_can_be_stopped(prd: Prd) -> None:
    path = ENTRY.replace("prd", "int")
    commit_file(prd.world.path, path, "kind: [\n")
    found = stop(ASKED, "int", parts=prd.parts("nobody"))
    assert found
    assert found.outcome.change == "removed"
