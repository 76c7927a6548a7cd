"""Which files a change may touch: files of previews, as ordinary files, and no others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from generator.errors import ConfigError, Location
from generator.model.services import SERVICES_FILE
from generator.values.naming import (
    ENTRY_FILE,
    MANIFEST_FILE,
    IssueKey,
    preview_folder,
    previews_folder,
    queue_file,
    queue_folder,
)
from reconcilers.guard.walk import FILE_MODE, FileDelta, Refusal, Step
from reconcilers.state.environment import LAYOUT_FILE

_PLAIN = re.compile(r"[!-\[\]-~]+")
_MODES = {"120000": "mode-symlink", "160000": "mode-submodule"}
_FILES = (ENTRY_FILE, MANIFEST_FILE)
_TOPS = ("environments", "blueprints", "argocd", ".github", "hub", str(LAYOUT_FILE))


@dataclass(frozen=True, slots=True)
class PreviewFile:
    """A path that is an entry's or a manifest's, in the form that every preview has."""

    environment: str
    folder: PurePosixPath
    name: str


def preview_file(path: str, environments: Collection[str]) -> PreviewFile | None:
    """What `path` is of a preview in one of `environments`; None when it is no such path."""
    parts = path.split("/")
    if len(parts) != 7 or parts[0] != "environments" or parts[2] != "previews":
        return None
    if parts[1] not in environments or parts[6] not in _FILES:
        return None
    try:
        key = IssueKey.parse(parts[5].upper())
    except ConfigError:
        return None
    folder = preview_folder(parts[1], key)
    return PreviewFile(parts[1], folder, parts[6]) if str(folder) == "/".join(parts[:-1]) else None


def queue_of(path: str, environments: Collection[str]) -> str | None:
    """The one of `environments` in which `path` is a request that waits for room. Argo CD never sees those."""
    parts = path.split("/")
    if len(parts) != 4 or parts[0] != "environments" or parts[1] not in environments:
        return None
    try:
        key = IssueKey.parse(parts[3].removesuffix(".yaml").upper())
    except ConfigError:
        return None
    return parts[1] if str(queue_file(parts[1], key)) == path else None


def path_refusals(step: Step, environments: Collection[str], with_queue: Collection[str]) -> Iterator[Refusal]:
    """Paths and modes of one step that are not allowed on the branch of `environments`, of which some have a queue."""
    times = Counter(delta.path for delta in step.deltas)
    for delta in step.deltas:
        where = Location(delta.path)
        if rule := _path_rule(delta.path, environments, with_queue):
            did = "adds" if delta.before is None else "removes" if delta.after is None else "changes"
            yield Refusal(rule, where, f"the change {did} it, and it is {_WORDS[rule]}", step.commit)
        if times[delta.path] > 1:
            yield Refusal("path-form", where, "stands twice in one folder", step.commit)
        if delta.after is not None and delta.after.mode != FILE_MODE:
            yield Refusal(_mode_rule(delta), where, f"has mode {delta.after.mode}", step.commit)


_WORDS = {
    "path-form": "not a plain name",
    "path-case": "another spelling of a path that means something here",
    "policy-changed": "policy",
    "platform-changed": "part of the platform",
    "layout-changed": "the layout's mark",
    "workflow-changed": "what guards this branch",
    "other-environment": "of an environment that does not live on this branch",
    "outside-previews": "no file of a preview",
    "extra-file": "neither preview.yaml nor manifest.yaml of a preview",
    "misplaced-entry": "not where the preview of an issue stands",
}


def _mode_rule(delta: FileDelta) -> str:
    return _MODES.get(delta.after.mode if delta.after else "", "mode-executable")


def _path_rule(path: str, environments: Collection[str], with_queue: Collection[str]) -> str | None:
    if _PLAIN.fullmatch(path) is None:
        return "path-form"
    if preview_file(path, environments) or queue_of(path, with_queue):
        return None
    parts, folded = path.split("/"), path.casefold()
    if preview_file(folded, environments) or (parts[0] not in _TOPS and parts[0].casefold() in _TOPS):
        return "path-case"
    if parts[0] == ".github":
        return "workflow-changed"
    if parts[0] == str(LAYOUT_FILE):
        return "layout-changed"
    if folded == str(SERVICES_FILE):
        return "policy-changed" if path == folded else "path-case"
    if parts[0] == "blueprints":
        return "policy-changed"
    if parts[0] == "argocd":
        return "platform-changed"
    if parts[0] != "environments" or len(parts) < 3:
        return "outside-previews"
    return _below_environment(path, parts, environments)


def _below_environment(path: str, parts: list[str], environments: Collection[str]) -> str:
    home = parts[1]
    if parts[2] in ("environment.yaml", "templates"):
        return "policy-changed"
    if parts[2] == "platform":
        return "platform-changed"
    if home not in environments:
        return "path-case" if home.casefold() in environments and home != home.casefold() else "other-environment"
    if PurePosixPath(path).is_relative_to(queue_folder(home)):
        return "extra-file"
    if not PurePosixPath(path).is_relative_to(previews_folder(home)):
        return "path-case" if parts[2].casefold() == "previews" else "outside-previews"
    return "misplaced-entry" if parts[-1] in _FILES else "extra-file"
