"""Writes the hub's Helm chart into a folder, in the place of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.bootstrap.hub_chart import TEMPLATES, is_generated
from generator.errors import ConfigError, Fault, Location, Reason

_ABOUT = "Chart.yaml"
#: What a file is written as before it takes its name; not below `templates/`, of which Helm takes every file.
_NEW = ".rtb-hub-new"


def write_chart(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write the files (texts by path), and give their paths. Templates of an earlier chart that are none now go.

    Helm takes every file of `templates/` for one, so that a template left there would be installed. Those that the hub
    did not write stay. Each file is whole or as it was, wherever this is broken off. Raises `ConfigError`
    (TargetNotEmpty), before anything is written, for a folder with something else than the hub's chart, for a team's
    own file where one of the chart is to be, and for a folder within it that is a link.
    """
    _check(files, folder)
    written = []
    for name in sorted(files, key=lambda name: (name != _ABOUT, name)):  # it first: what was broken off is ours too
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, files[name], folder / _NEW)
        written.append(path)
    for path in sorted((folder / TEMPLATES).rglob("*")):
        if path.relative_to(folder).as_posix() not in files and _is_ours(path):
            path.unlink()
    return written


def _check(files: Mapping[str, str], folder: Path) -> None:
    if not folder.is_dir():
        return
    if any(path.name != _NEW for path in folder.iterdir()) and not _is_ours(folder / _ABOUT):
        remedy = "name another folder, or empty this one"
        fault = _fault(folder, "has files, and is no chart that rtb-hub wrote", remedy)
        raise ConfigError(Reason.TARGET_NOT_EMPTY, fault)
    above = {folder / parent for name in files for parent in Path(name).parents if parent.name}
    faults = [
        _fault(path, "is a link: what is written there is outside the chart", "remove it")
        for path in sorted(above)
        if path.is_symlink()
    ]
    faults += [
        _fault(folder / name, "is not what rtb-hub wrote there", "rename it")
        for name, text in files.items()
        if _is_anothers(folder / name, text)
    ]
    if faults:
        raise ConfigError(Reason.TARGET_NOT_EMPTY, faults)


def _fault(path: Path, message: str, remedy: str) -> Fault:
    return Fault(message, Location(str(path)), remedy=remedy)


def _is_anothers(path: Path, text: str) -> bool:
    """Whether a file that is to say by whom it is generated is there, and does not. Links are replaced."""
    return path.is_file() and not path.is_symlink() and is_generated(text.partition("\n")[0]) and not _is_ours(path)


def _replace(path: Path, text: str, new: Path) -> None:
    """In the place of whatever file or link is there: a link is never written through."""
    new.unlink(missing_ok=True)
    with new.open("x", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def _is_ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return is_generated(file.readline())
