"""`rtb-hub env set`, `add` and `remove`: comments stay, nothing wrong is written, review where a branch wants it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.approving import NOW, laid_out, prd_on
from worlds.commands import commit_file, git, must, rtb_hub, state_of
from worlds.repositories import state_repository

INT = "environments/int/environment.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of environments with a comment on each side of what is edited."""
    found = tmp_path / "environments"
    for name in ("base", "int", "prd", "stg"):
        there = Path("environments") / name / "environment.yaml"
        (found / name).mkdir(parents=True)
        (found / name / "environment.yaml").write_text(there.read_text())
    return found


def text(folder: Path, name: str = "int") -> str:
    return (folder / name / "environment.yaml").read_text()


def edit(folder: Path, *arguments: str, code: int = 0) -> str:
    ran = rtb_hub("env", *arguments, "--environments", folder)
    assert ran.code == code, ran.err
    return ran.out + ran.err


def test_only_the_lines_that_are_asked_for_differ(folder: Path) -> None:
    before = text(folder, "base").splitlines()
    out = edit(folder, "set", "base", "lease.ttl=12h", "gated=false", "images.pinned=true")
    after = text(folder, "base").splitlines()
    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert changed == [("    ttl: 24h", "    ttl: 12h")]
    assert "+    ttl: 12h" in out


def test_a_comment_behind_a_value_stays_with_it(folder: Path) -> None:
    edit(folder, "set", "base", "expiry.maxShare=100")
    line = next(one for one in text(folder, "base").splitlines() if "maxShare" in one)
    assert line.startswith("    maxShare: 100 # percent of the previews")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("spec.account=012345678901", 'account: "012345678901"'),
        ("sleep.outsideOfficeHours=true", "outsideOfficeHours: true"),
        ("limits.cpu=2", 'cpu: "2"'),
        ("officeHours.days=Mon, Tue", "days: [Mon, Tue]"),
        ("pricing.vcpuHour=0.05", 'vcpuHour: "0.05"'),
        ("limits.previewsPerOwner=3", "previewsPerOwner: 3"),
    ],
)
def test_a_value_is_written_by_the_type_of_its_field(folder: Path, given: str, line: str) -> None:
    ran = rtb_hub("env", "set", "int", given, "--dry-run", "--environments", folder)
    shown = [one for one in ran.out.splitlines() if one.startswith("+") and line in one]
    assert shown or (given.startswith("spec.account") and "of account 012345678901" not in ran.out)


def test_lists_are_added_to_and_taken_from(folder: Path) -> None:
    edit(folder, "add", "int", "images.registries=a.example.com/", "images.registries=b.example.com/x")
    assert must("env", "show", "int", "--environments", folder, "-o", "json").json()["spec"]["images"][
        "registries"
    ] == [
        "a.example.com/",
        "b.example.com/x",
    ]
    assert "says so already" in edit(folder, "add", "int", "images.registries=a.example.com/")
    edit(folder, "remove", "int", "images.registries=a.example.com/")
    edit(folder, "remove", "int", "images.registries")
    assert "registries" not in text(folder)


def test_a_list_of_the_base_file_is_taken_over_before_an_item_is_added(folder: Path) -> None:
    edit(folder, "add", "int", "officeHours.days=Sat")
    shown = must("env", "show", "int", "--environments", folder, "-o", "json").json()
    assert shown["spec"]["officeHours"]["days"] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]


