"""`list --watch`: drawn anew on a real terminal, a line a change elsewhere; what cannot be read is not removed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pexpect
import pytest

from generator.errors import Fault, Reason, Stalled, Transient
from hub.cli.help import INTERRUPTED
from hub.commands.list_watch import Source, watch
from hub.output.exit_codes import CODES
from hub.output.formats import Format
from hub.views.listing.changes import changes, held
from worlds.builders import image
from worlds.commands import git, must, rtb_hub
from worlds.printed import hold
from worlds.repositories import state_repository
from worlds.terminals import command_line

WEB = ("--blueprint", "web", "--image", f"web={image('web')}")


class EnoughError(Exception):
    """No further look is taken."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *WEB, "--repo", made)
    return made


def listing(state: Path) -> dict[str, Any]:
    data: dict[str, Any] = must("list", "--repo", state, "-o", "json").json()
    return data


def watched(looks: Iterator[Callable[[], Mapping[str, Any]]], output: Format = Format.JSON) -> tuple[str, str]:
    """What is told on both streams by one look after the other."""
    pauses: list[float] = []

    def data() -> Mapping[str, Any]:
        look = next(looks, None)
        if look is None:
            raise EnoughError
        return look()

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(EnoughError):
        watch(Source(data, lambda: None), seconds=7, output=output, pause=pauses.append)
    assert set(pauses) == {7}
    return out.getvalue(), err.getvalue()


def told(looks: list[Callable[[], Mapping[str, Any]]]) -> list[tuple[str, str]]:
    out, _ = watched(iter(looks))
    hold(["list", "--watch", "-o", "json"], out, "")
    lines = [json.loads(line) for line in out.splitlines()]
    return [(one["change"], f"{one['preview']['issue']}/{one['preview']['environment']}") for one in lines]


def test_each_change_is_a_line(state: Path) -> None:
    looks: list[Callable[[], Mapping[str, Any]]] = [
        lambda: listing(state),
        lambda: listing(state),
        lambda: (must("start", "RTB-2", "--env", "stg", *WEB, "--repo", state), listing(state))[1],
        lambda: (must("extend", "RTB-1", "--env", "int", "--by", "1h", "--repo", state), listing(state))[1],
        lambda: (must("stop", "RTB-1", "--env", "int", "--repo", state), listing(state))[1],
    ]
    assert told(looks) == [
        ("listed", "RTB-1/int"), ("added", "RTB-2/stg"), ("changed", "RTB-1/int"), ("removed", "RTB-1/int"),
    ]  # fmt: skip


def test_what_passes_by_itself_is_no_change(state: Path) -> None:
    (row,) = listing(state)["previews"]
    later = {**row, "lease": {**row["lease"], "minutesLeft": 3}, "cause": "for 4 minutes"}
    assert [*changes([row], [later])] == []
    assert [one.kind for one in changes([row], [{**later, "phase": "failed"}])] == ["changed"]


def test_what_cannot_be_read_is_not_removed(state: Path) -> None:
    must("start", "RTB-2", "--env", "stg", *WEB, "--repo", state)
    whole = listing(state)
    part = {"previews": whole["previews"][:1], "unreadable": [{"environment": "stg", "file": "x", "faults": []}]}
    gone = {"previews": whole["previews"][:1], "unreadable": []}
    branch = {"previews": [], "unreadable": [{"environment": "main", "file": "", "faults": []}]}
    assert len(held(whole["previews"], part)) == len(held(whole["previews"], branch)) == 2
    assert told([lambda: whole, lambda: part, lambda: whole, lambda: gone]) == [
        ("listed", "RTB-1/int"), ("listed", "RTB-2/stg"), ("removed", "RTB-2/stg"),
    ]  # fmt: skip


def test_what_passes_is_told_and_looked_at_again(state: Path) -> None:
    whole = listing(state)

    def unreachable() -> Mapping[str, Any]:
        raise Transient(Reason.REPOSITORY_UNREACHABLE, Fault("no answer"))

    out, err = watched(iter([lambda: whole, unreachable, lambda: {"previews": [], "unreadable": []}]), Format.TABLE)
    first, second = out.splitlines()
    assert first.split()[1:4] == ["listed", "RTB-1/int", "active"]
    assert second.split()[1:3] == ["removed", "RTB-1/int"]
    assert "error: no answer [RepositoryUnreachable]" in err


@pytest.mark.parametrize("is_first", [True, False])
def test_what_does_not_pass_ends_it(state: Path, is_first: bool) -> None:
    whole = listing(state)
    refused = Stalled(Reason.REPOSITORY_DENIED, Fault("no"))

    def look() -> Mapping[str, Any]:
        if looks.pop():
            return whole
        raise refused

    looks = [False] if is_first else [False, True]
    with redirect_stdout(io.StringIO()), pytest.raises(Stalled) as caught:
        watch(Source(look, lambda: None), seconds=1, output=Format.NAME, pause=lambda _: None)
    assert caught.value is refused


def test_data_are_documents_lines_or_names(state: Path) -> None:
    whole = listing(state)
    texts = {form: watched(iter([lambda: whole]), form)[0] for form in (Format.YAML, Format.NAME, Format.TEXT)}
    assert texts[Format.YAML].startswith("---\nat: ")
    assert texts[Format.NAME] == "RTB-1/int\n"
    assert texts[Format.TEXT].splitlines()[0].endswith("\tlisted")


def test_what_is_wrong_is_told_at_once(state: Path) -> None:
    every = rtb_hub("list", "--watch", "--every", "0s", "--repo", state)
    assert (every.code, every.out) == (CODES[Reason.INVALID_VALUE], "")
    assert "--every: '0s' is not a duration" in every.err
    assert rtb_hub("list", "--watch", "--repo", state.parent).code == CODES[Reason.NOT_A_STATE_REPOSITORY]


@pytest.mark.parametrize(("term", "is_drawn"), [("xterm", True), ("dumb", False)])
def test_on_a_terminal_it_is_drawn_anew_and_ctrl_c_ends_it(state: Path, term: str, is_drawn: bool) -> None:
    with command_line("list", "--watch", "--every", "1s", "--repo", state, rows=40, TERM=term) as one:
        one.expect_exact("RTB-1")
        seen = one.before or ""
        must("start", "RTB-2", "--env", "stg", *WEB, "--repo", state)
        one.expect_exact("RTB-2")
        seen += one.before or ""
        assert ("\x1b[H" in seen) == is_drawn
        assert ("Ctrl-C ends" in seen) == is_drawn
        one.sendcontrol("c")
        one.expect(pexpect.EOF)
        assert "Traceback" not in (one.before or "")
        one.close()
        assert one.exitstatus == INTERRUPTED
    assert "RTB-2" in git(state, "log", "--format=%s", "main")
