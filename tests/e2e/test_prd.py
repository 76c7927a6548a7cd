"""A preview of prd from its request to its end, on a real Gitea and a real Argo CD: nothing gets there unreviewed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from gitea import RefusedError
from gitea_world import CI, HUB, Cast, GiteaWorld
from hosted import HostedRepository
from state_repository import images
from world import World

from conftest import Record
from contracts.forge_contract import BASE
from generator.errors import Reason
from hub.output.exit_codes import CODES
from reconcilers.ports.forge import ChangeRequest

KEY = "GATED-1"
FOLDER = "environments/prd/previews"


@pytest.fixture
def hosted(world: World, cast: Cast, tmp_path: Path) -> Iterator[HostedRepository]:
    """A state repository on Gitea, which the cluster's prd follows meanwhile."""
    forge = GiteaWorld(cast, tmp_path, is_admin=False, is_empty=True)
    forge.join_team("alice")  # she may approve, but not what she asked for
    hosted = HostedRepository(forge, tmp_path)
    credentials = hosted.credentials()
    world.plane.apply([credentials])
    try:
        world.install("prd", hosted.url_to_read)
        yield hosted
    finally:
        world.install("prd", world.url)
        world.core.delete_namespaced_secret(credentials["metadata"]["name"], credentials["metadata"]["namespace"])


def test_a_preview_of_prd_from_request_to_end(world: World, hosted: HostedRepository, record: Record) -> None:
    the_hubs_token_cannot_push(hosted.forge)
    number = ask(hosted, record)
    check(hosted, number, record)
    the_requesters_approval_does_not_count(hosted, number)
    merge = approve(world, hosted, number, record)
    world.refresh("prd")  # Gitea's webhooks mean nothing to the set's controller (docs/FORGES.md)
    record("prd: merged → Healthy", world.until(f"{KEY} is Healthy", lambda: world.is_healthy(KEY)))
    pods = {pod.metadata.uid for pod in world.pods(KEY)}
    ends = begin_lease(hosted, merge, record)
    world.until("its lease has ended", lambda: datetime.now(UTC) >= ends, 90)
    assert {pod.metadata.uid for pod in world.pods(KEY)} == pods  # its beginning restarted nothing
    end_lease(hosted, record)
    world.refresh("prd")
    record("prd: removed → gone", world.until_gone(KEY))
    the_hubs_token_cannot_push(hosted.forge)


def ask(hosted: HostedRepository, record: Record) -> int:
    """alice asks. What she asked for stands at Gitea, waits, and cannot be merged with the hub's token."""
    forge = hosted.forge
    begin = time.monotonic()
    asked = hosted.as_alice("start", KEY, "--env", "prd", *images(), "--ttl", "1m", "--output", "json").json()
    record("prd: asked → request open", time.monotonic() - begin)
    number = int(asked["request"]["number"])
    request = forge.forge.request(number)
    assert (request.branch, request.base, request.author.login) == (f"preview/prd/{KEY.lower()}", BASE, HUB)
    assert request.labels == {"preview:prd", "preview:start"}
    assert forge.asked(number) == {forge.team}
    for words in ("asked for by `alice`", "it ends 1m after the merge", "it costs ", "a" * 64, "sha256:", "Objects: "):
        assert words in request.body, words
    assert [wait["for"] for wait in waiting(hosted)["waits"]] == ["approvals", "checks"]
    with pytest.raises(RefusedError) as refused:
        forge.merge(number, HUB)
    assert refused.value.status == 405
    return number


def check(hosted: HostedRepository, number: int, record: Record) -> None:
    """The CI runs guard, and reports what it found as a commit status."""
    begin = time.monotonic()
    judged = hosted.guard(hosted.merged_for_a_check(number)).json()
    assert judged["changed"] == [f"{FOLDER}/gated/0/{KEY.lower()}"]
    hosted.forge.report(waiting(hosted)["head"], "guard", "passed" if judged["allowed"] else "failed", by=CI)
    record("prd: guard's result reported", time.monotonic() - begin)


def the_requesters_approval_does_not_count(hosted: HostedRepository, number: int) -> None:
    """Though she is in the team, and Gitea takes it: the hub merges nothing, and says why."""
    forge = hosted.forge
    before = forge.line(BASE)
    forge.review(number, "alice", "approved")
    hosted.as_hub("reconcile", "--only", "approval")
    assert forge.line(BASE) == before
    only = waiting(hosted)
    assert only["notCounted"] == ["alice asked for it"]
    assert [wait["words"] for wait in only["waits"]] == [f"1 more approval of {forge.team}"]
    assert "alice asked for it" in dict(forge.comments(number))[HUB]


