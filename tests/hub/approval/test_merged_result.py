"""What is judged is what merging gives: requests whose own difference looks good, and whose merge does something else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from worlds.approving import Prd, prd_on
from worlds.builders import image
from worlds.commands import git, rtb_hub

HUB = ("rtb-hub", "rtb-hub@rtb-ai-hub.invalid")


@pytest.fixture
def prd(tmp_path: Path):  # type: ignore[no-untyped-def]
    with prd_on("local", tmp_path) as prd:
        yield prd


def branch(key: str) -> str:
    return f"preview/prd/{key.lower()}"


def folder(key: str) -> str:
    return f"environments/prd/previews/rtb/0/{key.lower()}"


def approve(prd: Prd, key: str) -> int:
    (number,) = [one.number for one in prd.requests() if one.branch == branch(key) and one.state == "open"]
    prd.world.report(prd.world.head(branch(key)), "guard", "passed")
    prd.world.review(number, "bob", "approved")
    return number


def merged(prd: Prd, key: str) -> None:
    number = approve(prd, key)
    assert any(line.startswith(f"merge prd/{key.lower()}") for line in prd.told()), number


def made(prd: Prd, tree: str, *parents: str, of: dict[str, str] | None = None) -> str:
    """A commit of the hub's with `tree`, to which folders of other commits are added (path → commit)."""
    path = prd.world.path
    index = {**os.environ, "GIT_INDEX_FILE": str(path / "test-index")}
    for role in ("AUTHOR", "COMMITTER"):
        at = prd.world.time().isoformat()
        index |= {f"GIT_{role}_NAME": HUB[0], f"GIT_{role}_EMAIL": HUB[1], f"GIT_{role}_DATE": at}

    def run(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", path, *arguments], check=True, env=index, capture_output=True, text=True)
        return done.stdout.strip()

    run("read-tree", tree)
    for where, commit in (of or {}).items():
        for line in git(path, "ls-tree", "-r", commit, where).splitlines():
            mode, _, blob, name = line.split()
            run("update-index", "--add", "--cacheinfo", f"{mode},{blob},{name}")
    named = [word for parent in parents for word in ("-p", parent)]
    return run("commit-tree", run("write-tree"), *named, "-m", "Start RTB-9 in prd")


def pushed(prd: Prd, key: str, commit: str) -> None:
    git(prd.world.path, "update-ref", f"refs/heads/{branch(key)}", commit)


def criss_cross(prd: Prd) -> tuple[str, str]:
    """RTB-1 was live and stopped, RTB-2 is live; the tip of RTB-5's branch, and prd before it was merged."""
    prd.start("RTB-1")
    merged(prd, "RTB-1")
    prd.start("RTB-5")
    assert prd.reconcile("stamp")["stamp"].commit
    prd.start("RTB-2")
    merged(prd, "RTB-2")
    prd.reconcile("stamp")
    prd.stop("RTB-1")
    merged(prd, "RTB-1")
    prd.start("RTB-5", images={"web": image("web", "c")})
    tip, before = prd.world.head(branch("RTB-5")), prd.world.head("prd")
    merged(prd, "RTB-5")
    prd.start("RTB-9")
    return tip, before


def refused(prd: Prd, key: str, told: str, by_guard: str = "") -> None:
    """It waits with that reason though everybody approves, and guard says the same of its merge, or `by_guard`."""
    before = prd.world.head("prd")
    approve(prd, key)
    lines = [line for line in prd.told() if f"prd/{key.lower()}" in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"wait prd/{key.lower()}")
    assert told in lines[0]
    assert prd.world.head("prd") == before
    ran = rtb_hub("guard", f"prd...{branch(key)}", "--branch", "prd", "--repo", prd.world.path)
    assert ran.code == 5
    assert (by_guard or told) in " ".join(ran.out.split())


def test_a_criss_cross_that_brings_back_what_was_stopped(prd: Prd) -> None:
    tip, before = criss_cross(prd)
    asked = prd.world.head(branch("RTB-9"))
    evil = made(prd, tip, tip, before, of={folder("RTB-9"): asked})
    seen = git(prd.world.path, "diff", "--name-only", f"prd...{evil}").split()
    assert {str(Path(path).parent) for path in seen} == {folder("RTB-9")}, "what people look at is good"
    given = git(prd.world.path, "merge-tree", "--write-tree", "prd", evil).split()[0]
    assert folder("RTB-1") in git(prd.world.path, "diff", "--name-only", "prd", given), "what they would get is not"
    pushed(prd, "RTB-9", evil)
    refused(prd, "RTB-9", "it has 2 merge bases with its target")
    refused_by_text(prd, "RTB-9", "2 merge bases")


def refused_by_text(prd: Prd, key: str, told: str) -> None:
    """Who asks again for what stands on the branch has reviewers read why it is not merged."""
    review = prd.hub().review_process(prd.store(prd.hub()), prd.forge)
    state = prd.hub().reading(prd.store(prd.hub())).state("prd")
    assert told in review.ask(key.lower(), state).body


def of_another(prd: Prd) -> str:
    """Their own target, and then a branch that nobody reviewed, with nothing in it that the target lacks."""
    prd.start("RTB-1")
    other = made(prd, "prd", "prd")
    prd.start("RTB-9")
    asked = prd.world.head(branch("RTB-9"))
    return made(prd, asked, asked, other)


def of_a_request(prd: Prd) -> str:
    """A commit of the target's history that never was its state: the tip of a request."""
    prd.start("RTB-5")
    tip = prd.world.head(branch("RTB-5"))
    merged(prd, "RTB-5")
    prd.start("RTB-9")
    asked = prd.world.head(branch("RTB-9"))
    return made(prd, asked, asked, tip)


@pytest.mark.parametrize("make", [of_another, of_a_request])
def test_a_merge_of_anything_but_its_own_target(prd: Prd, make: Callable[[Prd], str]) -> None:
    pushed(prd, "RTB-9", make(prd))
    refused(prd, "RTB-9", "it merges what never was a state of its target")


def test_ours_of_the_target_undoes_what_others_did(prd: Prd) -> None:
    prd.start("RTB-9")
    asked = prd.world.head(branch("RTB-9"))
    prd.start("RTB-2")
    merged(prd, "RTB-2")
    pushed(prd, "RTB-9", made(prd, asked, asked, "prd"))  # git merge -s ours prd
    refused(prd, "RTB-9", f"{branch('RTB-9')} is there to change RTB-9 only", "[removal-not-due]")


def test_an_unrelated_history(prd: Prd) -> None:
    prd.start("RTB-9")
    pushed(prd, "RTB-9", made(prd, branch("RTB-9")))
    refused(prd, "RTB-9", "it has 0 merge bases with its target")


def test_a_request_brought_up_to_date_is_merged(prd: Prd) -> None:
    prd.start("RTB-9")
    asked = prd.world.head(branch("RTB-9"))
    prd.start("RTB-2")
    merged(prd, "RTB-2")
    pushed(prd, "RTB-9", made(prd, "prd", asked, "prd", of={folder("RTB-9"): asked}))
    before = prd.world.head("prd")
    merged(prd, "RTB-9")
    changed = git(prd.world.path, "diff", "--name-only", before, "prd").split()
    assert {str(Path(path).parent) for path in changed} == {folder("RTB-9")}


def test_a_target_that_moved_since_it_was_judged_is_not_merged_into(prd: Prd) -> None:
    prd.start("RTB-9")
    approve(prd, "RTB-9")
    ours = prd.hub()
    store = prd.store(ours)
    review = ours.review_process(store, prd.forge)
    state = ours.reading(store).state("prd")
    found = review.found(state, now=prd.now())
    assert found.merging
    prd.world.push("prd", {"README.md": "moved\n"}, by="dave")
    moved = prd.world.head("prd")
    review.act(found, state)
    assert prd.world.head("prd") == moved
    assert [one.state for one in prd.requests()] == ["open"]
    assert prd.told() == (f"merge prd/rtb-9: request {prd.number()}: approved by bob",)
