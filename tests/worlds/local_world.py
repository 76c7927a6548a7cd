"""A repository with people around it, reached by its path; and the world of the local forge."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.adapters.git.process import Git
from hub.adapters.git.reader import GitReader
from hub.adapters.local_forge.forge import LocalForge, open_local_forge
from hub.adapters.local_forge.refs import CHECKS, RequestRefs, Stored, StoredCheck, StoredComment, StoredRequest
from reconcilers.ports.forge import CheckState, ReviewState
from worlds.commands import git
from worlds.repositories import copied

BASE = "prd"
PEOPLE = ("alice", "bob", "carol", "dave")
#: What a test's environment says to git, and nothing of who runs it.
QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}


@dataclass
class PeoplesRepository:
    """A bare repository that people push to with real commits; `prd` has one commit."""

    path: Path

    def __post_init__(self) -> None:
        if not self.path.exists():
            copied("people's", PeoplesRepository._begun, self.path)
        else:
            PeoplesRepository.push(self, BASE, {"README.md": "prd\n"})

    @staticmethod
    def _begun(path: Path) -> None:
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True, env=QUIET)
        PeoplesRepository(path)

    def pause(self) -> None: ...

    def time(self) -> datetime | None:
        """When what is committed now says that it was; None: by the clock of the machine."""
        return None

    def head(self, branch: str) -> str:
        return git(self.path, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}").strip()

    def made(
        self, branch: str, files: Mapping[str, str | None], *, by: str, email: str, onto: str, author: str = ""
    ) -> str:
        """Commit without moving the branch."""
        parent = onto or self.head(branch) or self.head(BASE)
        index = {**QUIET, "GIT_INDEX_FILE": str(self.path / f"index-of-{by.replace('/', '-')}")}

        def run(*arguments: str, stdin: str = "", **extra: str) -> str:
            command = ["git", "-C", str(self.path), *arguments]
            done = subprocess.run(
                command, check=True, env={**index, **extra}, input=stdin, capture_output=True, text=True
            )
            return done.stdout.strip()

        run("read-tree", parent or "--empty")
        for name, text in files.items():
            if text is None:
                run("update-index", "--index-info", stdin=f"0 {'0' * 40}\t{name}\n")
            else:
                run(
                    "update-index",
                    "--add",
                    "--cacheinfo",
                    f"100644,{run('hash-object', '-w', '--stdin', stdin=text)},{name}",
                )
        wrote = (author, f"{author}@example.com") if author else (by, email)
        who = {
            f"GIT_{role}_{field}": value
            for role, person in (("AUTHOR", wrote), ("COMMITTER", (by, email)))
            for field, value in zip(("NAME", "EMAIL"), person, strict=True)
        }
        if at := self.time():
            who |= dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), at.isoformat())
        on = ["-p", parent] if parent else []
        commit = run("commit-tree", run("write-tree"), *on, "-m", f"Change {branch}", **who)
        Path(index["GIT_INDEX_FILE"]).unlink()
        return commit

    def push(
        self,
        branch: str,
        files: Mapping[str, str | None],
        *,
        by: str = "alice",
        email: str = "",
        onto: str = "",
        author: str = "",
    ) -> str:
        commit = self.made(branch, files, by=by, email=email or f"{by}@example.com", onto=onto, author=author)
        git(self.path, "update-ref", f"refs/heads/{branch}", commit)
        return commit

    def delete_branch(self, branch: str) -> None:
        git(self.path, "update-ref", "-d", f"refs/heads/{branch}")

    def line(self, branch: str) -> Sequence[str]:
        return git(self.path, "log", "--first-parent", "--format=%H", branch).split()

    def parents(self, commit: str) -> Sequence[str]:
        return git(self.path, "log", "-1", "--format=%P", commit).split()

    def trailers(self, commit: str) -> str:
        return git(self.path, "log", "-1", "--format=%(trailers)", commit).strip()

    def files(self, commit: str) -> Mapping[str, str]:
        names = git(self.path, "ls-tree", "-r", "--name-only", commit).split()
        return {name: git(self.path, "show", f"{commit}:{name}") for name in names}


@dataclass
class Clock:
    """Each look is a second later, so that what happens later says so."""

    now: datetime = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class LocalWorld(PeoplesRepository):
    """The local forge with its people. See `forge_contract.World`."""

    team: str = "prd-approvers"
    no_team: str = "nobodys"
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.begin = self.clock()
        for login in PEOPLE:
            git(self.path, "config", "--add", "rtb-hub.account", f"{login} {login}@example.com")
        for login in ("bob", "carol"):
            git(self.path, "config", "--add", "rtb-hub.member", f"{self.team} {login}")
        self._open()

    def _open(self) -> None:
        self.refs = RequestRefs(GitReader(Git(os.environ, self.path)))
        self.forge = self.as_("rtb-hub")

    def time(self) -> datetime:
        return self.clock.now

    def as_(self, login: str) -> LocalForge:
        return open_local_forge(self.path, actor=login, clock=self.clock, environ=os.environ)

    def remembering(self) -> Callable[[], None]:
        """What brings back all that is not in the repository, when another lies there."""
        now = self.clock.now

        def forget() -> None:
            self.clock.now = now
            self._open()

        return forget

    def review(self, number: int, by: str, state: ReviewState) -> None:
        self.as_(by).review(number, state)

    def dismiss(self, number: int, of: str) -> None:
        def dismissed(one: StoredRequest, _: Stored) -> StoredRequest:
            reviews = (r.model_copy(update={"is_dismissed": r.is_dismissed or r.author == of}) for r in one.reviews)
            return one.model_copy(update={"reviews": tuple(reviews)})

        self.refs.change(number, dismissed)

    def report(self, commit: str, name: str, state: CheckState) -> None:
        """As ci, in the place of its last result of that name."""
        kept = [one for one in self.refs.checks(commit) if (one.name, one.source) != (name, "ci")]
        checks = [one.model_dump(mode="json") for one in (*kept, StoredCheck(name=name, state=state, source="ci"))]
        text = json.dumps(sorted(checks, key=lambda one: (one["name"], one["source"])))
        blob = subprocess.run(["git", "-C", self.path, "hash-object", "-w", "--stdin"], input=text, check=True, env=QUIET, capture_output=True, text=True)  # fmt: skip
        git(self.path, "update-ref", f"{CHECKS}{commit}", blob.stdout.strip())

    def leave_team(self, login: str) -> None:
        git(self.path, "config", "--unset", "rtb-hub.member", f"^{self.team} {login}$")

    def close(self, number: int, by: str) -> None:
        self.as_(by).close(number, "No.")

    def merge(self, number: int, by: str) -> None:
        self.as_(by).merge(number, self.forge.request(number).head)

    def label(self, number: int, name: str) -> None:
        self.refs.change(number, lambda one, _: one.model_copy(update={"labels": one.labels | {name}}))

    def comment(self, number: int, by: str, body: str) -> None:
        said = StoredComment(author=by, marker="status", body=body)
        self.refs.change(number, lambda one, _: one.model_copy(update={"comments": (*one.comments, said)}))

    def comments(self, number: int) -> Sequence[tuple[str, str]]:
        one = self.refs.read(number).one(number)
        return [(comment.author, comment.body) for comment in one.comments]

    def asked(self, number: int) -> frozenset[str]:
        return self.refs.read(number).one(number).asked
