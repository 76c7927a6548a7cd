"""Names built from an issue key: the only place where a key becomes a folder, a namespace or a host.

A key is checked against a strict pattern before anything is built from it and is never truncated or mapped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from generator.errors import ConfigError, Fault, Reason

NAMESPACE_PREFIX = "preview-"
#: What the namespaces of previews look like, as a regular expression of the whole name.
NAMESPACE_PATTERN = NAMESPACE_PREFIX + "[a-z][a-z0-9]{1,9}-[1-9][0-9]{0,8}"
ENTRY_FILE = "preview.yaml"
MANIFEST_FILE = "manifest.yaml"

_ALLOWED = "a Jira key: 2-10 capital letters or digits (a letter first), '-', a number without leading zeros"
_KEY = re.compile(r"(?P<project>[A-Z][A-Z0-9]{1,9})-(?P<number>[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True, order=True)
class IssueKey:
    """A Jira issue key such as `RTB-123` (Atlassian's default key pattern; underscores are refused, not mapped)."""

    project: str
    number: int

    @classmethod
    def parse(cls, text: str) -> IssueKey:
        """The key in `text`. Raises `ConfigError` (InvalidIssueKey) with the pattern and, if near, the right form."""
        match = _KEY.fullmatch(text)
        if match is None:
            upper = text.upper().replace("_", "-")
            raise ConfigError(
                Reason.INVALID_ISSUE_KEY,
                Fault(
                    f"{_shown(text)} is not an issue key",
                    field="issue",
                    allowed=_ALLOWED,
                    nearest=upper if _KEY.fullmatch(upper) else "",
                ),
            )
        return cls(match["project"], int(match["number"]))

    def __str__(self) -> str:
        return f"{self.project}-{self.number}"

    @property
    def name(self) -> str:
        """The preview's name: the key in lower case, for example `rtb-123`."""
        return str(self).lower()

    @property
    def namespace(self) -> str:
        """The Kubernetes namespace, at most 28 characters by construction of the pattern."""
        return NAMESPACE_PREFIX + self.name

    @property
    def folder(self) -> PurePosixPath:
        """The preview's folder below `environments/<env>/previews`, fanned out by project and hundreds."""
        return PurePosixPath(self.project.lower(), str(self.number // 100 * 100), self.name)


def _shown(text: str, limit: int = 60) -> str:
    """`text` for an error message: escaped, and shortened when it is long."""
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}… ({len(text)} characters)"


@lru_cache(100)
def previews_folder(environment: str) -> PurePosixPath:
    """Where an environment's previews live in the state repository."""
    return PurePosixPath("environments", environment, "previews")


def preview_folder(environment: str, key: IssueKey) -> PurePosixPath:
    """The folder of one preview in the state repository."""
    return previews_folder(environment) / key.folder


def queue_folder(environment: str) -> PurePosixPath:
    """Where requests wait for room. Beside the previews: what Argo CD's set looks through never has one of them."""
    return PurePosixPath("environments", environment, "queue")


def queue_file(environment: str, key: IssueKey) -> PurePosixPath:
    """The file of one request that waits."""
    return queue_folder(environment) / f"{key.name}.yaml"


def preview_host(name: str, domain: str, host: str | None = None) -> str:
    """The host a preview (`rtb-123`) is exposed at: one label below the environment's domain, one wildcard for all.

    `host`: of a component that has one of its own beside it. No issue key gives the same: its name has one hyphen, and
    ends with digits alone.
    """
    return f"{name}-{host}.{domain}" if host else f"{name}.{domain}"
