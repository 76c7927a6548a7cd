"""Starts as values: what was done, for whom, and what would be done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.errors import HubError, Reason, Stalled, Transient
from hub.actions.render import render
from hub.actions.start import Queued, Started, diff, start
from worlds.approving import BRANCH, Prd
from worlds.builders import LIBRARY, environment, image, start_request
from worlds.commands import commit_file, git, state_of

ENTRY = "environments/int/previews/rtb/100/rtb-123"
BASE = "environments/base/environment.yaml"


def started(prd: Prd, env: str = "int", *, by: str = "bob", **fields: object) -> Started:
    found = start(start_request(requested_by=by, **{"blueprint": "web", **fields}), env, parts=prd.parts("nobody"))
    assert isinstance(found, Started)
    return found


def trailers(prd: Prd, commit: str | None) -> str:
    assert commit
    return git(prd.world.path, "log", "-1", "--format=%(trailers)", commit)


def test_a_start_is_one_commit_for_who_asked_whoever_the_process_is_of(prd: Prd) -> None:
    found = started(prd)
    assert (found.outcome.change, found.done.environment.name) == ("created", "int")
    assert found.done.commit == git(prd.world.path, "rev-parse", "main").strip()
    assert found.done.repository == str(prd.world.path)
    assert "Requested-By: bob" in trailers(prd, found.done.commit)
    assert found.outcome.preview.spec.lease.requested_by == "bob"
    assert (found.done.reviewed.is_at_forge, found.done.reviewed.request) == (False, None)
    assert {*git(prd.world.path, "ls-tree", "--name-only", f"main:{ENTRY}").split()} == {
        "preview.yaml",
        "manifest.yaml",
    }


def test_the_same_again_changes_nothing_and_another_image_updates(prd: Prd) -> None:
    first = started(prd)
    again = started(prd)
    assert (again.outcome.change, again.done.commit) == ("unchanged", first.done.commit)
    updated = started(prd, images={"web": image("web", "c")})
    assert (updated.outcome.change, updated.outcome.preview.spec.lease) == ("updated", first.outcome.preview.spec.lease)
    assert updated.done.commit != first.done.commit


def test_without_room_it_is_refused_or_waits(prd: Prd) -> None:
    commit_file(
        prd.world.path, BASE, git(prd.world.path, "show", f"main:{BASE}").replace("previews: 20", "previews: 1")
    )
    started(prd)
    other = start_request("RTB-124", "web", requested_by="carol")
    before = state_of(prd.world.path)
    with pytest.raises(Stalled) as caught:
        start(other, "int", parts=prd.parts("nobody"))
    assert caught.value.reason is Reason.CAPACITY_EXHAUSTED
    assert state_of(prd.world.path) == before
    waits = start(replace(other, queue=True), "int", parts=prd.parts("nobody"))
    assert isinstance(waits, Queued)
    assert (waits.outcome.change, waits.outcome.place.position, waits.outcome.length) == ("queued", 1, 1)
    assert waits.outcome.queued.spec.lease.requested_by == "carol"
    assert "Requested-By: carol" in trailers(prd, waits.done.commit)


def test_where_changes_are_reviewed_it_is_asked_for_at_the_forge(prd: Prd) -> None:
    found = started(prd, "prd")
    request = found.done.reviewed.request
    assert request
    assert (request.branch, request.state) == (BRANCH, "open")
    assert found.done.commit == prd.world.head(BRANCH)
    assert git(prd.world.path, "ls-tree", "-r", "--name-only", "prd", "environments/prd/previews") == ""


def test_a_forge_that_fails_is_told_and_the_commit_stands(prd: Prd, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Transient(Reason.FORGE_UNREACHABLE, "the forge is away")

    def fails(*_: object, **__: object) -> None:
        raise gone

    monkeypatch.setattr(type(prd.forge), "ask", fails)
    found = started(prd, "prd")
    assert (found.done.reviewed.error, found.done.reviewed.request) == (gone, None)
    assert found.done.commit == prd.world.head(BRANCH)
    with pytest.raises(HubError) as caught:
        found.done.raise_unreviewed()
    assert caught.value is gone


def test_what_a_start_would_change_is_told_and_nothing_is_written(prd: Prd) -> None:
    asked = start_request("RTB-123", "web", requested_by="bob")
    before = state_of(prd.world.path)
    found = diff(asked, "int", parts=prd.parts("nobody"))
    assert (found.outcome.change, {one.kind for one in found.changes}) == ("created", {"added"})
    assert state_of(prd.world.path) == before
    started(prd)
    assert diff(asked, "int", parts=prd.parts("nobody")).changes == ()
    other = start_request("RTB-123", "web", requested_by="bob", images={"web": image("web", "c")})
    found = diff(other, "int", parts=prd.parts("nobody"))
    assert [(one.kind, one.identity.kind) for one in found.changes] == [("changed", "Deployment")]
    committed = git(prd.world.path, "show", f"main:{ENTRY}/manifest.yaml")
    ours = prd.hub("nobody")
    _, rendering = render(asked, environment("int"), LIBRARY, starter=ours.starter, now=ours.clock())
    assert rendering.text.encode() == committed.encode()