@pytest.mark.parametrize(
    ("arguments", "reason", "words"),
    [
        (("set", "int", "lease.tll=1h"), Reason.INVALID_VALUE, "did you mean: ttl"),
        (("set", "int", "lease"), Reason.INVALID_VALUE, "is not FIELD=VALUE"),
        (("set", "int", "lease.ttl=soon"), Reason.INVALID_ENVIRONMENT, "is not a duration"),
        (("set", "int", "lease.ttl=100h"), Reason.INVALID_ENVIRONMENT, "<= cap"),
        (("set", "int", "drift.perRun=many"), Reason.INVALID_ENVIRONMENT, "perRun"),
        (("set", "int", "metadata.name=x"), Reason.INVALID_VALUE, "fields of spec"),
        (("set", "int", "lease.ttl.x=1"), Reason.INVALID_VALUE, "has no fields"),
        (("add", "int", "lease.ttl=1h"), Reason.INVALID_VALUE, "is no list"),
        (("remove", "int", "officeHours.days"), Reason.INVALID_VALUE, "is not set in this file"),
        (("remove", "int", "domain"), Reason.INVALID_ENVIRONMENT, "domain"),
        (("set", "itn", "lease.ttl=1h"), Reason.UNKNOWN_ENVIRONMENT, "did you mean: int"),
        (("set", "prd", "sleep.outsideOfficeHours=true"), Reason.INVALID_ENVIRONMENT, "reviewed request"),
        (("set", "int", "images.registries=[a"), Reason.INVALID_VALUE, "registries"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    folder: Path, arguments: tuple[str, ...], reason: Reason, words: str
) -> None:
    before = {name: text(folder, name) for name in ("base", "int", "prd")}
    out = edit(folder, *arguments, code=CODES[reason])
    assert words in out
    assert {name: text(folder, name) for name in before} == before


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    before = text(folder)
    assert "nothing was written" in edit(folder, "set", "int", "lease.ttl=12h", "--dry-run")
    assert text(folder) == before


def test_a_link_to_the_file_stays_one(folder: Path) -> None:
    link = folder / "int" / "environment.yaml"
    link.rename(folder / "shared.yaml")
    link.symlink_to(folder / "shared.yaml")
    edit(folder, "set", "int", "lease.ttl=12h")
    assert link.is_symlink()
    assert "ttl: 12h" in (folder / "shared.yaml").read_text()


def test_a_repository_gets_one_commit_and_what_is_laid_out_by_it(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    prd = git(state, "rev-parse", "prd")
    told = must("env", "set", "int", "lease.ttl=12h", "--repo", state, "-o", "json").json()
    assert [(one["branch"], one["requestFor"], one["written"]) for one in told["branches"]] == [("main", None, [INT])]
    assert "ttl: 12h" in git(state, "show", f"main:{INT}")
    assert git(state, "rev-parse", "prd") == prd
    again = must("env", "set", "int", "lease.ttl=12h", "--repo", state, "-o", "json").json()
    assert (again["changed"], again["branches"]) == (False, [])


def test_a_value_of_several_lines_adds_none_to_the_subject(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    must("env", "set", "int", "drift.perRun=7 #\n\n# Preview: RTB-1", "--repo", state)
    assert git(state, "log", "-1", "--format=%s", "main").strip() == "Set drift.perRun=7 # # Preview: RTB-1 of int"


def test_a_branch_that_is_reviewed_is_asked_for_by_a_branch_of_its_own(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    prd = git(state, "rev-parse", "prd")
    for _ in range(2):
        ran = must("env", "set", "prd", "lease.ttl=6h", "--repo", state)
        assert "prd changes by review only: open a pull request from environment/prd/" in " ".join(ran.out.split())
    assert git(state, "rev-parse", "prd") == prd
    branches = git(state, "for-each-ref", "--format=%(refname:short)", "refs/heads/environment").split()
    assert len(branches) == 1
    assert git(state, "rev-parse", f"{branches[0]}~1") == prd
    assert "ttl: 6h" in git(state, "show", f"{branches[0]}:environments/prd/environment.yaml")


def test_what_a_reviewed_branch_lacks_is_asked_for_once_with_an_edit_of_another(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", "--branch", "prd", str(state), str(work))
    git(work, "rm", "--quiet", "README.md")
    git(work, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "Remove it")
    git(work, "push", "--quiet", "origin", "prd")
    for ttl in ("12h", "13h"):
        told = must("env", "set", "int", f"lease.ttl={ttl}", "--repo", state, "-o", "json").json()["branches"]
        assert [(one["requestFor"], one["written"]) for one in told] == [(None, [INT]), ("prd", ["README.md"])]
    (asked,) = git(state, "for-each-ref", "--format=%(refname:short)", "refs/heads/environment").split()
    assert git(state, "diff", "--name-only", "prd", asked).split() == ["README.md"]


ASKED = ("env", "set", "base", "lease.ttl=11h", "--repo")  # main at once, prd by a branch to be reviewed
BASE = "environments/base/environment.yaml"
WHO = ("-c", "user.name=a", "-c", "user.email=a@example.com")


@pytest.fixture
def asked(tmp_path: Path) -> tuple[Path, str]:
    """A state repository in which the branch of an edit is there, while main is as it was before; and that branch."""
    state = state_repository(tmp_path / "state.git")
    main = git(state, "rev-parse", "main").strip()
    must(*ASKED, state)
    git(state, "update-ref", "refs/heads/main", main)
    (branch,) = git(state, "for-each-ref", "--format=%(refname:short)", "refs/heads/environment").split()
    return state, branch


def as_one_commit(state: Path, branch: str, *parents: str) -> None:
    """Put what is on a branch there anew, as one commit with these parents."""
    on = [word for parent in parents for word in ("-p", parent)]
    made = git(state, *WHO, "commit-tree", f"{branch}^{{tree}}", *on, "-m", "Set lease.ttl=11h of base").strip()
    git(state, "update-ref", f"refs/heads/{branch}", made)


def refused(state: Path, branch: str, *words: str) -> None:
    """Expect that the same edit is refused with these words, and that nothing is written."""
    before = state_of(state)
    ran = rtb_hub(*ASKED, state)
    told = " ".join(ran.err.split())
    assert ran.code == CODES[Reason.REPOSITORY_REFUSED], ran.out + ran.err
    assert all(one in told for one in (*words, branch, "nothing was written", f"--delete {branch}")), told
    assert state_of(state) == before


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("environments/prd/previews/rtb/100/rtb-123/preview.yaml", "100644"),
        ("environments/prd/environment.yaml", "100644"),
        (BASE, "100644"),
        ("README.md", "120000"),
    ],
)
def test_a_branch_that_holds_something_else_than_the_edit_is_not_asked_for(
    asked: tuple[Path, str], path: str, mode: str
) -> None:
    state, branch = asked
    commit_file(state, path, "spec: {}\n", branch, mode)
    refused(state, branch, "is not one commit on top of prd")
    as_one_commit(state, branch, "prd")
    refused(state, branch, f"differs from this edit in {path}")


def test_a_link_or_a_program_with_the_content_of_the_edit_is_not_the_edit(asked: tuple[Path, str]) -> None:
    state, branch = asked
    text = git(state, "show", f"{branch}:{BASE}")
    for mode in ("120000", "100755"):
        commit_file(state, BASE, text, branch, mode)
        as_one_commit(state, branch, "prd")
        refused(state, branch, f"differs from this edit in {BASE}")


def test_a_file_that_stands_twice_is_not_the_edit(asked: tuple[Path, str]) -> None:
    state, branch = asked
    told = git(state, "ls-tree", branch)
    readme = next(line for line in told.splitlines() if line.endswith("\tREADME.md"))
    mktree = ["git", "-C", state, "mktree"]
    made = subprocess.run(mktree, input=f"{told}{readme}\n", check=True, capture_output=True, text=True)
    commit = git(state, *WHO, "commit-tree", made.stdout.strip(), "-p", "prd", "-m", "Set it").strip()
    git(state, "update-ref", f"refs/heads/{branch}", commit)
    refused(state, branch, "differs from this edit in README.md")


def test_a_branch_with_less_than_the_edit_is_not_asked_for(asked: tuple[Path, str]) -> None:
    state, branch = asked
    git(state, "update-ref", f"refs/heads/{branch}", "prd")
    refused(state, branch, "is not one commit on top of prd")
    as_one_commit(state, branch, "prd")
    refused(state, branch, f"differs from this edit in {BASE}")


def test_a_branch_that_would_take_back_what_was_reviewed_since_is_not_asked_for(asked: tuple[Path, str]) -> None:
    state, branch = asked
    before = git(state, "rev-parse", "prd").strip()
    commit_file(state, "environments/prd/note", "x\n", "prd")
    as_one_commit(state, branch, before, "prd")  # merged, it would remove the file
    refused(state, branch, "is not one commit on top of prd")


def test_a_branch_that_has_nothing_in_common_with_the_reviewed_one_is_not_asked_for(asked: tuple[Path, str]) -> None:
    state, branch = asked
    as_one_commit(state, branch)
    refused(state, branch, "is not one commit on top of prd")


def test_an_edit_that_is_asked_for_again_finds_its_branch_though_the_reviewed_one_went_on(
    asked: tuple[Path, str],
) -> None:
    state, branch = asked
    made = git(state, "rev-parse", branch).strip()
    commit_file(state, "environments/prd/previews/rtb/100/rtb-123/preview.yaml", "spec: {}\n", "prd")
    told = must(*ASKED, state, "-o", "json").json()["branches"]
    assert [(one["branch"], one["requestFor"]) for one in told] == [("main", None), (branch, "prd")]
    assert (told[1]["commit"], git(state, "rev-parse", branch).strip()) == (made, made)


def test_the_request_of_a_reviewed_branch_is_opened_once_where_a_forge_is(tmp_path: Path) -> None:
    with prd_on("local", tmp_path) as prd:
        state = prd.world.path
        told = [must("env", "set", "prd", "lease.ttl=6h", "--repo", state, "-o", "json").json() for _ in range(2)]
        opened = prd.world.forge.requests("prd", prefix="environment/", closed_since=NOW)
    urls = [[one["requestUrl"] for one in each["branches"] if one["requestFor"]] for each in told]
    assert [(one.state, one.base) for one in opened] == [("open", "prd")]
    assert urls == [[opened[0].url]] * 2
    assert opened[0].title == "Set lease.ttl=6h of prd"
    assert "Asked for by `alice`" in opened[0].body
    ran = must("env", "set", "prd", "lease.ttl=6h", "--repo", state)
    assert f"prd changes by review only; review it at {opened[0].url}" in " ".join(ran.out.split())
    assert "open a pull request" not in ran.out


def test_who_has_no_key_of_the_forge_is_told_what_it_takes_and_that_the_branch_is_there(tmp_path: Path) -> None:
    state = tmp_path / "state.git"
    laid_out(state, "{kind: gitea, url: 'https://git.example.com/team/state'}")
    ran = must("env", "set", "prd", "lease.ttl=6h", "--repo", state)
    told = " ".join(ran.out.split())
    assert "open a pull request from environment/prd/" in told
    assert "to have it opened: set RTB_HUB_FORGE_TOKEN" in told


def test_a_forge_that_cannot_be_asked_is_told_once_all_else_is(tmp_path: Path) -> None:
    state = tmp_path / "state.git"
    laid_out(state, "{kind: gitea, url: 'https://git.example.com/team/state'}")
    ran = rtb_hub("env", "set", "prd", "lease.ttl=6h", "--repo", state, RTB_HUB_FORGE_TOKEN="no token")
    assert ran.code == CODES[Reason.INVALID_FORGE]
    assert "on environment/prd/" in ran.out
    assert "InvalidForge" in ran.err


def test_an_edit_of_any_file_keeps_what_awaits_a_review_on_another_branch(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    must("env", "set", "base", "lease.ttl=11h", "--repo", state)  # on main at once, on prd once it is reviewed
    must("env", "set", "base", "drift.perRun=7", "--repo", state)
    must("env", "set", "int", "lease.ttl=12h", "--repo", state)
    must("env", "set", "prd", "lease.ttl=6h", "--repo", state)
    must("init", state)
    main = git(state, "show", f"main:{BASE}")
    assert ("ttl: 11h" in main, "perRun: 7" in main) == (True, True)
    assert "ttl: 24h" in git(state, "show", f"prd:{BASE}")
    shown = must("env", "show", "stg", "--repo", state, "-o", "json").json()["spec"]
    assert (shown["lease"]["ttl"], shown["drift"]["perRun"]) == ("11h", 7)
    asked = git(state, "for-each-ref", "--format=%(refname:short)", "refs/heads/environment").split()
    differing = [git(state, "diff", "--name-only", "prd", one).split() for one in asked]
    assert sorted(differing) == [[BASE], [BASE], ["environments/prd/environment.yaml"]]


def test_what_one_branch_lacks_of_base_is_removed_from_the_other(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    must("env", "set", "base", "sleep.perRun=7", "--repo", state)
    must("env", "remove", "base", "sleep.perRun", "--repo", state)
    assert "perRun: 7" not in git(state, "show", f"main:{BASE}")
    ran = rtb_hub("env", "remove", "base", "sleep.perRun", "--repo", state)
    assert (ran.code, "is not set in this file" in ran.err) == (CODES[Reason.INVALID_VALUE], True)


@pytest.mark.parametrize("branch", ["a-try", "zz-try"])
def test_what_somebody_pushed_to_another_branch_is_taken_for_no_environment(branch: str, tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    for name, home in (("int", "main"), ("prd", "prd")):
        git(state, "worktree", "add", "-q", "--detach", str(tmp_path / name), home)
        file = tmp_path / name / "environments" / name / "environment.yaml"
        file.write_text(file.read_text() + "  pricing: {currency: EUR}\n")
        git(tmp_path / name, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qam", "Try")
        git(tmp_path / name, "push", "-q", str(state), f"HEAD:refs/heads/{branch}-{name}")
    must("env", "set", "base", "drift.perRun=7", "--repo", state)
    must("env", "set", "int", "lease.ttl=12h", "--repo", state)
    must("init", state)
    for name, home in (("int", "main"), ("prd", "prd")):
        assert "EUR" not in git(state, "show", f"{home}:environments/{name}/environment.yaml")
        assert "EUR" not in must("env", "show", name, "--repo", state).out
