"""Which messages there are: of all that Git has, and the last of what was told of; never of what cannot be read."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from generator.errors import HubError, Reason, Transient
from generator.values.naming import IssueKey
from hub.actions.start import start
from hub.actions.stop import StopRequest, stop
from hub.actions.telling.departed import AT_ONCE, BACK, Departed, Unheard
from hub.actions.telling.previews import Previews
from hub.actions.telling.teller import Teller
from hub.actions.telling.telling import repository_id
from hub.wiring.databases import ready_database
from hub.wiring.telling import open_previews
from reconcilers.messages.model import Message
from reconcilers.ports.cluster import ClusterState
from reconcilers.ports.git import GitStore
from worlds.approving import Prd
from worlds.builders import start_request
from worlds.commands import commit_file, git
from worlds.observations import FakeCluster, application, cluster, namespace

KEY = "int/RTB-123"


def started(prd: Prd, environment: str = "int") -> None:
    start(start_request(requested_by="alice", blueprint="web"), environment, parts=prd.parts("nobody"))


def stopped(prd: Prd, environment: str = "int") -> None:
    asked = StopRequest(IssueKey.parse("RTB-123"), "bob", "demo is over")
    stop(asked, environment, parts=prd.parts("nobody"))


def told(prd: Prd, *known: str, by: FakeCluster | None = None, only: str | None = None) -> dict[str, Message]:
    clusters = {"int": by} if by is not None else {}
    repository = prd.hub().repository(str(prd.world.path))
    previews = Previews(
        repository.store, repository.read, prd.now, clusters, review=lambda key: f"https://review/{key}"
    )
    return {one.key: one for one in previews.messages(known, environment=only)}


def test_without_a_cluster_it_is_told_what_git_tells(prd: Prd) -> None:
    assert told(prd) == {}
    started(prd)
    found = told(prd)
    assert found.keys() == {KEY}
    one = found[KEY]
    assert (one.phase, one.requested_by, one.review) == ("unseen", "alice", "")
    assert one.url.startswith("https://rtb-123.int.")
    assert one.ends is not None
    assert (one.per_hour is not None, one.whole is not None) == (True, True)


def test_with_a_cluster_it_is_told_what_runs(prd: Prd) -> None:
    started(prd)
    running = FakeCluster(cluster(application(), namespace()))
    assert told(prd, by=running)[KEY].phase == "running"
    away = FakeCluster(error=Transient(Reason.CLUSTER_UNREACHABLE, "no network"))
    assert told(prd, by=away)[KEY].phase == "unknown"


def test_a_cluster_that_is_away_delays_no_other_and_none_is_asked_of_what_is_not_there(prd: Prd) -> None:
    started(prd)
    started(prd, "stg")
    both = threading.Barrier(2, timeout=20)

    class Slow(FakeCluster):
        def observe(self, argocd: str, *, preview: str | None = None, with_set: bool = True) -> ClusterState:
            both.wait()  # until the other is asked too
            return super().observe(argocd, preview=preview, with_set=with_set)

    away = Slow(error=Transient(Reason.CLUSTER_UNREACHABLE, "no network"))
    unasked = FakeCluster(error=AssertionError("nothing is there"))  # type: ignore[arg-type]
    clusters = {"int": Slow(cluster(application(), namespace())), "stg": away, "prd": unasked}
    repository = prd.hub().repository(str(prd.world.path))
    found = Previews(repository.store, repository.read, prd.now, clusters).messages(())
    assert {one.key: one.phase for one in found} == {KEY: "running", "stg/RTB-123": "unknown"}


def test_what_was_stopped_is_told_of_once_more_with_who_and_why(prd: Prd) -> None:
    started(prd)
    prd.late += timedelta(hours=2)
    stopped(prd)
    assert told(prd) == {}, "nobody was told of it"
    one = told(prd, KEY)[KEY]
    assert one.phase == "withdrawn"
    assert one.ending is not None
    assert (one.ending.by, one.ending.why) == ("bob", "demo is over")
    assert one.ending.until is not None
    assert one.ending.until - one.ending.at == timedelta(days=7)
    assert one.ending.cost is not None
    assert one.ending.cost.amount >= 0
    going = FakeCluster(cluster(application(deleting_since=prd.now()), namespace()))
    assert told(prd, KEY, by=going)[KEY].phase == "stopping"
    gone = told(prd, KEY, by=FakeCluster())[KEY]
    assert (gone.phase, gone.ending) == ("removed", one.ending)


def test_what_awaits_a_review_says_where(prd: Prd) -> None:
    started(prd, "prd")
    one = told(prd)["prd/RTB-123"]
    assert (one.phase, one.review) == ("awaiting approval", "https://review/prd/RTB-123")
    assert one.ends is None


def test_what_cannot_be_read_is_never_told_to_be_gone(prd: Prd) -> None:
    started(prd)
    (path,) = [
        line
        for line in git(
            prd.world.path, "ls-tree", "-r", "--name-only", "main", "environments/int/previews"
        ).splitlines()
        if line.endswith("preview.yaml")
    ]
    good = git(prd.world.path, "show", f"main:{path}")
    commit_file(prd.world.path, path, "spec: [")
    assert told(prd, KEY) == {}, "its entry cannot be read"
    commit_file(prd.world.path, path, good)
    policy = "environments/int/environment.yaml"
    whole = git(prd.world.path, "show", f"main:{policy}")
    commit_file(prd.world.path, policy, "spec: [")
    assert told(prd, KEY) == {}, "its environment cannot be read"
    commit_file(prd.world.path, policy, whole)
    assert told(prd, KEY).keys() == {KEY}
    assert told(prd, KEY, only="stg") == {}


def test_a_request_in_the_queue_that_cannot_be_read_is_never_told_to_be_gone(prd: Prd) -> None:
    commit_file(prd.world.path, "environments/int/queue/rtb-123.yaml", "kind: [")
    assert told(prd, KEY) == {}


def test_an_end_that_claims_a_time_nobody_believes_is_told_without_it(
    prd: Prd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a commit by a wrong clock, or of somebody who wrote it so: nothing that is added to it leaves the calendar."""
    started(prd)
    repository = prd.world.path
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "@253402300799 +0000")
    tree = git(repository, "rev-parse", "main~1^{tree}").strip()
    claims = ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit-tree", tree, "-p", "main", "-m", "by hand")
    git(repository, "update-ref", "refs/heads/main", git(repository, *claims).strip())
    one = told(prd, KEY)[KEY]
    assert (one.phase, one.ending) == ("withdrawn", None)


