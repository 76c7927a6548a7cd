"""The state repository on a Gitea, and rtb-hub on it: as alice asks, as the hub, as the expiry identity, and as the CI.

Each runs with a token of its own of no more than the scopes that docs/FORGES.md names, a home and a cache of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from argo import NAMESPACE
from gitea import ORGANISATION
from gitea_world import ARGOCD, CI, EXPIRY, HUB, GiteaWorld
from state_repository import git, run_hub, write_environments

from worlds.commands import Ran

_SCOPES = {
    HUB: ("write:repository", "write:issue", "read:user"),
    EXPIRY: ("write:repository", "read:user"),
    CI: ("read:repository",),
    ARGOCD: ("read:repository",),
}


class HostedRepository:
    """Laid out for `prd` to be approved by the world's team, and protected so that only the expiry identity pushes."""

    def __init__(self, forge: GiteaWorld, folder: Path) -> None:
        self.forge, self.folder = forge, folder
        self.page = f"{forge.gitea.url}/{ORGANISATION}/{forge.name}"
        self.url = f"{self.page}.git"
        accounts = forge.cast.accounts
        self.tokens = {login: forge.gitea.token(accounts[login], *scopes) for login, scopes in _SCOPES.items()}
        forge.gitea.team(f"machines-{forge.name}", [accounts[EXPIRY], accounts[CI]], to=forge.name)
        forge.gitea.team(f"readers-{forge.name}", [accounts[ARGOCD]], permission="read", to=forge.name)
        self._lay_out()
        forge.protect(EXPIRY)

    # rtb-hub

    def as_alice(self, *arguments: object) -> Ran:
        """What the hub runs when alice asks for something."""
        return run_hub(self._hub(RTB_HUB_ACTOR="alice"), *arguments)

    def as_hub(self, *arguments: object) -> Ran:
        """What the hub runs by itself."""
        return run_hub(self._hub(RTB_HUB_IDENTITY="hub"), *arguments)

    def with_the_hubs_token(self, *arguments: object, code: int) -> Ran:
        """What somebody runs who holds the hub's token, bound to no identity."""
        return run_hub(self._hub(), *arguments, code=code)

    def as_expiry(self, *arguments: object) -> Ran:
        """What the expiry identity runs."""
        token = {"RTB_EXPIRY_FORGE_TOKEN": self.tokens[EXPIRY]}
        return run_hub({**self._git(EXPIRY), **token, "RTB_HUB_IDENTITY": "expiry"}, *arguments)

    def guard(self, revisions: str, identity: str = "any") -> Ran:
        """Guard as the CI runs it, in its clone."""
        at = ("--branch", "prd", "--repo", self._clone, "--output", "json")
        return run_hub(self._git(CI), "guard", revisions, *at, "--identity", identity)

    # The CI's clone

    def merged_for_a_check(self, number: int) -> str:
        """BASE..HEAD of what a CI checks of a request: its head merged into the branch."""
        self.fetch()
        git("-C", self._clone, "checkout", "-q", "--detach", "origin/prd")
        who = ("-c", "user.name=ci", "-c", "user.email=ci@example.com")
        git("-C", self._clone, *who, "merge", "-q", "--no-ff", "-m", "for a check", f"origin/pull/{number}")
        return "HEAD^1..HEAD"

    def fetch(self) -> str:
        """Take over what the forge has; returns the commit of `prd`."""
        pulls = "+refs/pull/*/head:refs/remotes/origin/pull/*"
        git("-C", self._clone, "fetch", "-q", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*", pulls)
        return git("-C", self._clone, "rev-parse", "origin/prd").strip()

    def files(self, below: str) -> list[str]:
        """The files of `prd` below a folder, as they were fetched."""
        return git("-C", self._clone, "ls-tree", "-r", "--name-only", "origin/prd", below).split()

    # Argo CD

    def credentials(self) -> dict[str, Any]:
        """The Secret that gives Argo CD read access, with the header sent unasked: its own askpass program is not here."""
        name, label = f"{self.forge.name}-repository", {"argocd.argoproj.io/secret-type": "repository"}
        access = {"username": ARGOCD, "password": self.tokens[ARGOCD], "forceHttpBasicAuth": "true"}
        meta = {"name": name, "namespace": NAMESPACE, "labels": label}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"url": self.url, **access}}

    @property
    def url_to_read(self) -> str:
        """Where a person with read access clones."""
        return self.url.replace("://", f"://{ARGOCD}:{self.tokens[ARGOCD]}@")

    # Inside

    def _lay_out(self) -> None:
        environments = self.folder / "environments"
        approval = {"team": self.forge.team}
        place = {"kind": "gitea", "url": self.page, "machines": [HUB, EXPIRY, CI, ARGOCD]}
        write_environments(environments, self.url, {"approval": approval, "forge": place})
        init = ("init", self.folder / "laid-out", "--remote", self.url, "--environments", environments)
        run_hub(self._git(HUB), *init)
        self._clone = self.folder / "ci" / "state"
        git("clone", "-q", "-b", "prd", self.url.replace("://", f"://{CI}:{self.tokens[CI]}@"), self._clone)

    def _hub(self, **environ: str) -> dict[str, str]:
        keys = {"RTB_HUB_FORGE_TOKEN": self.tokens[HUB], "RTB_HUB_FORGE_TEAMS_TOKEN": self.forge.cast.teams_token}
        return {**self._git(HUB), **keys, **environ}

    def _git(self, login: str) -> dict[str, str]:
        """What lets rtb-hub read and write the repository as an account."""
        home = self.folder / login
        home.mkdir(exist_ok=True)
        store, config = home / "credentials", home / "gitconfig"
        store.write_text(self.url.replace("://", f"://{login}:{self.tokens[login]}@") + "\n", encoding="ascii")
        config.write_text(f"[credential]\n\thelper = store --file={store}\n", encoding="utf-8")
        return {
            "RTB_HUB_REPO": self.url,
            "RTB_HUB_CACHE": str(home / "cache"),
            "RTB_HUB_GIT_NAME": login,
            "RTB_HUB_GIT_EMAIL": self.forge.cast.accounts[login].email,
            "HOME": str(home),
            "GIT_CONFIG_GLOBAL": str(config),
        }
