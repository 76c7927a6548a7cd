"""What differs between two folders, read from tree objects by the `git cat-file` that stays: no process of its own.

Only folders that differ are looked into, all of one depth in one question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hub.adapters.git.objects import FOLDER, SUBMODULE, tree_entries

#: Mode and id by name.
Entries = Mapping[str, tuple[str, str]]
NOTHING: Entries = {}


def changed_files(
    before: str | None, after: str | None, below: str, read: Callable[[Sequence[str]], Sequence[bytes]]
) -> dict[str, str | None]:
    """Path → content id of the files that are others in the tree `after` than in `before`; None: it is gone.

    The trees are ids (None: there is none) of the folder `below` (empty, or ending in a slash); `read` gives the
    contents of trees. Sorted by path.
    """
    changes: dict[str, str | None] = {}
    pending = [(below, before, after)]
    while pending:
        ids = list({one for _, *both in pending for one in both if one is not None})
        trees = {
            one: {name: (mode, content_id) for name, mode, content_id in tree_entries(content, len(one) // 2)}
            for one, content in zip(ids, read(ids), strict=True)
        }
        deeper: list[tuple[str, str | None, str | None]] = []
        for folder, old, new in pending:
            deeper += _compared(folder, trees[old] if old else NOTHING, trees[new] if new else NOTHING, changes)
        pending = deeper
    return dict(sorted(changes.items()))


def _compared(
    folder: str, old: Entries, new: Entries, changes: dict[str, str | None]
) -> list[tuple[str, str | None, str | None]]:
    """Note the files that differ in `changes`; the folders in which more may."""
    deeper: list[tuple[str, str | None, str | None]] = []
    for name in old.keys() | new.keys():
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        path = f"{folder}{name}"
        before, after = _folder(was), _folder(now)
        if before != after:
            deeper.append((f"{path}/", before, after))
        if now is not None and after is None:
            changes[path] = None if now[0] == SUBMODULE else now[1]
        elif was is not None and before is None:
            changes[path] = None
    return deeper


def _folder(entry: tuple[str, str] | None) -> str | None:
    return entry[1] if entry is not None and entry[0] == FOLDER else None
