"""Branches that must not be rewritten or deleted: the hook under real pushes, and what is read of a repository."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from generator.errors import Reason, Stalled
from hub.adapters.git.push_rules import HOOK, protect, pushed_to, rules_of
from reconcilers.approval.push_rules import branch_rules
from worlds.builders import environment
from worlds.commands import IMAGES, must, state_of

WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@x.io", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@x.io"}


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", repository, *arguments],
        env={**os.environ, **WHO},
        capture_output=True,
        text=True,
        check=False,
    )


def done(repository: Path, *arguments: str) -> str:
    ran = run(repository, *arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def commit(clone: Path, message: str = "by hand") -> str:
    done(clone, "commit", "-q", "--allow-empty", "-m", message)
    return done(clone, "rev-parse", "HEAD")


def head(repository: Path, branch: str) -> str:
    return run(repository, "rev-parse", "--verify", "-q", f"refs/heads/{branch}").stdout.strip()


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A state repository that people push to, with a feature branch and a request beside its environments' branches."""
    must("init", tmp_path / "server.git")
    for branch in ("feature", "preview/prd/rtb-1"):
        done(tmp_path / "server.git", "branch", branch, "prd")
    return tmp_path / "server.git"


@pytest.fixture
def clone(server: Path, tmp_path: Path) -> Path:
    done(tmp_path, "clone", "-q", str(server), "clone")
    return tmp_path / "clone"


# Under real pushes


@pytest.mark.parametrize("branch", ["main", "prd"])
@pytest.mark.parametrize("options", [["--force"], ["--force-with-lease"], ["--atomic", "--force"]], ids=str)
def test_an_environments_branch_is_not_rewritten(server: Path, clone: Path, branch: str, options: list[str]) -> None:
    done(clone, "checkout", "-q", branch)
    done(clone, "commit", "-q", "--amend", "-m", "another history")
    before = state_of(server)
    ran = run(clone, "push", *options, "origin", branch)
    assert ran.returncode != 0
    assert f"rtb-hub: {branch} must not be rewritten: an older state removes previews" in ran.stderr
    assert state_of(server) == before


def test_an_older_state_is_a_rewriting_too(server: Path, clone: Path) -> None:
    first = head(server, "main")
    newer = commit(clone)
    done(clone, "push", "origin", "main")
    assert "must not be rewritten" in run(clone, "push", "--force", "origin", f"{first}:main").stderr
    assert head(server, "main") == newer


@pytest.mark.parametrize("branch", ["main", "prd"])
def test_an_environments_branch_is_not_deleted(server: Path, clone: Path, branch: str) -> None:
    done(server, "symbolic-ref", "HEAD", "refs/heads/feature")  # git itself guards only the branch HEAD names
    ran = run(clone, "push", "origin", f":{branch}")
    assert ran.returncode != 0
    assert f"rtb-hub: {branch} must not be deleted: previews live on it" in ran.stderr
    assert head(server, branch)


@pytest.mark.parametrize("branch", ["feature", "preview/prd/rtb-1"])
def test_other_branches_are_made_rewritten_and_deleted_freely(server: Path, clone: Path, branch: str) -> None:
    done(clone, "checkout", "-q", "-b", "mine", f"origin/{branch}")
    done(clone, "commit", "-q", "--amend", "-m", "another history")
    done(clone, "push", "--force", "origin", f"mine:{branch}")
    assert head(server, branch) == head(clone, "mine")
    done(clone, "push", "origin", f":{branch}", "mine:refs/heads/new", "mine:refs/tags/v1")
    assert (head(server, branch), head(server, "new")) == ("", head(clone, "mine"))


def test_in_one_push_only_what_is_refused_stays(server: Path, clone: Path) -> None:
    done(clone, "commit", "-q", "--amend", "-m", "another history")
    before = head(server, "main")
    both = ("push", "origin", "+main", ":preview/prd/rtb-1")
    assert run(clone, *both[:1], "--atomic", *both[1:]).returncode != 0
    assert head(server, "preview/prd/rtb-1")
    assert run(clone, *both).returncode != 0
    assert (head(server, "main"), head(server, "preview/prd/rtb-1")) == (before, "")


