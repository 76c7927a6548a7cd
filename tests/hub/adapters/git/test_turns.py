"""Who of a machine's processes goes first: who waits longest, if it lives; and nobody is kept from going on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.values.naming import IssueKey
from hub.adapters.git.turns import Turns
from worlds.commands import commit_file, git
from worlds.forking import Forks
from worlds.git_http import GitServer
from worlds.repositories import state_repository

WRITERS, EACH = 8, 3


@pytest.fixture
def turns(tmp_path: Path) -> Turns:
    return Turns(tmp_path, sleep=lambda _: None)


def test_the_turn_is_theirs_who_wait_longest(turns: Turns) -> None:
    assert not turns.are_waited_for()
    with turns.turn(5.0, wait_seconds=0) as has_come:
        assert (has_come, turns.are_waited_for()) == (True, True)
        with turns.turn(6.0, wait_seconds=0) as later, turns.turn(4.0, wait_seconds=0) as earlier:
            assert (later, earlier) == (False, True)
    assert not turns.are_waited_for()
    with turns.turn(6.0, wait_seconds=0) as has_come:
        assert has_come


def test_one_that_died_keeps_nobody_waiting(turns: Turns) -> None:
    with turns.turn(1.0, wait_seconds=0):
        (ticket,) = (turns.directory / "rtb-hub.turns").iterdir()
        left = ticket.with_name(ticket.name.replace("1000000-", "0000007-"))
    left.touch()
    assert turns.are_waited_for()
    with turns.turn(2.0, wait_seconds=0) as has_come:
        assert has_come
    assert not left.exists()


def test_where_no_ticket_can_be_taken_one_goes_on(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "is-a-file" / "x", sleep=lambda _: None)
    (tmp_path / "is-a-file").touch()
    with turns.turn(1.0) as has_come:
        assert (has_come, turns.are_waited_for()) == (False, False)


def test_a_turn_that_does_not_come_in_time_is_waited_for_no_longer(tmp_path: Path) -> None:
    now: list[float] = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    turns = Turns(tmp_path, sleep=sleep, monotonic=lambda: now[0])
    with turns.turn(1.0), turns.turn(2.0, wait_seconds=3.0) as has_come:
        assert (has_come, round(now[0])) == (False, 3)


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("worlds.fair_writer:main") as forks:
        yield forks


@pytest.mark.parametrize("kind", ["a path", "a remote"])
def test_of_eight_processes_none_is_overtaken_again_and_again(tmp_path: Path, forks: Forks, kind: str) -> None:
    """With pauses alone, one that lost was overtaken by up to 20 of these starts, which began after it and ended before."""
    state = state_repository(tmp_path / "state.git")
    git(state, "config", "http.receivepack", "true")
    policy, room = (
        "environments/base/environment.yaml",
        {"previews: 20": "previews: 1000", "quotaVcpu: 6": "quotaVcpu: 1000"},
    )
    text = git(state, "show", f"main:{policy}")
    for old, new in room.items():
        text = text.replace(old, new)
    commit_file(state, policy, text)
    with GitServer(tmp_path) as server:
        where = str(state) if kind == "a path" else server.url("state.git")
        running = [forks.start(where, tmp_path / "cache", f"W{number}", EACH) for number in range(WRITERS)]
        told = [line.split() for process in running for line in process.read().splitlines()]
        assert [process.wait() for process in running] == [0] * WRITERS
    times = [(float(begin), float(end)) for begin, end in told]
    assert len(times) == WRITERS * EACH
    overtaken = [sum(begin < other and ended < end for other, ended in times) for begin, end in times]
    assert max(overtaken) <= WRITERS, sorted(overtaken)
    previews = git(state, "ls-tree", "-r", "--name-only", "main", "environments/int/previews").split()
    names = {line.rsplit("/", 2)[-2] for line in previews}
    assert names == {IssueKey.parse(f"W{w}-{n}").name for w in range(WRITERS) for n in range(1, EACH + 1)}
    (tickets,) = tmp_path.rglob("rtb-hub.turns")
    assert [*tickets.iterdir()] == []
