"""The files below an environment's previews: which manifest stands beside which entry, and what belongs to neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.errors import Reason, Transient
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, previews_folder
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState

STRAY = "is neither an entry nor its manifest: nothing applies it, and stopping the preview removes it"
LEFT_OVER = "is left over: there is no entry beside it, so nothing applies or removes it"


@dataclass(frozen=True, slots=True)
class PreviewFiles:
    """All files of an environment's previews by whose they are.

    `entries` and `manifests` map a preview's folder to the content id of its file. `strays` maps other files in or
    below a preview's folder to that folder, `left_over` are those in no preview's folder; both sorted.
    """

    entries: Mapping[str, str]
    manifests: Mapping[str, str]
    strays: Mapping[str, str]
    left_over: tuple[str, ...]

    def of(self, folder: str) -> list[str]:
        """All files of one preview, sorted: what goes when it goes."""
        own = [f"{folder}/{ENTRY_FILE}", *([f"{folder}/{MANIFEST_FILE}"] if folder in self.manifests else [])]
        return sorted([*own, *(file for file, home in self.strays.items() if home == folder)])


def folder_of(record: EntryRecord) -> str:
    """The folder of an entry, relative to the root."""
    return record.file.rpartition("/")[0]


def preview_files(state: EnvironmentState) -> PreviewFiles:
    """Sort out the files of the environment's own branch. Raises `Transient` when an entry is not among them."""
    folders = {folder_of(record) for record in state.entries}
    entries: dict[str, str] = {}
    manifests: dict[str, str] = {}
    strays: dict[str, str] = {}
    left_over: list[str] = []
    for file, content_id in state.snapshot.listing(previews_folder(state.environment.name)).items():
        folder, _, name = file.rpartition("/")
        if folder in folders and name == ENTRY_FILE:
            entries[folder] = content_id
        elif folder in folders and name == MANIFEST_FILE:
            manifests[folder] = content_id
        elif home := _home(folder, folders):
            strays[file] = home
        else:
            left_over.append(file)
    _must_be_whole(state, folders, entries)
    return PreviewFiles(entries, manifests, dict(sorted(strays.items())), tuple(sorted(left_over)))


def _home(folder: str, folders: set[str]) -> str:
    """The nearest of `folders` that `folder` is in or below; empty when there is none."""
    while folder and folder not in folders:
        folder = folder.rpartition("/")[0]
    return folder


def _must_be_whole(state: EnvironmentState, folders: set[str], entries: Mapping[str, str]) -> None:
    missing = sorted(folders - entries.keys())
    if missing:
        snapshot = state.snapshot
        message = (
            f"{missing[0]}/{ENTRY_FILE} was read, but is not listed on {snapshot.branch} at {snapshot.commit[:12]}"
        )
        remedy = "try again; if it stays so, run 'git fsck' there"
        raise Transient(Reason.REPOSITORY_UNREACHABLE, message, remedy=remedy)