def test_an_object_that_replaces_another_does_not_lend_it_a_history(server: Path, clone: Path) -> None:
    old = head(server, "main")
    done(clone, "checkout", "-q", "--orphan", "other")
    other = commit(clone)
    done(clone, "replace", "--graft", other, old)
    done(clone, "push", "origin", "refs/replace/*:refs/replace/*")
    assert done(server, "merge-base", other, old) == old, "the trick does not work any more: look for another"
    assert "must not be rewritten" in run(clone, "push", "--force", "origin", "other:main").stderr
    assert head(server, "main") == old


def test_pushes_at_the_same_time_all_arrive(server: Path, tmp_path: Path) -> None:
    writers, each = 4, 3

    def write(number: int) -> None:
        mine = tmp_path / f"writer-{number}"
        done(tmp_path, "clone", "-q", str(server), str(mine))
        for turn in range(each):
            commit(mine, f"writer {number} turn {turn}")
            for _ in range(100):
                if run(mine, "push", "origin", "main").returncode == 0:
                    break
                done(mine, "pull", "-q", "--rebase", "origin", "main")
            else:
                raise AssertionError("never got through")

    before = int(done(server, "rev-list", "--count", "main"))
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    subjects = done(server, "log", "--format=%s", f"-{writers * each}", "main").splitlines()
    assert sorted(subjects) == sorted(f"writer {n} turn {t}" for n in range(writers) for t in range(each))
    assert int(done(server, "rev-list", "--count", "main")) == before + writers * each
    done(server, "fsck", "--strict")


def test_a_hub_on_a_clone_starts_stops_and_withdraws_through_the_hook(server: Path, tmp_path: Path) -> None:
    must("init", tmp_path / "hub.git", "--remote", server)
    repo = ("--repo", tmp_path / "hub.git")
    must("start", "RTB-7", "--env", "int", *IMAGES, *repo)
    must("stop", "RTB-7", "--env", "int", *repo)
    must("start", "RTB-7", "--env", "prd", *IMAGES, *repo)
    assert head(server, "preview/prd/rtb-7")
    must("stop", "RTB-7", "--env", "prd", *repo)
    assert head(server, "preview/prd/rtb-7") == ""


def test_without_a_list_every_branch_but_requests_is_guarded(server: Path, clone: Path) -> None:
    done(server, "config", "--unset-all", "rtb-hub.protectedBranch")
    done(server, "symbolic-ref", "HEAD", "refs/heads/none")
    done(server, "tag", "v1", "main")
    refused = run(clone, "push", "origin", ":feature", ":main", ":preview/prd/rtb-1", ":refs/tags/v1").stderr
    assert done(server, "tag") == ""
    assert refused.count("must not be deleted") == 2
    assert [bool(head(server, b)) for b in ("feature", "main", "preview/prd/rtb-1")] == [True, True, False]
    rules = rules_of(server, environ=os.environ)
    assert rules.held_by("no-deletion", "feature") == "hook"
    assert rules.held_by("no-deletion", "preview/prd/rtb-1") is None


@pytest.mark.parametrize("branch", ["odd$(touch${IFS}made)'\"`name", "über", "-x"])
def test_a_branchs_name_is_only_a_name(server: Path, clone: Path, branch: str) -> None:
    done(server, "update-ref", f"refs/heads/{branch}", "main")
    protect(server, [branch], environ=os.environ)
    ran = run(clone, "push", "origin", f":refs/heads/{branch}")
    assert "must not be deleted" in ran.stderr
    assert head(server, branch)
    assert not list(server.rglob("made"))


