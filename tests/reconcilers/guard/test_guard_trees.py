"""Trees that no Git makes, and that a server without fsckObjects takes: what stands twice is refused, a folder too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from worlds.builders import NOW
from worlds.guarding import World, lay_out, rules

Entry = tuple[bytes, bytes, bytes]
EMPTY = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str, str]:
    """The repository, prd, and a commit on it that starts a preview."""
    world, _, prd = lay_out(tmp_path_factory.mktemp("guard") / "state.git")
    world.git("mktree")
    return world, prd, world.started(prd, "prd", "RTB-9", now=NOW)


def entries(world: World, tree: str) -> list[Entry]:
    lines = world.git("ls-tree", "-z", tree).split(b"\0")[:-1]
    parts = [(*line.partition(b"\t")[0].split(b" "), line.partition(b"\t")[2]) for line in lines]
    return [(mode.lstrip(b"0"), name, bytes.fromhex(one.decode())) for mode, _, one, name in parts]


def written(world: World, found: Sequence[Entry]) -> str:
    text = b"".join(mode + b" " + name + b"\0" + one for mode, name, one in found)
    return world.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=text).decode().strip()


def twin(found: list[Entry], name: bytes, content: bytes, *, first: bool) -> list[Entry]:
    at = [one for _, one, _ in found].index(name)
    return [*found[: at + (not first)], (b"40000", name, bytes.fromhex(content.decode())), *found[at + (not first) :]]


@pytest.mark.parametrize("first", [True, False], ids=["before it", "behind it"])
@pytest.mark.parametrize("name", [b"environments", b"argocd", b"rtb-hub.yaml"])
@pytest.mark.parametrize(
    "content",
    [lambda _w, _t: EMPTY, lambda w, t: w.git("rev-parse", f"{t}:argocd").strip()],
    ids=["an empty folder", "a folder"],
)
def test_a_name_that_stands_twice_is_refused(
    start: tuple[World, str, str], name: bytes, content: Callable[[World, str], bytes], *, first: bool
) -> None:
    world, prd, good = start
    tree = written(world, twin(entries(world, f"{good}^{{tree}}"), name, content(world, good), first=first))
    head = world.git("commit-tree", tree, "-p", prd, "-m", "x").decode().strip()
    assert "path-form" in rules(world.judge(prd, head, "prd"))
    assert world.judge(prd, good, "prd").refusals == ()


def test_a_twin_below_is_refused_where_nothing_else_changes(start: tuple[World, str, str]) -> None:
    world, prd, _ = start
    below = entries(world, f"{prd}:environments")
    tree = written(world, twin(below, b"prd", EMPTY, first=False))
    root = [(m, n, bytes.fromhex(tree) if n == b"environments" else one) for m, n, one in entries(world, f"{prd}^{{tree}}")]  # fmt: skip
    head = world.git("commit-tree", written(world, root), "-p", prd, "-m", "x").decode().strip()
    (refusal, *_) = world.judge(prd, head, "prd").refusals
    assert "environments/prd" in {one.where.file for one in world.judge(prd, head, "prd").refusals}, refusal
