"""Revivals as values."""

from __future__ import annotations

import pytest

from generator.errors import About, ConfigError, Reason, Remedy, RemedyKind
from generator.values.naming import IssueKey
from hub.actions.revive import revive
from hub.actions.start import start
from hub.actions.stop import StopRequest, stop
from reconcilers.lifecycle.revive import ReviveRequest
from worlds.approving import Prd
from worlds.builders import image, start_request
from worlds.commands import git, state_of

KEY = IssueKey.parse("RTB-123")


def gone(prd: Prd) -> str | None:
    """Start with an image of its own and stop; the commit that removed it."""
    asked = start_request(requested_by="alice", blueprint="web", images={"web": image("web", "c")})
    start(asked, "int", parts=prd.parts("nobody"))
    stopped = stop(StopRequest(KEY, "alice"), "int", parts=prd.parts("nobody"))
    assert stopped
    return stopped.done.commit


def test_it_comes_back_as_it_was_for_who_asked(prd: Prd) -> None:
    removed_by = gone(prd)
    found = revive(ReviveRequest(KEY, "bob", "8h"), "int", parts=prd.parts("nobody"))
    assert found.outcome.removal
    assert (found.outcome.change, found.outcome.removal.commit.commit) == ("revived", removed_by)
    spec = found.outcome.preview.spec
    assert (spec.components["web"].image, spec.lease.ttl, spec.lease.requested_by) == (image("web", "c"), "8h", "bob")
    assert "Requested-By: bob" in git(prd.world.path, "log", "-1", "--format=%(trailers)", found.done.commit or "")


def test_what_is_there_stays_as_it_is(prd: Prd) -> None:
    start(start_request(requested_by="alice", blueprint="web"), "int", parts=prd.parts("nobody"))
    before = state_of(prd.world.path)
    found = revive(ReviveRequest(KEY, "bob"), "int", parts=prd.parts("nobody"))
    assert (found.outcome.change, found.outcome.plan, found.outcome.removal) == ("unchanged", None, None)
    assert state_of(prd.world.path) == before


def test_what_never_was_cannot_come_back(prd: Prd) -> None:
    with pytest.raises(ConfigError) as caught:
        revive(ReviveRequest(KEY, "bob"), "int", parts=prd.parts("nobody"))
    (fault,) = caught.value.faults
    assert (caught.value.reason, fault.remedy) == (
        Reason.PREVIEW_NOT_FOUND,
        Remedy(RemedyKind.SEE_HISTORY, About("int")),
    )