def test_part_of_a_guarded_name_is_another_name(server: Path, clone: Path) -> None:
    for branch in ("mai", "main2", "x/main"):
        done(server, "branch", branch, "main")
        done(clone, "push", "origin", f":{branch}")


def test_repositories_with_longer_object_names_are_guarded(tmp_path: Path) -> None:
    done(tmp_path, "init", "-q", "--bare", "--object-format=sha256", "--initial-branch=x", "server.git")
    protect(tmp_path / "server.git", ["main"], environ=os.environ)
    done(tmp_path, "init", "-q", "--object-format=sha256", "clone")
    clone = tmp_path / "clone"
    done(clone, "remote", "add", "origin", str(tmp_path / "server.git"))
    commit(clone)
    done(clone, "push", "origin", "HEAD:refs/heads/main")
    assert "must not be deleted" in run(clone, "push", "origin", ":main").stderr
    done(clone, "commit", "-q", "--amend", "--allow-empty", "-m", "another history")
    assert "must not be rewritten" in run(clone, "push", "-f", "origin", "HEAD:refs/heads/main").stderr


def test_what_git_cannot_tell_is_refused(server: Path) -> None:
    known, unknown = head(server, "main"), "1" * 40
    ran = subprocess.run(
        [server / "hooks" / "update", "refs/heads/main", unknown, known],
        env={**os.environ, "GIT_DIR": str(server)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, "git cannot tell" in ran.stderr) == (1, True)


# What is read of a repository


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    done(tmp_path, "init", "-q", "--bare", "plain.git")
    return tmp_path / "plain.git"


def place(hook: Path, text: str, mode: int = 0o755) -> None:
    hook.parent.mkdir(exist_ok=True, parents=True)
    hook.write_text(text)
    hook.chmod(mode)


def test_a_plain_repository_holds_nothing(plain: Path) -> None:
    rules = rules_of(plain, environ=os.environ)
    assert (rules.hook, rules.guarded, rules.requests_can_be_withdrawn) == ("none", frozenset(), True)
    assert [rules.held_by(name, "main") for name in ("no-rewriting", "no-deletion", "hub-only", "reviewed")] == [
        None
    ] * 4


@pytest.mark.parametrize(("value", "holds"), [("true", True), ("on", True), ("1", True), ("no", False), ("", False)])
def test_gits_own_settings_count(plain: Path, value: str, holds: bool) -> None:
    done(plain, "config", "receive.denyNonFastForwards", value)
    rules = rules_of(plain, environ=os.environ)
    assert rules.held_by("no-rewriting", "main") == ("setting" if holds else None)
    assert rules.held_by("no-deletion", "main") is None
    done(plain, "config", "receive.denyDeletes", value)
    rules = rules_of(plain, environ=os.environ)
    assert rules.held_by("no-deletion", "main") == ("setting" if holds else None)
    assert rules.requests_can_be_withdrawn is not holds


def test_a_branch_the_hook_is_not_told_is_not_held(plain: Path) -> None:
    rules = protect(plain, ["main"], environ=os.environ)
    assert rules.held_by("no-rewriting", "main") == rules.held_by("no-deletion", "main") == "hook"
    assert rules.held_by("no-rewriting", "prd") is None
    assert protect(plain, ["prd"], environ=os.environ).guarded == {"main", "prd"}


def test_protecting_twice_changes_nothing(plain: Path) -> None:
    protect(plain, ["main"], environ=os.environ)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in plain.rglob("*") if path.is_file()}
    protect(plain, ["main"], environ=os.environ)
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in plain.rglob("*") if path.is_file()}
    assert after == before
    assert (plain / "hooks" / "update").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("text", "mode", "state"),
    [(HOOK.replace("--no-replace-objects ", ""), 0o755, "outdated"), (HOOK, 0o644, "not executable")],
    ids=["of another release", "not executable"],
)
def test_a_hook_of_ours_that_does_less_is_not_counted_and_is_made_whole(
    plain: Path, text: str, mode: int, state: str
) -> None:
    place(plain / "hooks" / "update", text, mode)
    found = rules_of(plain, environ=os.environ)
    assert (found.hook, found.held_by("no-deletion", "main"), found.is_protectable) == (state, None, True)
    assert protect(plain, ["main"], environ=os.environ).held_by("no-deletion", "main") == "hook"


