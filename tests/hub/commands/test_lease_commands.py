"""`extend`, `revive`, `history`, `list` and `--office-hours` as people use them, on real repositories."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from generator.values.formats import parse_time
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, commit_file, git, must, rtb_hub
from worlds.forking import Forks
from worlds.repositories import state_repository

ENTRY = "environments/int/previews/rtb/100/rtb-123"
HOUR = timedelta(hours=1)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


@pytest.fixture
def tell(state: Path) -> Callable[..., Any]:
    """Run a command on the repository and give its JSON."""
    return lambda *arguments, **environ: must(*arguments, "--repo", state, "-o", "json", **environ).json()


def start(tell: Callable[..., Any], *arguments: str, key: str = "RTB-123", env: str = "int") -> Any:
    return tell("start", key, "--env", env, *IMAGES, *arguments)


def ends(told: Any) -> datetime:
    return parse_time(told["lease"]["expiresAt"])


def test_extend_in_words_and_for_machines(state: Path, tell: Callable[..., Any]) -> None:
    before = start(tell)
    ran = must("extend", "RTB-123", "--env", "int", "--by", "4h", "--reason", "demo \x1b[2J", "--repo", state)
    assert "✓ RTB-123 in int ends at " in ran.out
    again = must("extend", "RTB-123", "--env", "int", "--by", "4h", "--repo", state)
    assert "nothing was added: alice extended it by 4h at " in again.out
    told = tell("extend", "RTB-123", "--env", "int", "--by", "60h")
    assert (told["change"], told["extension"]["by"], told["onBranch"]) == ("extended to the cap", "60h", "main")
    assert ends(told) == parse_time(told["latestEnd"]) == ends(before) + 48 * HOUR
    assert parse_time(told["previousEnd"]) == ends(before) + 4 * HOUR
    refused = rtb_hub("extend", "RTB-123", "--env", "int", "--by", "1h", "--repo", state)
    assert (refused.code, "72h after" in refused.err) == (CODES[Reason.OVER_LIMIT], True)
    shown = must("show", "RTB-123", "--env", "int", "--repo", state).out
    assert "extended  by 4h at " in shown
    assert r"for alice: demo \x1b[2J" in shown
    assert "\x1b" not in shown
    extensions = tell("show", "RTB-123", "--env", "int")["lease"]["extensions"]
    assert [(one["by"], one["requestedBy"], one["reason"]) for one in extensions] == [("4h", "alice", "demo \x1b[2J"), ("60h", "alice", "")]  # fmt: skip


def test_a_button_that_is_pressed_by_two_extends_once(state: Path, tell: Callable[..., Any]) -> None:
    seen = start(tell)["lease"]["expiresAt"]
    press = ("extend", "RTB-123", "--env", "int", "--by", "4h", "--if-ends", seen)
    assert tell(*press)["change"] == "extended"
    told = tell(*press, RTB_HUB_ACTOR="bob")
    assert (told["change"], told["commit"], told["extension"]["requestedBy"]) == ("unchanged", None, "alice")
    assert "nothing was added: alice extended it by 4h" in must(*press, "--repo", state, RTB_HUB_ACTOR="bob").out


def test_an_extension_of_an_end_that_is_not_there_any_more_is_no_success(state: Path, tell: Callable[..., Any]) -> None:
    seen = start(tell)["lease"]["expiresAt"]
    asked = ("extend", "RTB-123", "--env", "int", "--by", "4h", "--if-ends", "2030-01-01T00:00:00Z", "--repo", state)
    ran = rtb_hub(*asked)
    assert (ran.code, "✓" in ran.out, f"! RTB-123 in int ends at {seen}; nothing was added" in ran.out) == (
        7,
        False,
        True,
    )
    ran = rtb_hub(*asked, "--output", "json")
    assert (ran.code, ran.json()["change"], ran.json()["end"]) == (7, "unchanged", seen)


@pytest.mark.parametrize("seen", ["2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z"])
def test_an_end_that_the_lease_never_had_is_no_success_after_an_extension(
    seen: str, state: Path, tell: Callable[..., Any]
) -> None:
    start(tell)
    tell("extend", "RTB-123", "--env", "int", "--by", "1d")
    ran = rtb_hub("extend", "RTB-123", "--env", "int", "--by", "1h", "--if-ends", seen, "--repo", state)
    assert (ran.code, "✓" in ran.out, "! RTB-123 in int ends at" in ran.out) == (7, False, True)


def test_a_double_click_in_several_processes_extends_once(
    state: Path, tell: Callable[..., Any], forked_hub: Forks
) -> None:
    before = ends(start(tell))
    clicks = [forked_hub.start("extend", "RTB-123", "--env", "int", "--by", "4h", "--repo", state) for _ in range(3)]
    said = [one.read() for one in clicks]
    assert [one.wait() for one in clicks] == [0, 0, 0], said
    assert sum("nothing was added" in out for out in said) == 2
    assert ends(tell("show", "RTB-123", "--env", "int")) == before + 4 * HOUR


def test_revive_brings_back_what_was_stopped(state: Path, tell: Callable[..., Any]) -> None:
    start(tell, "--set", "web.env.A=no")
    text = git(state, "show", f"main:{ENTRY}/preview.yaml")
    tell("stop", "RTB-123", "--env", "int")
    stopped = git(state, "rev-parse", "main").strip()
    ran = must("revive", "RTB-123", "--env", "int", "--ttl", "8h", "--repo", state)
    assert "✓ RTB-123 in int is brought back" in ran.out
    assert f"by {stopped[:12]}: Stop RTB-123 in int" in ran.out
    back = git(state, "show", f"main:{ENTRY}/preview.yaml")
    assert back[: back.index("  lease:")] == text[: text.index("  lease:")]
    told = tell("revive", "RTB-123", "--env", "int")
    assert (told["change"], told["commit"], told["lease"]["ttl"]) == ("unchanged", None, "8h")
    assert "is there; nothing was changed" in must("revive", "RTB-123", "--env", "int", "--repo", state).out
    assert rtb_hub("revive", "RTB-9", "--env", "int", "--repo", state).code == CODES[Reason.PREVIEW_NOT_FOUND]


def test_revive_after_the_removal_was_reverted_and_another_one_made(state: Path, tell: Callable[..., Any]) -> None:
    start(tell)
    tell("stop", "RTB-123", "--env", "int")
    text = git(state, "show", f"main~1:{ENTRY}/preview.yaml")
    commit_file(state, f"{ENTRY}/preview.yaml", text)
    assert tell("revive", "RTB-123", "--env", "int")["change"] == "unchanged"
    tell("stop", "RTB-123", "--env", "int", "--reason", "again")
    last = git(state, "rev-parse", "main").strip()
    assert tell("revive", "RTB-123", "--env", "int")["removedBy"] == last


def test_extend_and_revive_in_prd_go_by_request(state: Path, tell: Callable[..., Any]) -> None:
    start(tell, env="prd")
    refused = rtb_hub("extend", "RTB-123", "--env", "prd", "--by", "1h", "--repo", state)
    assert (refused.code, "has no end yet" in refused.err) == (CODES[Reason.INVALID_VALUE], True)
    prd = git(state, "rev-parse", "prd")
    for arguments in (
        ("update-ref", "refs/heads/prd", "preview/prd/rtb-123"),
        ("update-ref", "-d", "refs/heads/preview/prd/rtb-123"),
    ):
        git(state, *arguments)
    tell("stop", "RTB-123", "--env", "prd")
    assert tell("revive", "RTB-123", "--env", "prd")["change"] == "kept"
    tell("stop", "RTB-123", "--env", "prd")
    for arguments in (
        ("update-ref", "refs/heads/prd", "preview/prd/rtb-123"),
        ("update-ref", "-d", "refs/heads/preview/prd/rtb-123"),
    ):
        git(state, *arguments)
    ran = must("revive", "RTB-123", "--env", "prd", "--repo", state)
    assert "open a pull request from this branch to prd" in ran.out
    assert git(state, "rev-parse", "preview/prd/rtb-123~3") == prd
    waiting = [event for event in tell("history", "--env", "prd")["events"] if event["awaitsMergeOf"]]
    assert [(event["action"], event["awaitsMergeOf"]) for event in waiting] == [("revive", "preview/prd/rtb-123")]


def test_history_in_words_and_for_machines(state: Path, tell: Callable[..., Any]) -> None:
    start(tell)
    tell("extend", "RTB-123", "--env", "int", "--by", "4h", "--reason", "demo \x1b[2J\u202e")
    start(tell, key="RTB-9", env="stg")
    commit_file(state, f"{ENTRY}/manifest.yaml", "kind: [x\n")
    events = tell("history", "RTB-123", "--env", "int")["events"]
    assert [(e["action"], e["who"]) for e in events] == [("by hand", "a"), ("extend", "alice"), ("start", "alice")]
    told = must("history", "--repo", state, "--since", "1d").out
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert len(told.splitlines()) == 5
    short = tell("history", "--limit", "2")
    assert (len(short["events"]), short["more"]) == (2, True)
    assert "there is more" in must("history", "--limit", "1", "--repo", state).out
    assert tell("history", "--limit", "0")["more"] is False
    assert "nothing is known of RTB-7" in must("history", "RTB-7", "--repo", state).out
    for arguments, reason in (
        (("--since", "yesterday"), Reason.INVALID_VALUE),
        (("--env", "itn"), Reason.UNKNOWN_ENVIRONMENT),
        (("rtb_1",), Reason.INVALID_ISSUE_KEY),
    ):
        assert rtb_hub("history", *arguments, "--repo", state).code == CODES[reason], arguments
    assert len(tell("history", "--since", "99999d")["events"]) == 4


def test_office_hours_are_told_and_kept_until_asked_otherwise(state: Path, tell: Callable[..., Any]) -> None:
    told = start(tell, "--office-hours", "--ttl", "18h")
    assert told["lease"]["officeHours"] is True
    begin, end = parse_time(told["lease"]["requestedAt"]), ends(told)
    assert end - begin > timedelta(hours=18 + 15)  # a night at least lies between
    hours = (end - begin) / HOUR
    assert float(told["price"]["perLease"]) == pytest.approx(float(told["price"]["perHour"]) * hours)
    assert start(tell)["change"] == "unchanged"
    words = "office hours only: Mon, Tue, Wed, Thu, Fri 09:00–18:00 Asia/Seoul"
    assert words in must("show", "RTB-123", "--env", "int", "--repo", state).out
    assert "office hours only in int: RTB-123 (Mon, Tue" in must("list", "--repo", state).out
    entry = git(state, "show", f"main:{ENTRY}/preview.yaml")
    assert "    officeHours: true\n" in entry
    told = start(tell, "--no-office-hours", "--ttl", "18h")
    assert (told["change"], ends(told)) == ("updated", begin + 18 * HOUR)
    assert "officeHours" not in git(state, "show", f"main:{ENTRY}/preview.yaml")


def test_list_counts_and_adds_up_what_it_shows(state: Path, tell: Callable[..., Any]) -> None:
    start(tell)
    start(tell, "--compute", "spot", key="RTB-9", env="stg")
    commit_file(state, "environments/int/previews/rtb/0/rtb-7/preview.yaml", "nonsense\n")
    table = must("list", "--repo", state).out
    assert "2 previews; $0.0284 an hour, $0.6814 for the leases; 1 on spot without a price of its own" in table
    assert "1 preview; $0.0284 an hour" in must("list", "--env", "int", "--env", "prd", "--repo", state).out
    told = tell("list", "--issue", "RTB-9", "--phase", "active")
    assert ([one["issue"] for one in told["previews"]], told["totals"], told["unreadable"]) == (
        ["RTB-9"], {"previews": 1, "prices": []}, [],
    )  # fmt: skip
    assert tell("list", "--project", "RTB", "--reverse")["totals"]["prices"][0]["previews"] == 1
    assert (
        "no previews match the filters (searched int, prd, stg)"
        in must("list", "--ends-within", "1h", "--repo", state).out
    )
    assert rtb_hub("list", "--env", "itn", "--repo", state).code == CODES[Reason.UNKNOWN_ENVIRONMENT]
