"""Who may push anything but prd: what is pushed beside requests, said in them, and changed while they are judged."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from reconcilers.guard.judge import Guard
from worlds.approving import BRANCH, ENTRY, Prd, failed, prd_on
from worlds.commands import commit_file, git
from worlds.github_world import GitHubWorld

MANIFEST = str(PurePosixPath(ENTRY).with_name("manifest.yaml"))


@pytest.fixture(params=["local", "github"])
def prd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Prd]:
    with prd_on(request.param, tmp_path) as prd:
        yield prd


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Prd]:
    with prd_on("local", tmp_path) as prd:
        yield prd


def said_anew(prd: Prd, branch: str, message: str) -> None:
    """The branch's newest commit, as the hub's own but for what it says."""
    head, who = prd.world.head(branch), prd.world.forge.whoami()
    at = git(prd.world.path, "log", "-1", "--format=%cI", head).strip()
    fields = (("NAME", who.name), ("EMAIL", who.email), ("DATE", at))
    told = {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in fields}
    words = ("commit-tree", f"{head}^{{tree}}", "-p", f"{head}^", "-m", message)
    made = subprocess.run(["git", "-C", prd.world.path, *words], env={**os.environ, **told}, check=True, capture_output=True, text=True)  # fmt: skip
    git(prd.world.path, "update-ref", f"refs/heads/{branch}", made.stdout.strip())
    if isinstance(prd.world, GitHubWorld):
        prd.world.server.pushed("alice", branch)


class TestBranches:
    @pytest.mark.parametrize(("path", "mode"), [(ENTRY, "120000"), (ENTRY, "100644"), (MANIFEST, "100644")])
    def test_one_that_cannot_be_read_is_told_at_the_forge_and_keeps_nothing_back(
        self, local: Prd, path: str, mode: str
    ) -> None:
        local.start()
        local.forge.close(local.number(), "No.")
        commit_file(local.world.path, path, "[../../../../../etc/passwd", BRANCH, mode)
        for _ in range(2):
            outcomes = local.reconcile()
            assert failed(outcomes) == []
        (request,) = [one for one in local.requests() if one.state == "open"]
        assert "its files cannot be read" in request.body
        assert path in request.body
        local.approved()
        assert local.judged()[0] == "wait"
        assert local.merges() == 0

    def test_a_file_of_any_size_is_told_as_one(self, local: Prd) -> None:
        local.start()
        commit_file(local.world.path, ENTRY, "a" * 3_000_000, BRANCH)
        local.approved()
        assert "is no file of at most 1 MiB" in local.judged()[1]
        (record,) = local.hub().reading(local.store(local.hub())).state("prd").requests
        assert [fault.message for fault in record.faults] == ["is larger than 1 MiB"]

    def test_whatever_number_of_files_and_words_is_told_in_few(self, prd: Prd) -> None:
        prd.start()
        files = {f"{PurePosixPath(ENTRY).parent}/{'n' * 150}-{number}": "x\n" for number in range(400)}
        prd.world.push(BRANCH, files, by="dave")
        said_anew(prd, BRANCH, f"{'t' * 40_000}\n\nRequested-By: {'w' * 40_000}\nReason: {'y' * 40_000}\n")
        prd.world.close(prd.number(), by="dave")
        ours = prd.hub()
        store = prd.store(ours)
        state = ours.reading(store).state("prd")
        request = ours.review_process(store, prd.forge).ask("rtb-123", state)
        assert (len(request.title) <= 256, len(request.body) < 65_536) == (True, True)
        for _ in range(2):
            assert failed(prd.reconcile("approval")) == []
        ((_, said),) = prd.world.comments(request.number)
        assert len(said) < 65_536
        assert "and 380 more" in said

    def test_previews_of_others_are_not_judged_one_by_one(self, local: Prd, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each counts all others: thousands of them took minutes of every pass."""
        judged: list[object] = []
        monkeypatch.setattr(Guard, "judge", lambda guard, walk: judged.append(walk))
        local.start()
        text = git(local.world.path, "show", f"{BRANCH}:{ENTRY}")
        folder = PurePosixPath(ENTRY).parents[1]
        local.world.push(BRANCH, {f"{folder}/rtb-{number}/preview.yaml": text for number in (124, 125)}, by="dave")
        local.green()
        assert f"{BRANCH} is there to change RTB-123 only" in local.judged()[1]
        assert judged == []

    @pytest.mark.parametrize("name", ["RTB-123", "rTb-123", "ſys-1", "foo", "rtb-123/x", "-x", "--upload-pack=x"])
    def test_another_spelling_is_neither_asked_for_nor_merged(self, local: Prd, name: str) -> None:
        local.start(by="bob")
        head = local.world.head(BRANCH)
        folder = f"{PurePosixPath(ENTRY).parents[1]}/{name}"
        local.world.delete_branch(BRANCH)
        own = f"preview/prd/{name}"
        git(local.world.path, "update-ref", "--", f"refs/heads/{own}", head)
        if "/" not in name:
            commit_file(
                local.world.path, f"{folder}/preview.yaml", git(local.world.path, "show", f"{head}:{ENTRY}"), own
            )
        for _ in range(2):
            assert failed(local.reconcile()) == []
        assert [one for one in local.requests() if one.branch == own] == []
        git(local.world.path, "update-ref", "--", f"refs/heads/{own}", head)
        local.world.forge.open(own, "prd", title="Start RTB-123 in prd", body="")
        local.world.report(head, "guard", "passed")
        local.world.review(local.number(), "bob", "approved")
        local.world.review(local.number(), "carol", "approved")
        assert failed(local.reconcile()) == []
        assert local.merges() == 0
        assert f"{own} is not named after an issue" in "".join(local.told(acts=False))


class TestWords:
    SAID = "Start RTB-123 in prd\n\nPreview: prd/rtb-123\nAction: start\nRequested-By: alice\n"

    @pytest.mark.parametrize("other", ["prd/rtb-7", "int/rtb-123"])
    def test_a_commit_that_speaks_of_another_preview_is_not_merged(self, prd: Prd, other: str) -> None:
        """The history of the environment would tell it."""
        prd.start()
        said_anew(prd, BRANCH, f"{self.SAID}Preview: {other}\nAction: stop\nRequested-By: alice\n")
        prd.approved()
        kind, why, _ = prd.judged()
        assert (kind, f"says that it changes {other}" in why) == ("wait", True)

    def test_one_that_speaks_of_its_own_is(self, prd: Prd) -> None:
        prd.start()
        said_anew(prd, BRANCH, self.SAID)
        prd.approved()
        assert prd.judged()[0] == "merge"


class TestRetargeted:
    def test_one_that_is_aimed_elsewhere_after_it_was_listed_is_not_merged(self, tmp_path: Path) -> None:
        with prd_on("github", tmp_path) as prd:
            prd.start()
            prd.approved()
            git(prd.world.path, "update-ref", "refs/heads/elsewhere", prd.world.head("prd"))
            forge, listed = prd.forge, prd.forge.requests

            class Late:
                def __getattr__(self, name: str) -> object:
                    return getattr(forge, name)

                def requests(self, *base: str, **which: object) -> object:
                    found = listed(*base, **which)
                    prd.world.retarget(found[0].number, "elsewhere")
                    return found

            prd.forge = Late()
            told = prd.told()
            assert "it was aimed at elsewhere since it was listed" in "".join(told)
            assert prd.merges() == 0
            assert prd.world.head("elsewhere") == prd.world.head("prd")
