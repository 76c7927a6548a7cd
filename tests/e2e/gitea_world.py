"""The world of `forge_contract` on a real Gitea: people and machines with accounts of their own, one repository a world.

alice asks, bob and carol are the team that approves, dave may write. `rtb-hub` is the hub, `rtb-expiry` ends leases, `ci`
reports checks, `argocd` reads. `teams-reader` owns the organisation, but its token, of the scope read:organization, can
do nothing else than read teams.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gitea import ORGANISATION, Account, Gitea

from contracts.forge_contract import BASE
from hub.adapters.gitea.forge import GiteaForge
from reconcilers.ports.forge import BranchProtection, CheckState, ReviewState
from worlds.gitea_api import open_gitea_forge

HUB, EXPIRY, CI, ARGOCD, READER = MACHINES = ("rtb-hub", "rtb-expiry", "ci", "argocd", "teams-reader")
PEOPLE = ("alice", "bob", "carol", "dave")
_EVENTS = {"approved": "APPROVED", "changes-requested": "REQUEST_CHANGES", "commented": "COMMENT"}
_STATES = {"passed": "success", "failed": "failure", "pending": "pending"}
_NUMBERS = itertools.count(1)


@dataclass
class Cast:
    """A Gitea with its accounts, which many worlds share."""

    gitea: Gitea
    accounts: dict[str, Account] = field(init=False)
    teams_token: str = field(init=False)

    def __post_init__(self) -> None:
        self.accounts = {login: self.gitea.account(login) for login in (*PEOPLE, *MACHINES)}
        owners = next(t["id"] for t in self.gitea.call("GET", f"/orgs/{ORGANISATION}/teams") if t["name"] == "Owners")
        self.gitea.call("PUT", f"/teams/{owners}/members/{READER}")
        self.teams_token = self.gitea.token(self.accounts[READER], "read:organization")


class GiteaWorld:
    """A repository and two teams of its own. The hub may write, and, if `is_admin`, change the rules of branches."""

    def __init__(self, cast: Cast, folder: Path, *, is_admin: bool, is_empty: bool = False) -> None:
        number = next(_NUMBERS)
        self.cast, self.gitea, self.name = cast, cast.gitea, f"state-{number}"
        self.begin = datetime.now(UTC) - timedelta(seconds=2)
        self.gitea.repository(self.name, is_empty=is_empty)
        people = cast.accounts
        approvers = f"approvers-{number}"
        self._approvers = self.gitea.team(approvers, [people["bob"], people["carol"]], to=self.name)
        writers = [people["alice"], people["dave"], *([] if is_admin else [people[HUB]])]
        self.gitea.team(f"writers-{number}", writers, to=self.name)
        if is_admin:
            self.gitea.team(f"hub-{number}", [people[HUB]], permission="admin", to=self.name)
        self.team, self.no_team = f"{ORGANISATION}/{approvers}", f"{ORGANISATION}/nobody-{number}"
        self.work = folder / self.name
        self._git("clone", "-q", self.gitea.git_url(people["alice"], self.name), str(self.work), into="")
        if not is_empty:
            self._git("push", "-q", "origin", f"HEAD:refs/heads/{BASE}")
        self.forge: GiteaForge = self.as_hub()

    def as_hub(self, token: str = "", teams_token: str = "") -> GiteaForge:
        """The adapter as the hub's account, or with other tokens."""
        return open_gitea_forge(
            f"{self.gitea.url}/{ORGANISATION}/{self.name}",
            token=token or self.cast.accounts[HUB].token,
            teams_token=teams_token or self.cast.teams_token,
        )

    def protect(self, bypass: str) -> None:
        """An administrator protects `prd`; the account `bypass` may push to it."""
        wanted = BranchProtection(
            requests_only=True,
            approvals=1,
            approver_team=self.team,
            dismiss_stale=True,
            checks=frozenset({"guard"}),
            no_force_push=True,
            no_deletion=True,
            bypass=frozenset({f"user:{bypass}"}),
        )
        held = self.as_hub(self.gitea.admin.token).protect(BASE, wanted)
        assert replace(held, not_expressed=()) == wanted

    def pause(self) -> None:
        """Gitea follows pushes with a queue."""
        time.sleep(0.1)

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
        """See the contract."""
        self._git("fetch", "-q", "--prune", "origin")
        known = self._git("for-each-ref", "--format=%(refname)", "refs/remotes/origin").split()
        start = onto or f"origin/{branch if f'refs/remotes/origin/{branch}' in known else BASE}"
        self._git("checkout", "-q", "--detach", start)
        for name, text in files.items():
            if text is None:
                self._git("rm", "-q", name)
            else:
                (self.work / name).write_text(text, encoding="utf-8")
                self._git("add", name)
        committer = (by, email or f"{by}@example.com")
        wrote = (author, f"{author}@example.com") if author else committer
        env = {
            f"GIT_{role}_{field}": value
            for role, person in (("AUTHOR", wrote), ("COMMITTER", committer))
            for field, value in zip(("NAME", "EMAIL"), person, strict=True)
        }
        self._git("commit", "-q", "-m", f"Change {branch}", **env)
        self._git("push", "-q", *(["--force"] if onto else []), self._url(by), f"HEAD:refs/heads/{branch}")
        return self._git("rev-parse", "HEAD").strip()

    def push_many(self, branch: str, commits: int) -> str:
        """So many empty commits on top of `prd`, pushed at once as `branch`; returns the last."""
        self._git("checkout", "-q", "--detach", f"origin/{BASE}")
        who = ("-c", "user.name=alice", "-c", "user.email=alice@example.com")
        for n in range(commits):
            self._git(*who, "commit", "-q", "--allow-empty", "-m", str(n))
        self._git("push", "-q", self._url("alice"), f"HEAD:refs/heads/{branch}")
        return self._git("rev-parse", "HEAD").strip()

    def delete_branch(self, branch: str, *, by: str = "alice") -> None:
        """See the contract."""
        self._git("push", "-q", self._url(by), f":refs/heads/{branch}")

    def review(self, number: int, by: str, state: ReviewState) -> None:
        """See the contract."""
        self._call(by, "POST", f"pulls/{number}/reviews", {"event": _EVENTS[state], "body": state})

    def dismiss(self, number: int, of: str) -> None:
        """See the contract."""
        found = self._call("", "GET", f"pulls/{number}/reviews")
        last = [one["id"] for one in found if one["user"] and one["user"]["login"] == of][-1]
        self._call("", "POST", f"pulls/{number}/reviews/{last}/dismissals", {"message": "outdated"})

    def report(self, commit: str, name: str, state: CheckState, *, by: str = "dave") -> None:
        """See the contract."""
        self._call(by, "POST", f"statuses/{commit}", {"context": name, "state": _STATES[state]})

    def join_team(self, login: str) -> None:
        """Make somebody one of the approvers."""
        self.gitea.call("PUT", f"/teams/{self._approvers}/members/{login}")

    def leave_team(self, login: str) -> None:
        """See the contract."""
        self.gitea.call("DELETE", f"/teams/{self._approvers}/members/{login}")

    def close(self, number: int, by: str) -> None:
        """See the contract."""
        self._call(by, "PATCH", f"pulls/{number}", {"state": "closed"})

    def merge(self, number: int, by: str) -> None:
        """See the contract."""
        self._call(by, "POST", f"pulls/{number}/merge", {"Do": "merge"})

    def label(self, number: int, name: str) -> None:
        """See the contract."""
        made = self._call("", "POST", "labels", {"name": name, "color": "#ff0000"})
        self._call("", "POST", f"issues/{number}/labels", {"labels": [made["id"]]})

    def comment(self, number: int, by: str, body: str) -> None:
        """See the contract."""
        self._call(by, "POST", f"issues/{number}/comments", {"body": body})

    def comments(self, number: int) -> Sequence[tuple[str, str]]:
        """See the contract."""
        return [(one["user"]["login"], one["body"]) for one in self._call("", "GET", f"issues/{number}/comments")]

    def asked(self, number: int) -> frozenset[str]:
        """See the contract."""
        found = self._call("", "GET", f"pulls/{number}")["requested_reviewers_teams"]
        return frozenset(f"{ORGANISATION}/{team['name']}" for team in found)

    def change_repository(self, fields: Mapping[str, Any]) -> None:
        """Archive or rename it."""
        self.gitea.call("PATCH", f"/repos/{ORGANISATION}/{self.name}", fields)

    def line(self, branch: str) -> Sequence[str]:
        """See the contract."""
        self._git("fetch", "-q", "--prune", "origin")
        return self._git("rev-list", "--first-parent", f"origin/{branch}").split()

    def parents(self, commit: str) -> Sequence[str]:
        """See the contract."""
        self._git("fetch", "-q", "--prune", "origin")
        return self._git("rev-parse", f"{commit}^@").split()

    def trailers(self, commit: str) -> str:
        """See the contract."""
        self._git("fetch", "-q", "--prune", "origin")
        return self._git("log", "-1", "--format=%(trailers)", commit).strip()

    def files(self, commit: str) -> Mapping[str, str]:
        """See the contract."""
        self._git("fetch", "-q", "--prune", "origin")
        names = self._git("ls-tree", "-r", "--name-only", commit).split()
        return {name: self._git("show", f"{commit}:{name}") for name in names}

    def _call(self, by: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        account = self.cast.accounts[by] if by else None
        return self.gitea.call(method, f"/repos/{ORGANISATION}/{self.name}/{path}", body, by=account)

    def _url(self, by: str) -> str:
        return self.gitea.git_url(self.cast.accounts[by], self.name)

    def _git(self, *arguments: str, into: str | None = None, **env: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.work if into is None else None,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", **env},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"git {arguments[0]}: {done.stderr}")
        return done.stdout