@pytest.mark.parametrize(
    "location",
    [
        "https://git.example.com/team/state.git",
        "https://git.example.com/team/state",
        "ssh://git@git.example.com:22/team/state.git",
        "git@git.example.com:team/state.git",
    ],
)
def test_a_repository_is_the_same_however_it_is_reached(location: str) -> None:
    assert repository_id(location) == repository_id("https://git.example.com/team/state")
    assert repository_id(location) != repository_id("https://git.example.com/other/state")


def departed(prd: Prd) -> list[str]:
    state, found = prd.hub().repository(str(prd.world.path)).state("int"), list[HubError]()
    asked = Departed(prd.hub().store(str(prd.world.path)), prd.now, found.append)
    assert found == []
    return [*asked(state)]


def test_one_that_went_while_nobody_remembered_it_is_told_of_once_more(prd: Prd) -> None:
    started(prd)
    assert departed(prd) == []
    stopped(prd)
    assert departed(prd) == [KEY]
    repository = prd.hub().repository(str(prd.world.path))
    asked = Departed(repository.store, prd.now, pytest.fail)
    previews = Previews(repository.store, repository.read, prd.now, departed=asked)
    (one,) = previews.messages(())
    assert (one.key, one.phase, one.ending and one.ending.by) == (KEY, "withdrawn", "bob")
    assert [*previews.messages((), unheard=lambda keys: ())] == []
    prd.late += timedelta(days=BACK.days + 1)
    assert departed(prd) == []


def test_who_asks_is_told_of_what_is_there_and_of_what_is_named_and_no_history_is_read(prd: Prd) -> None:
    started(prd)
    stopped(prd)
    ours = prd.hub(RTB_HUB_DATA=str(prd.tmp / "data"))
    with ready_database(ours) as database:
        previews = open_previews(ours, str(prd.world.path), database, {})
        assert [*previews.messages(())] == []
        assert [one.key for one in previews.messages([KEY])] == [KEY]


def test_one_that_was_removed_by_hand_is_found_too(prd: Prd) -> None:
    path = prd.world.path
    before = git(path, "rev-parse", "main^{tree}").strip()
    started(prd)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    made = git(path, *who, "commit-tree", before, "-p", "main", "-m", "by hand").strip()
    git(path, "update-ref", "refs/heads/main", made)
    assert departed(prd) == [KEY]


def test_a_history_that_cannot_be_read_is_read_at_the_next_pass(prd: Prd) -> None:
    started(prd)
    stopped(prd)
    repository, refused = prd.hub().repository(str(prd.world.path)), list[HubError]()
    away = Transient(Reason.REPOSITORY_UNREACHABLE, "no network")

    class Away:
        def log(self, *_: object, **__: object) -> object:
            raise away

    asked = Departed(cast(GitStore, Away()), prd.now, refused.append)
    assert [*asked(repository.state("int"))] == []
    assert refused == [away]
    asked.store = repository.store
    assert [*asked(repository.state("int"))] == [KEY]


def test_a_few_are_looked_for_at_a_time_until_each_channel_knows_of_them() -> None:
    keys = [f"int/RTB-{number}" for number in range(1, AT_ONCE + 11)]
    known: set[str] = set()
    channels = [SimpleNamespace(is_of_previews=True, known_keys=lambda: known) for _ in range(2)]
    digests = SimpleNamespace(is_of_previews=False)
    unheard = Unheard(cast(list[Teller], [*channels, digests]))
    assert [*unheard(keys)] == keys[:AT_ONCE]
    known |= set(keys[:AT_ONCE])
    assert [*unheard(keys)] == keys[AT_ONCE:]
    assert len([found for _ in range(100) if (found := unheard(keys))]) < 100, "what is never found is let be"
    known |= set(keys)
    assert [*unheard(keys)] == []
