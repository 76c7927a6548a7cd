"""What merging a request would give: the tree that Git makes of it, and how the two lines of history meet.

Judging anything else is judging a stand-in: the difference from a merge base is what merging brings only when there is
one merge base, and when nothing was merged into the request that its target does not have as a state of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from generator.errors import Reason, Stalled
from hub.adapters.git.merges import Merged, merged
from hub.adapters.git.objects import ABSENT, RAW, Difference, answers, differences, names, signed_at, tree_entries
from hub.adapters.git.process import Git, said
from hub.adapters.git.reader import GitReader
from reconcilers.guard.walk import Dated, FileDelta, Merging, Proposal, Step, TreeFile, Walk

#: A folder as `diff-tree` prints its mode.
_FOLDER = "040000"


def proposed(reader: GitReader, base: str, head: str) -> Proposal:
    """What merging `head` into `base` (commit ids) gives, as one step from `base`.

    Raises `Stalled` (RepositoryRefused) when Git cannot tell.
    """
    git = reader.git
    forks = merge_bases(git, base, head)
    if not forks:
        return Proposal(Walk(base, head, True, (Step(head, (), before=base),), merges=(Merging(head, 0),)))
    graph = parents_of(git, head, base)
    asked = changed(reader, forks[0], head)
    is_on_top = forks == (base,)  # then merging gives the files of `head`, as git-merge-tree(1) would say
    result = Merged(head) if is_on_top else merged(git, base, head)
    merging = Merging(head, len(forks), tuple(foreign_merges(git, graph, base)), result.conflicts)
    deltas = asked if is_on_top else changed(reader, base, result.tree) if result.tree else ()
    walk = Walk(base, head, True, (Step(head, deltas, before=base),), dated(reader, graph), (merging,))
    return Proposal(walk, result.tree, asked)


def merge_bases(git: Git, one: str, other: str) -> tuple[str, ...]:
    """The best commits that both have in their histories, as git-merge-base(1) --all gives them; none: unrelated."""
    return tuple(git.ask("merge-base", "--all", one, other).text.split())


def parents_of(git: Git, head: str, base: str) -> Mapping[str, tuple[str, ...]]:
    """The commits that `head` has in its history and `base` has not, newest first, each with its parents."""
    lines = git.must("rev-list", "--topo-order", "--parents", head, f"^{base}").text.splitlines()
    return {commit: tuple(parents) for commit, *parents in (line.split() for line in lines)}


def foreign_merges(git: Git, graph: Mapping[str, tuple[str, ...]], base: str) -> Iterator[str]:
    """The commits of `graph` that merge what never was a state of the branch whose commit is `base`."""
    merges = {commit: parents[1:] for commit, parents in graph.items() if len(parents) > 1}
    if not merges:
        return
    states = frozenset(git.must("rev-list", "--first-parent", base).text.split())
    yield from (commit for commit, others in merges.items() if not states.issuperset(others))


def changed(reader: GitReader, before: str, after: str) -> tuple[FileDelta, ...]:
    """The files that differ between two commits or trees.

    What stands twice in one folder is among them twice, a folder too: Git's programs take the one or the other of two.
    """
    told = [*differences(reader.git.must("diff-tree", "-t", *RAW, before, after, "--").out)]
    files = (FileDelta(one.path, *_versions(one)) for one in told)
    folders = {"": after, **{one.path: one.content_id for one in told if one.mode == _FOLDER}}
    return (*(one for one in files if one.before or one.after), *_twins(reader, folders))


def _twins(reader: GitReader, folders: Mapping[str, str]) -> Iterator[FileDelta]:
    """Names that stand twice in a folder. `folders` are by path; that of the root may name a commit."""
    asked = [f"{one}^{{tree}}" for one in folders.values()]
    result = reader.contents(names(asked))
    if result.code != 0:
        raise Stalled(Reason.REPOSITORY_REFUSED, f"git cat-file failed: {said(result)}", remedy="'git fsck' there")
    for path, found in zip(folders, answers(result.out, len(asked)), strict=True):
        entries = [*tree_entries(found.content, len(found.content_id) // 2)]
        counted = Counter(name for name, _, _ in entries)
        for name, mode, content_id in entries:
            if counted[name] > 1:
                yield FileDelta(f"{path}/{name}" if path else name, None, TreeFile(mode, content_id))


def dated(reader: GitReader, graph: Mapping[str, tuple[str, ...]]) -> tuple[Dated, ...]:
    """What the commits of `graph` say of when they were made, oldest first."""
    asked = list(dict.fromkeys([*graph, *(parent for parents in graph.values() for parent in parents)]))
    if not asked:
        return ()
    result = reader.contents(names(asked))
    if result.code != 0:
        raise Stalled(Reason.REPOSITORY_REFUSED, f"git cat-file failed: {said(result)}", remedy="'git fsck' there")
    found = answers(result.out, len(asked))
    times = {commit: signed_at(one.content) for commit, one in zip(asked, found, strict=True)}
    return tuple(
        Dated(commit, *times[commit], tuple(_known(times[parent][1] for parent in parents)))
        for commit, parents in reversed([*graph.items()])
    )


def _known(times: Iterable[datetime | None]) -> Iterator[datetime]:
    return (time for time in times if time is not None)


def _versions(one: Difference) -> tuple[TreeFile | None, TreeFile | None]:
    """The file before and after; None for what is not there, or is a folder."""
    before = None if one.old_mode in (ABSENT, _FOLDER) else TreeFile(one.old_mode, one.old_id)
    return before, None if one.mode in (ABSENT, _FOLDER) else TreeFile(one.mode, one.content_id)
