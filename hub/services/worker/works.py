"""The work on an issue in repositories of code, and what a start by its project's rule says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from generator.errors import ConfigError, Fault, Reason
from generator.model.services import SERVICES_FILE, ProjectRule
from generator.values.naming import IssueKey
from reconcilers.lifecycle.rule_images import named
from reconcilers.ports.sources import Sources, Work


def start_by(key: IssueKey, rule: ProjectRule, sources: Sources | None) -> tuple[dict[str, Any], Mapping[str, str]]:
    """What a start by the rule says; and by component, why nothing tells what its image is.

    Raises `ConfigError` (InvalidValue) where GitHub has to be asked and cannot be, and what asking it raises.
    """
    work_in = newest(open_works(sources, key))
    wanted = named(rule.images, key, work_in)
    return said_by(rule, wanted.images, work_in), wanted.unknown


def said_by(rule: ProjectRule, images: Mapping[str, str], work_in: Callable[[str], Work | None]) -> dict[str, Any]:
    """Images, blueprint, and the branch where all images are of one."""
    said: dict[str, Any] = {"images": dict(images), "blueprint": rule.blueprint}
    works = [work_in(image.source) for _, image in sorted(rule.images.items()) if image.source]
    branches = {work.branch for work in works if work is not None}
    if len(branches) == 1:
        said["branch"] = branches.pop()
    elif branches:
        said["unset"] = ["branch"]  # it is of none of them alone any more
    return said


def open_works(sources: Sources | None, key: IssueKey) -> Callable[[str], tuple[Work, ...]]:
    """The open pull requests of an issue by their repository, which is asked once; the newest first."""
    read: dict[str, tuple[Work, ...]] = {}

    def works(repository: str) -> tuple[Work, ...]:
        name = repository.casefold()
        if name not in read:
            read[name] = sources_of(sources, repository).works(repository, key)
        return read[name]

    return works


def newest(works: Callable[[str], tuple[Work, ...]], *first: Work) -> Callable[[str], Work | None]:
    """The work on an issue by its repository: what was read of it already, else its newest open pull request."""

    def work_in(repository: str) -> Work | None:
        own = [work for work in first if work.repository.casefold() == repository.casefold()]
        return next(iter(own or works(repository)), None)

    return work_in


def sources_of(sources: Sources | None, repository: str) -> Sources:
    """GitHub, for a repository that a rule names. Raises `ConfigError` (InvalidValue) where it cannot be asked."""
    if sources is None:
        what = f"{SERVICES_FILE} has a rule for {repository}, and GitHub cannot be asked"
        keys = "RTB_HUB_FORGE_APP_ID and …_APP_KEY_FILE, or RTB_HUB_GITHUB_API and RTB_HUB_FORGE_TOKEN_FILE"
        raise unset(what, "RTB_HUB_FORGE_APP_ID", keys)
    return sources


def unset(what: str, field: str, names: str = "") -> ConfigError:
    """That a setting is missing which a rule needs."""
    remedy = f"set {names or field} of the worker"
    return ConfigError(Reason.INVALID_VALUE, Fault(what, field=field, remedy=remedy))
