"""Writes the hub's Helm chart into a folder, in the place of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.bootstrap.hub_chart import TEMPLATES, is_generated
from generator.errors import ConfigError, Fault, Location, Reason

_ABOUT = "Chart.yaml"


def write_chart(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write the files (texts by path), and give their paths. Templates of an earlier chart that are none now go.

    Helm takes every file of `templates/` for one, so that a template left there would be installed. Those that the hub
    did not write stay. Raises `ConfigError` (TargetNotEmpty) for a folder with something else than the hub's chart.
    """
    if folder.is_dir() and any(folder.iterdir()) and not _is_ours(folder / _ABOUT):
        remedy = "name another folder, or empty this one"
        fault = Fault("has files, and is no chart that rtb-hub wrote", Location(str(folder)), remedy=remedy)
        raise ConfigError(Reason.TARGET_NOT_EMPTY, fault)
    for path in sorted((folder / TEMPLATES).rglob("*")):
        if path.relative_to(folder).as_posix() not in files and _is_ours(path):
            path.unlink()
    written = []
    for name in sorted(files, key=lambda name: (name != _ABOUT, name)):  # it first: what was broken off is ours too
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name], encoding="utf-8")
        written.append(path)
    return written


def _is_ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return is_generated(file.readline())