def approve(world: World, hosted: HostedRepository, number: int, record: Record) -> ChangeRequest:
    """bob approves, and the hub merges; the request as it is then."""
    forge = hosted.forge
    before = forge.line(BASE)
    forge.review(number, "bob", "approved")
    record("prd: approved → merged", world.until("the request is merged", lambda: is_merged(hosted, number)))
    request = forge.forge.request(number)
    assert request.merge_commit is not None
    assert forge.line(BASE) == [request.merge_commit, *before]
    assert forge.parents(request.merge_commit) == [before[0], request.head]
    return request


def begin_lease(hosted: HostedRepository, request: ChangeRequest, record: Record) -> datetime:
    """The expiry identity, and not the hub's, stamps the entry with the merge's time; when the lease ends."""
    hosted.as_hub("reconcile")
    assert "expiresAt" not in lease(hosted)
    begin = time.monotonic()
    hosted.as_expiry("reconcile")
    record("prd: run that begins the lease", time.monotonic() - begin)
    begun = lease(hosted)
    activated, ends = (datetime.fromisoformat(begun[name]) for name in ("activatedAt", "expiresAt"))
    assert activated == request.merged_at
    assert ends - activated == timedelta(minutes=1)
    assert request.merge_commit is not None
    the_expiry_identity_pushed(hosted, onto=request.merge_commit)
    return ends


def end_lease(hosted: HostedRepository, record: Record) -> None:
    """The expiry identity removes what is due. With the hub's token Gitea refuses the same commit."""
    before = hosted.fetch()
    code = CODES[Reason.REPOSITORY_REFUSED]
    hosted.with_the_hubs_token("reconcile", "--env", "prd", "--only", "expiry", code=code)
    assert hosted.fetch() == before
    begin = time.monotonic()
    hosted.as_expiry("reconcile")
    record("prd: run that removes", time.monotonic() - begin)
    the_expiry_identity_pushed(hosted, onto=before)
    assert not [name for name in hosted.files(FOLDER) if KEY.lower() in name]


def the_hubs_token_cannot_push(forge: GiteaWorld) -> None:
    """Not on top of prd, not by force, and it cannot delete it: Gitea refuses, whatever the hub does."""
    before = forge.line(BASE)
    with pytest.raises(RuntimeError, match="protected branch"):
        forge.push(BASE, {"evil.txt": "x\n"}, by=HUB)
    with pytest.raises(RuntimeError, match="protected from force push"):
        forge.push(BASE, {"evil.txt": "x\n"}, by=HUB, onto="origin/main")
    with pytest.raises(RuntimeError, match="protected from deletion"):
        forge.delete_branch(BASE, by=HUB)
    assert forge.line(BASE) == before


def waiting(hosted: HostedRepository) -> dict[str, Any]:
    """The one request that waits, as `rtb-hub approvals` tells it."""
    told = hosted.as_hub("approvals", "--env", "prd", "--output", "json").json()
    (only,) = told["requests"][0]["open"]
    assert (only["issue"], only["decision"]) == (KEY, "wait")
    return dict(only)


def is_merged(hosted: HostedRepository, number: int) -> bool:
    """Whether it is, after the hub looked once more: Gitea may not have computed yet that it can be merged."""
    hosted.as_hub("reconcile", "--only", "approval")
    return hosted.forge.forge.request(number).state == "merged"


def lease(hosted: HostedRepository) -> dict[str, Any]:
    """The lease in the preview's entry on prd."""
    head = hosted.fetch()
    (entry,) = (name for name in hosted.files(FOLDER) if name.endswith(f"{KEY.lower()}/preview.yaml"))
    return dict(yaml.safe_load(hosted.forge.files(head)[entry])["spec"]["lease"])


def the_expiry_identity_pushed(hosted: HostedRepository, *, onto: str) -> None:
    """One commit, which guard lets that identity push and nobody else."""
    head = hosted.fetch()
    assert hosted.forge.parents(head) == [onto]
    assert hosted.guard(f"{onto}..{head}", "expiry").json()["allowed"]
