"""Random histories by real Git: what is merged changes its own preview only, compared with the target at that moment.

Forks, criss-cross merges, `-s ours`, reverts and evil merges, all written by one fast-import. `--histories` says how many.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from generator.values.formats import format_time
from hub.approval.examiner import Examiner
from worlds.builders import NOW, image
from worlds.guarding import HOUR, VERSION, World, folder, lay_out, stamped, with_component

KEYS = ("RTB-1", "RTB-2", "RTB-3", "RTB-4")
#: What may stand of a preview: nothing, asked for, asked for otherwise, or running.
FORMS = ("absent", "asked", "other", "running")
State = dict[str, str]
#: What is said of those that are not merged, beside what guard says.
WORDS = ("merge bases", "never was a state", "is there to change", "holds all it asks for", "since this was asked for")


@dataclass(frozen=True)
class Commit:
    mark: int
    state: State
    parents: tuple[int, ...]


@dataclass
class Histories:
    """Histories as a stream for fast-import. `trees`: the tree of a preview's folder by key and form."""

    trees: dict[tuple[str, str], str]
    root: str
    random: Random
    lines: list[str] = field(default_factory=list)
    commits: dict[int, Commit] = field(default_factory=dict)

    def commit(self, state: State, *parents: Commit) -> Commit:
        made = Commit(len(self.commits) + 1, state, tuple(one.mark for one in parents))
        self.commits[made.mark] = made
        at = int((NOW - 9 * HOUR + timedelta(seconds=made.mark % 20_000)).timestamp())
        who = f"rtb-hub <rtb-hub@rtb-ai-hub.invalid> {at} +0000"
        self.lines += ["commit refs/heads/made", f"mark :{made.mark}", f"author {who}", f"committer {who}", "data 0"]
        named = [f":{mark}" for mark in made.parents] or [self.root]
        self.lines += [f"from {named[0]}", *(f"merge {one}" for one in named[1:])]
        before = parents[0].state if parents else dict.fromkeys(KEYS, "absent")
        for key, form in state.items():
            if form != before[key]:
                known = self.trees.get((key, form))
                self.lines.append(f"M 040000 {known} {folder('prd', key)}" if known else f"D {folder('prd', key)}")
        self.lines.append("")
        return made

    def history(self) -> tuple[Commit, Commit, str]:
        """The target, a request, and the key that the request is there to change."""
        random = self.random
        line = [self.commit({key: random.choice(FORMS) for key in KEYS})]
        branches = [self.commit(self.changed(line[0].state), line[0])]
        for _ in range(random.randint(1, 9)):
            act = random.choice(("fork", "change", "update", "cross", "revert", "merge", "merge", "move"))
            at = random.randrange(len(branches))
            one, tip = branches[at], line[-1]
            if act == "fork":
                begin = random.choice([*line, *branches])
                branches.append(self.commit(self.changed(begin.state), begin))
            elif act == "change":
                branches[at] = self.commit(self.changed(one.state), one)
            elif act == "update":
                branches[at] = self.joined(one, random.choice([tip, tip, *line]))
            elif act == "cross":
                branches[at] = self.joined(one, random.choice(branches))
            elif act == "revert":
                branches[at] = self.commit(dict(random.choice([*line, *branches]).state), one)
            elif act == "merge":
                line.append(self.joined(tip, one))
            else:
                line.append(self.commit(self.changed(tip.state), tip))
        key = random.choice(KEYS)
        begin = random.choice([line[-1], *line, *branches])
        asked = {**begin.state, key: random.choice([form for form in FORMS[:3] if form != begin.state[key]])}
        request = self.commit(asked, begin)
        if random.random() < 0.4:
            request = self.joined(request, random.choice([line[-1], line[-1], *line, *branches]))
        return line[-1], request, key

    def changed(self, state: State) -> State:
        return {**state, self.random.choice(KEYS): self.random.choice(FORMS)}

    def joined(self, one: Commit, other: Commit) -> Commit:
        """A merge: by what each side changed, keeping ours, taking theirs, or something else altogether."""
        how = self.random.choice(("both", "both", "ours", "theirs", "evil"))
        took = {key: other.state[key] if other.state[key] != "absent" else form for key, form in one.state.items()}
        state = {"both": took, "ours": one.state, "theirs": other.state, "evil": self.changed(took)}[how]
        return self.commit(dict(state), one, other) if one is not other else self.commit(self.changed(one.state), one)


@dataclass(frozen=True)
class Judged:
    target: str
    request: str
    key: str


@pytest.fixture
def histories(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--histories"))


def written(world: World, root: str, count: int) -> list[Judged]:
    """So many histories in the repository of `world`."""
    trees = {}
    for key in KEYS:
        asked = world.preview(root, "prd", key, now=NOW - 10 * HOUR)
        other = with_component(asked, "web", image=image("web", "c"))
        for form, entry in (("asked", asked), ("other", other), ("running", stamped(asked, NOW - 2 * HOUR))):
            commit = world.commit(world.files(root, entry), root)
            trees[key, form] = world.git("rev-parse", f"{commit}:{folder('prd', key)}").decode().strip()
    made = Histories(trees, root, Random(20261123))
    found = [made.history() for _ in range(count)]
    marks = world.path / "marks"
    stream = "\n".join([*made.lines, "done", ""]).encode()
    world.git(
        "fast-import", "--quiet", "--force", "--done", "--date-format=raw", f"--export-marks={marks}", stdin=stream
    )
    ids = dict(line.split() for line in marks.read_text().splitlines())
    return [Judged(ids[f":{target.mark}"], ids[f":{request.mark}"], key) for target, request, key in found]


def merged_changes(world: World, one: Judged) -> set[str]:
    """The folders that differ between the target and what Git's own merge of the request gives."""
    tree = world.git("merge-tree", "--write-tree", one.target, one.request).decode().split()[0]
    names = world.git("diff-tree", "-r", "--name-only", "--no-renames", one.target, tree).decode().split()
    return {str(Path(name).parent) for name in names}


def test_what_is_merged_changes_its_own_preview_only(tmp_path: Path, histories: int) -> None:
    world, _, root = lay_out(tmp_path / "state.git")
    policy = world.policy(root, "prd")
    examiner = Examiner(world.history, lambda *_: None, VERSION, lambda: NOW)
    outcomes: Counter[str] = Counter()
    for one in written(world, root, histories):
        snapshot = world.history.snapshot("prd", one.target)
        state: Any = SimpleNamespace(environment=policy.environment, library=policy.library, snapshot=snapshot)
        asked = world.history.snapshot(f"preview/prd/{one.key.lower()}", one.request)
        examined = examiner.examine(state, asked)
        if examined.obsolete or examined.content:
            told = examined.obsolete or examined.content[0]
            outcomes[next((word for word in WORDS if word in told), "judged by guard")] += 1
            continue
        outcomes["merged"] += 1
        assert merged_changes(world, one) == {folder("prd", one.key)}, (one, format_time(NOW))
    for outcome in ("merged", *WORDS):
        assert outcomes[outcome] >= histories // 200, outcomes
