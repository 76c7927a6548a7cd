"""Which images a rule's preview of an issue runs: tags filled in, by the branch or pull request of the issue. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from generator.model.services import ImageRule
from generator.values.formats import IMAGE_TAG
from generator.values.naming import IssueKey
from reconcilers.ports.sources import Work


@dataclass(frozen=True, slots=True)
class Named:
    """References by component; and by component, why nothing tells what its tag is (yet)."""

    images: Mapping[str, str]
    unknown: Mapping[str, str]


def named(images: Mapping[str, ImageRule], key: IssueKey, work_in: Callable[[str], Work | None]) -> Named:
    """The images of an issue. `work_in` gives the work on it in a repository of code; asked only where it counts."""
    found, unknown = {}, {}
    for component, rule in sorted(images.items()):
        if rule.pinned is not None:
            found[component] = rule.pinned
            continue
        work = work_in(rule.source) if rule.source and rule.needs_work else None
        pattern = rule.tag if work is not None or not rule.needs_work else rule.otherwise
        if pattern is None:
            unknown[component] = f"no open pull request of {rule.source} is of {key}, for {rule.repository}:{rule.tag}"
            continue
        tag = _filled(pattern, key, work)
        if IMAGE_TAG.fullmatch(tag):
            found[component] = f"{rule.repository}:{tag}"
        else:
            unknown[component] = f"the branch's name makes no tag of {rule.repository}: {tag[:140]}"
    return Named(found, unknown)


def _filled(pattern: str, key: IssueKey, work: Work | None) -> str:
    values = {"key": str(key)}
    if work is not None:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "-", work.branch)
        values |= {"sha": work.commit, "sha7": work.commit[:7], "branch": plain}
    return re.sub(r"\{([a-z0-9]+)\}", lambda place: values[place[1]], pattern)
