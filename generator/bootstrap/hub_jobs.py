"""The jobs that reconcile on a schedule, one for each branch.

A gated branch takes another identity than the others (the one that may bypass its rule for what has expired), so each
branch has a job and a Secret of its own. Secrets are named here and made by an administrator (docs/INSTALL.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generator.model.environment import Environment

#: Where a job finds its credentials, and where it may write.
GIT, CACHE = "/etc/rtb-hub/git", "/var/cache/rtb-hub"
#: What may be done to a gated branch without a review.
UNREVIEWED = ("stamp", "expiry")
#: Where a job finds its own identity's keys to the forge, in its Secret: of an App on GitHub, else a token.
_FORGE_KEYS = {"github": ("APP_ID", "APP_KEY"), "gitea": ("TOKEN",), "local": ()}
#: What the hub's own job is given besides: on Gitea only members and owners may read the approvers' team.
_HUB_KEYS = {"gitea": ("TEAMS_TOKEN",)}
_SLUG = 24
#: Scheme, host and port of a web address that `generator.values.formats.GitUrl` took.
_WEB = re.compile(r"(https?)://(?:[^/@]*@)?([^/]+)/")


@dataclass(frozen=True, slots=True)
class Job:
    """The reconcilers of the environments (names, sorted) of one branch of one repository.

    `asks_for` are the gated environments whose requests it decides upon besides; `forge` is the kind they are asked at.
    """

    slug: str
    repository: str
    branch: str
    environments: tuple[str, ...]
    gated: bool
    asks_for: tuple[str, ...] = ()
    forge: str | None = None

    @property
    def name(self) -> str:
        """Of CronJob (at most 52 characters) and ServiceAccount."""
        return f"rtb-hub-reconcile-{self.slug}"

    @property
    def counts(self) -> bool:
        """Whether requests to previews are counted by it."""
        return bool(self.environments) and not self.gated

    @property
    def secret(self) -> str:
        """Of the Secret with the credentials of the identity that pushes there."""
        return f"rtb-hub-git-{self.slug}"

    @property
    def arguments(self) -> list[str]:
        """Of `rtb-hub`."""
        envs = [word for name in (*self.environments, *self.asks_for) for word in ("--env", name)]
        only = [word for name in UNREVIEWED for word in ("--only", name)] if self.gated else []
        return ["reconcile", *envs, *only, "--output", "json"]

    @property
    def variables(self) -> dict[str, str]:
        """The process environment. Git reads the credentials from files: they are in no variable and no argument."""
        prefix = "RTB_EXPIRY_FORGE_" if self.gated else "RTB_HUB_FORGE_"
        keys = _FORGE_KEYS[self.forge] if self.forge else ()
        keys += () if self.gated else _HUB_KEYS.get(self.forge or "", ())
        return {
            "RTB_HUB_REPO": self.repository,
            "RTB_HUB_IDENTITY": "expiry" if self.gated else "hub",
            "RTB_HUB_CACHE": CACHE,
            "HOME": CACHE,
            **{f"{prefix}{name}_FILE": f"{GIT}/forge-{name.lower().replace('_', '-')}" for name in keys},
            **_credentials(self.repository),
        }


def jobs_of(environments: Sequence[Environment]) -> tuple[Job, ...]:
    """One job for each branch that environments live on, by repository and branch.

    The first of a repository that is not gated acts as the hub, and decides upon the requests of all gated ones. Where
    all are gated there is one more, which does only that.
    """
    branches: dict[tuple[str, str], list[Environment]] = {}
    for environment in environments:
        branches.setdefault((environment.spec.argocd.repository, environment.spec.branch), []).append(environment)
    slugs = [_slug(branch) for _, branch in branches]
    jobs: list[Job] = []
    for (repository, branch), on_it in sorted(branches.items()):
        slug = _slug(branch)
        if slugs.count(slug) > 1:
            slug += "-" + hashlib.sha256(f"{repository} {branch}".encode()).hexdigest()[:6]
        names = tuple(sorted(environment.name for environment in on_it))
        gated = any(environment.spec.gated for environment in on_it)
        is_first = not any(job.repository == repository and not job.gated for job in jobs)
        asked = _gated(environments, repository) if is_first and not gated else ()
        forge = next((one.spec.forge.kind for one in (*on_it, *asked) if one.spec.forge is not None), None)
        jobs.append(Job(slug, repository, branch, names, gated, tuple(one.name for one in asked), forge))
    served = {job.repository for job in jobs if not job.gated}
    return (*jobs, *(_asking(environments, one) for one in sorted({job.repository for job in jobs} - served)))


def _asking(environments: Sequence[Environment], repository: str) -> Job:
    """The hub's job of a repository in which all branches are gated."""
    asked = _gated(environments, repository)
    forge = next((one.spec.forge.kind for one in asked if one.spec.forge is not None), None)
    slug = f"requests-{hashlib.sha256(repository.encode()).hexdigest()[:6]}"
    return Job(slug, repository, asked[0].spec.branch, (), False, tuple(one.name for one in asked), forge)


def _gated(environments: Sequence[Environment], repository: str) -> tuple[Environment, ...]:
    here = (one for one in environments if one.spec.gated and one.spec.argocd.repository == repository)
    return tuple(sorted(here, key=lambda one: one.name))


def values_of(job: Job, *, image: str, namespace: str, role: str | None = None) -> dict[str, Any]:
    """The values the templates of a branch see. `role`: what jobs ask AWS as that see to what is not gated."""
    return {
        "names": {"namespace": namespace, "job": job.name, "secret": job.secret},
        "labels": {"app.kubernetes.io/managed-by": "rtb-ai-hub", "app.kubernetes.io/name": job.name},
        "image": image,
        "role": role if job.counts else None,
        "arguments": job.arguments,
        "variables": [{"name": name, "value": value} for name, value in job.variables.items()],
        "folders": {"git": GIT, "cache": CACHE},
    }


def _slug(branch: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", branch.lower())[:_SLUG].strip("-") or "branch"


def _credentials(repository: str) -> dict[str, str]:
    """What tells Git to use the Secret: a user and password (kubernetes.io/basic-auth), or a key for ssh."""
    web = _WEB.match(repository)
    if web is None:
        options = f"-i {GIT}/ssh-privatekey -o IdentitiesOnly=yes -o UserKnownHostsFile={GIT}/known_hosts"
        return {"GIT_SSH_COMMAND": f"ssh {options} -o StrictHostKeyChecking=yes -o BatchMode=yes -o ConnectTimeout=20"}
    # Read at each use, so that a token that was renewed is the one that is sent; to this host only.
    read = f"IFS= read -r user < {GIT}/username; IFS= read -r password < {GIT}/password"
    told = """printf 'username=%s\\npassword=%s\\n' "$user" "$password\""""
    helper = f'!f() {{ test "$1" = get || return 0; {read}; {told}; }}; f'
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"credential.{web[1]}://{web[2]}.helper",
        "GIT_CONFIG_VALUE_0": helper,
    }