@pytest.mark.parametrize("mode", [0o755, 0o644])
def test_somebody_elses_hook_is_left_alone(plain: Path, mode: int) -> None:
    place(plain / "hooks" / "update", "#!/bin/sh\nexit 0\n", mode)
    rules = protect(plain, ["main"], environ=os.environ)
    assert (rules.hook, rules.guarded, rules.held_by("no-deletion", "main")) == ("foreign", frozenset(), None)
    assert not rules.is_protectable
    assert (plain / "hooks" / "update").read_text() == "#!/bin/sh\nexit 0\n"


def test_a_folder_of_hooks_that_may_be_shared_is_read_but_not_written(plain: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    done(plain, "config", "core.hooksPath", str(shared))
    place(plain / "hooks" / "update", HOOK)  # git does not run this one
    found = protect(plain, ["main"], environ=os.environ)
    assert (found.hook, found.is_protectable) == ("none", False)
    assert not shared.exists()
    place(shared / "update", HOOK)
    assert protect(plain, ["main"], environ=os.environ).held_by("no-deletion", "main") == "hook"


def test_what_cannot_be_read_is_an_error(plain: Path, tmp_path: Path) -> None:
    done(plain, "config", "receive.denyDeletes", "perhaps")
    (tmp_path / "empty").mkdir()
    for path in (plain, tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(Stalled) as caught:
            rules_of(path, environ=os.environ)
        assert caught.value.reason is Reason.REPOSITORY_REFUSED


def test_where_pushes_arrive(plain: Path, tmp_path: Path) -> None:
    must("init", tmp_path / "tree", "--work-tree")
    must("init", tmp_path / "hub.git", "--remote", plain)
    places = {name: pushed_to(tmp_path / name, environ=os.environ) for name in ("plain.git", "tree", "hub.git")}
    assert places == {"plain.git": plain, "tree": None, "hub.git": plain}
    spaced = tmp_path / "a b.git"
    done(tmp_path, "init", "-q", "--bare", str(spaced))
    for url, place_ in (
        ("https://git.example.com/x.git", None),
        ("git@git.example.com:x.git", None),
        (f"file://elsewhere{plain}", None),
        ("/nowhere/x.git", None),
        (spaced.as_uri(), spaced),
        ("../plain.git", tmp_path / "hub.git" / "../plain.git"),
    ):
        done(tmp_path / "hub.git", "config", "remote.origin.url", url)
        assert pushed_to(tmp_path / "hub.git", environ=os.environ) == place_


# In words


def test_every_branch_has_the_rules_that_keep_its_history_and_one_of_who_may_change_it() -> None:
    rules = branch_rules({name: environment(name) for name in ("prd", "stg", "int")})
    assert [(rule.branch, rule.environments, rule.name) for rule in rules] == [
        ("main", ("int", "stg"), "no-rewriting"),
        ("main", ("int", "stg"), "no-deletion"),
        ("main", ("int", "stg"), "hub-only"),
        ("prd", ("prd",), "no-rewriting"),
        ("prd", ("prd",), "no-deletion"),
        ("prd", ("prd",), "reviewed"),
    ]
    assert "approvals of the team of prd only, and none by the author or the last pusher" in rules[-1].words


def test_a_branch_that_a_gated_environment_shares_changes_by_review() -> None:
    shared = environment("prd").model_copy(
        update={"spec": environment("prd").spec.model_copy(update={"branch": "main"})}
    )
    names = [rule.name for rule in branch_rules({"int": environment("int"), "prd": shared})]
    assert names == ["no-rewriting", "no-deletion", "reviewed"]
