"""Drift: what differs from today's rendering and why, corrected a set number a run, and nothing rendered without need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ConfigError, HubError, Reason
from generator.model.blueprint import TemplateLibrary
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.render.render import PreviewRenderer, Rendering
from generator.render.templating import Renderer
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE
from hub.wiring import Hub
from reconcilers.lifecycle.start import entry_text
from reconcilers.scheduled.drift import DriftResult, plan_drift
from reconcilers.scheduled.drift_judge import Judge
from reconcilers.state.entries import parse_entry
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, NOW, environment
from worlds.memory_store import MemoryMemo, MemoryStore
from worlds.planning import Broken, files_of, merged, observed, put, started, state_store

HOME = "environments/int/previews/rtb"
KEYS = ("RTB-101", "RTB-102", "RTB-203")
COMMON = "templates/preview/_common"


def folder(key: str) -> str:
    number = int(key.split("-")[1])
    return f"{HOME}/{number // 100 * 100}/{key.lower()}"


def manifest(key: str) -> str:
    return f"{folder(key)}/{MANIFEST_FILE}"


def entry(key: str) -> str:
    return f"{folder(key)}/{ENTRY_FILE}"


def with_templates(**files: str) -> TemplateLibrary:
    """The shipped templates with some replaced or added in `_common`."""
    return TemplateLibrary({**LIBRARY.files, **{f"{COMMON}/{name}.yaml.j2": text for name, text in files.items()}})


#: A release whose template gives one object more.
MORE = with_templates(
    more="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: {{ preview.namespace }}}\n"
)


@dataclass
class Counting(PreviewRenderer):
    """A renderer that counts."""

    library: TemplateLibrary
    renders: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.library)
        self._renderer = templates_of(self.library)

    def render(self, preview: Preview, environment: Environment) -> Rendering:
        self.renders.append(preview.spec.issue)
        return super().render(preview, environment)


_TEMPLATES: dict[int, tuple[TemplateLibrary, Renderer]] = {}


def templates_of(library: TemplateLibrary) -> Renderer:
    """The templates of a library, whose skeletons are parsed once for all tests."""
    return _TEMPLATES.setdefault(id(library), (library, PreviewRenderer(library)._renderer))[1]


def accept(*_: Any) -> None:
    """Policy that refuses nothing."""


@dataclass
class World:
    """A repository with some previews, the templates of today, and a memo."""

    store: MemoryStore
    library: TemplateLibrary = LIBRARY
    check: Callable[[Rendering, Preview, Environment], None] = accept
    version: str = "test"
    memo: MemoryMemo = field(default_factory=MemoryMemo)
    renders: list[str] = field(default_factory=list)
    reads: dict[object, EnvironmentState] = field(default_factory=dict)

    def plan(self, env: str = "int", now: datetime = NOW, **spec: Any) -> DriftResult:
        state = replace(self.observed(env, **spec), library=self.library)
        renderer = Counting(self.library, self.renders)
        return plan_drift(state, Judge(renderer, self.check, self.version), self.memo, now=now)

    def observed(self, env: str, **spec: Any) -> EnvironmentState:
        """Read once for the same commits."""
        asked = (env, repr(spec), *sorted(self.store.heads.items()))
        if asked not in self.reads:
            self.reads[asked] = observed(self.store, env, **spec)
        return self.reads[asked]

    def run(self, env: str = "int", **spec: Any) -> DriftResult:
        done = self.plan(env, **spec)
        if done.plan is not None:
            self.store.commit(done.plan, at=NOW)
        return done

    def causes(self, **spec: Any) -> dict[str, tuple[str, ...]]:
        return {one.preview: one.causes for one in self.plan(**spec).differences}

    def edited(self, path: str, old: str, new: str) -> None:
        text = files_of(self.store)[PurePosixPath(path)].decode()
        assert old in text
        put(self.store, path, text.replace(old, new, 1).encode())

    def read(self, key: str) -> Preview:
        return parse_entry(files_of(self.store)[PurePosixPath(entry(key))], entry(key))


def world(**fields: Any) -> World:
    return World(_begun().copy(), **fields)


@cache
def _begun() -> MemoryStore:
    store = state_store()
    for key in KEYS:
        started(store, key=key, spec={"fargate": {"quotaVcpu": 100}})
    return store


def test_nothing_differs_and_nothing_is_rendered() -> None:
    ours = world()
    cold, warm = ours.plan(), ours.plan()
    assert cold == warm
    assert (cold.plan, cold.actions, cold.differences, cold.equal, cold.waiting) == (None, (), (), 3, 0)
    assert ours.renders == []
    assert len(ours.memo.kept) == 3


def test_a_warm_pass_reads_no_manifest() -> None:
    ours = world()
    ours.plan()
    state = observed(ours.store)
    tree = {path: content for path, content in files_of(ours.store).items() if path.name != MANIFEST_FILE}
    listing = state.snapshot.listing(PurePosixPath())

    @dataclass(frozen=True)
    class WithoutManifests:
        branch: str = state.snapshot.branch
        commit: str = state.snapshot.commit

        def listing(self, below: PurePosixPath) -> Mapping[str, str]:
            return {path: name for path, name in listing.items() if path.startswith(f"{below}/")}

        def files(self, below: PurePosixPath) -> tuple[PurePosixPath, ...]:
            raise AssertionError

        def read(self, paths: Any) -> Mapping[PurePosixPath, bytes]:
            return {path: tree[path] for path in paths}

    judge = Judge(PreviewRenderer(LIBRARY), accept, "test")
    done = plan_drift(replace(state, snapshot=WithoutManifests()), judge, ours.memo, now=NOW)
    assert (done.equal, done.plan) == (3, None)


def _edit_manifest(ours: World, key: str = "RTB-102") -> None:
    ours.edited(manifest(key), "replicas: 1", "replicas: 7")


def _break_manifest(ours: World, key: str = "RTB-102") -> None:
    put(ours.store, manifest(key), b"{[")


def _empty_manifest(ours: World, key: str = "RTB-102") -> None:
    put(ours.store, manifest(key), b"- 1\n")


def _reformat_manifest(ours: World, key: str = "RTB-102") -> None:
    ours.edited(manifest(key), "\n", "\n# seen\n")


def _remove_manifest(ours: World, key: str = "RTB-102") -> None:
    put(ours.store, manifest(key), None)


def _edit_entry(ours: World, key: str = "RTB-102") -> None:
    ours.edited(entry(key), "replicas: 1", "replicas: 2")


def _edit_lease(ours: World, key: str = "RTB-102") -> None:
    ours.edited(entry(key), 'expiresAt: "2026-11-24', 'expiresAt: "2026-11-25')


def _edit_both(ours: World, key: str = "RTB-102") -> None:
    _edit_manifest(ours, key)
    _edit_entry(ours, key)


def _remove_stamp(ours: World, key: str = "RTB-102") -> None:
    preview = ours.read(key)
    bare = preview.model_copy(update={"spec": preview.spec.model_copy(update={"rendered": None})})
    put(ours.store, entry(key), entry_text(bare).encode())


def _edit_digest(ours: World, key: str = "RTB-102") -> None:
    found = ours.read(key).spec.rendered
    assert found
    ours.edited(entry(key), found.digest, "sha256:" + "0" * 64)


@pytest.mark.parametrize(
    ("edit", "causes", "writes"),
    [
        (_edit_manifest, ("manifest-edited",), {MANIFEST_FILE}),
        (_break_manifest, ("manifest-edited",), {MANIFEST_FILE}),
        (_empty_manifest, ("manifest-edited",), {MANIFEST_FILE}),
        (_reformat_manifest, ("manifest-edited",), {MANIFEST_FILE}),
        (_remove_manifest, ("manifest-missing",), {MANIFEST_FILE}),
        (_edit_entry, ("entry-edited",), {MANIFEST_FILE, ENTRY_FILE}),
        (_edit_both, ("manifest-edited", "entry-edited"), {MANIFEST_FILE, ENTRY_FILE}),
        (_remove_stamp, ("stamp-missing",), {ENTRY_FILE}),
        (_edit_digest, ("manifest-edited",), {ENTRY_FILE}),
    ],
)
def test_what_was_done_by_hand_is_told_and_put_right(
    edit: Callable[[World], None], causes: tuple[str, ...], writes: set[str]
) -> None:
    ours = world()
    ours.plan()
    edit(ours)
    kept = ours.read("RTB-102")
    done = ours.run()
    assert {one.preview: one.causes for one in done.differences} == {"int/rtb-102": causes}
    assert done.plan is not None
    assert {change.path.name for change in done.plan.changes} == writes
    assert ours.renders == ["RTB-102"]
    (action,) = done.actions
    assert (action.kind, action.preview) == ("correct", "int/rtb-102")
    assert done.plan.trailers == (("Preview", "int/rtb-102"), ("Action", "correct"), ("Reason", action.why))
    after = ours.read("RTB-102")
    assert after.spec.model_copy(update={"rendered": None}) == kept.spec.model_copy(update={"rendered": None})
    rendering = PreviewRenderer(LIBRARY).render(after, environment())
    assert files_of(ours.store)[PurePosixPath(manifest("RTB-102"))].decode() == rendering.text
    assert ours.run().plan is None


def test_fields_that_differ_are_told() -> None:
    ours = world()
    _edit_manifest(ours)
    (difference,) = ours.plan().differences
    assert difference.changes is not None
    told = [(str(c.identity), f.field, f.before, f.after) for c in difference.changes for f in c.fields]
    assert told == [("Deployment preview-rtb-102/api", "spec.replicas", 7, 1)]


def test_objects_that_cannot_be_read_are_told_as_such() -> None:
    ours = world()
    _break_manifest(ours)
    (difference,) = ours.plan().differences
    assert difference.changes is None


def test_another_template_is_rolled_out() -> None:
    ours = world(library=MORE)
    done = ours.run()
    assert {one.causes for one in done.differences} == {("template",)}
    assert [str(c.identity) for one in done.differences for c in one.changes or ()] == [
        f"ConfigMap preview-{key.lower()}/more" for key in KEYS
    ]
    assert done.plan is not None
    assert done.plan.subject == "Correct 3 previews in int"
    assert len([value for name, value in done.plan.trailers if name == "Preview"]) == 3
    assert ours.run().plan is None
    assert ours.renders == [*KEYS]


def test_another_field_of_the_environment_is_rolled_out() -> None:
    ours = world()
    done = ours.plan(domain="other.example.com")
    assert {one.causes for one in done.differences} == {("template",)}


def test_a_field_that_rendering_cannot_see_renders_nothing() -> None:
    ours = world()
    assert ours.plan(exposure={**environment().as_tree()["spec"]["exposure"], "shards": 3}).equal == 3
    assert ours.renders == []


def test_another_release_that_renders_the_same_touches_nothing_and_renders_once() -> None:
    ours = world(version="2.0.0")
    first = ours.run()
    assert (first.plan, first.differences, first.equal, first.rendered) == (None, (), 3, 3)
    assert ours.plan().rendered == 0


def test_a_change_by_hand_is_told_apart_from_another_template() -> None:
    ours = world(library=MORE)
    _edit_entry(ours)
    assert ours.causes() == {
        "int/rtb-101": ("template",),
        "int/rtb-102": ("entry-edited", "template"),
        "int/rtb-203": ("template",),
    }


def test_a_roll_out_goes_in_portions_and_what_was_done_by_hand_goes_first() -> None:
    ours = world(library=MORE)
    ours.edited(manifest("RTB-203"), "replicas: 1", "replicas: 7")
    spec = {"drift": {"mode": "correct", "perRun": 1}}
    runs = [ours.run(**spec) for _ in range(4)]
    assert [[one.preview for one in done.differences] for done in runs] == [
        ["int/rtb-203"],
        ["int/rtb-101"],
        ["int/rtb-102"],
        [],
    ]
    assert [done.waiting for done in runs] == [2, 1, 0, 0]
    assert runs[0].lines()[-1] == "2 more in int: in the next runs"
    assert len(ours.renders) == 3


def test_an_environment_that_only_reports_is_not_written() -> None:
    ours = world(library=MORE)
    done = ours.plan(drift={"mode": "report"})
    assert done.plan is None
    assert {action.kind for action in done.actions} == {"report"}
    assert len(done.differences) == 3
    assert done.needs_a_person


def test_a_gated_environment_is_only_reported_on() -> None:
    store = state_store()
    started(store, "prd")
    merged(store)
    ours = World(store, library=MORE)
    done = ours.plan("prd")
    assert done.plan is None
    assert [(one.kind, one.preview) for one in done.actions] == [("report", "prd/rtb-123")]


def refuse(rendering: Rendering, preview: Preview, environment: Environment) -> None:
    """Policy that refuses one preview."""
    del rendering, environment
    if preview.spec.issue == "RTB-102":
        raise ConfigError(Reason.MANIFEST_INVALID, "no such thing")


def test_what_policy_refuses_is_told_and_left_as_it_is() -> None:
    ours = world(library=MORE, check=refuse)
    before = files_of(ours.store)
    done = ours.run()
    assert [one.preview for one in done.differences if one.refusals] == ["int/rtb-102"]
    (refused,) = (one for one in done.actions if one.kind == "report")
    assert refused.preview == "int/rtb-102"
    assert "no such thing" in refused.why
    after = files_of(ours.store)
    assert {path for path in before if before[path] != after[path]} == {
        PurePosixPath(path) for key in ("RTB-101", "RTB-203") for path in (entry(key), manifest(key))
    }
    assert [one.causes for one in ours.run().differences] == [("template", "policy")]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"compute": {"default": "spot", "allowed": ["spot"]}}, "fargate is not allowed"),
        ({"images": {"pinned": True, "registries": ["ours.example.com/"]}}, "foreign registry"),
        ({"limits": {"cpu": "300m", "memory": "2Gi", "previews": 20}}, "asks for 500m CPU"),
    ],
)
def test_policy_on_entries_is_that_of_a_start(spec: Mapping[str, Any], told: str) -> None:
    done = world().plan(**spec)
    assert [one.causes[-1] for one in done.differences] == ["policy"] * 3
    assert all(told in one.why for one in done.differences)
    assert done.plan is None


def test_real_policy_accepts_what_is_rendered() -> None:
    from hub.settings import load_settings

    ours = world(library=MORE, check=Hub(load_settings({})).check)
    assert [one.refusals for one in ours.plan().differences] == [(), (), ()]


def test_what_cannot_be_rendered_is_set_aside_and_the_others_go_on() -> None:
    ours = world(library=with_templates(more="{% if preview.name == 'rtb-101' %}{{ nosuch }}{% endif %}"))
    done = ours.plan()
    assert [one.preview for one in done.set_aside] == ["int/rtb-101"]
    assert "nosuch" in done.lines()[-1]
    assert done.equal == 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("blueprint: web-api", "blueprint: nosuch", "no blueprint 'nosuch'"),
        ("    api:\n", "    another:\n", "no component 'another'"),
        ("issue: RTB-102", "issue: RTB-7", "another preview's folder"),
        ("spec:", "spec: [", "not YAML"),
    ],
)
def test_a_wrong_entry_is_set_aside(old: str, new: str, told: str) -> None:
    ours = world(library=MORE)
    ours.edited(entry("RTB-102"), old, new)
    before = files_of(ours.store)[PurePosixPath(entry("RTB-102"))]
    done = ours.run()
    assert [one.preview for one in done.set_aside] == ["int/rtb-102"]
    assert told in str(done.set_aside[0])
    assert len(done.differences) == 2
    assert files_of(ours.store)[PurePosixPath(entry("RTB-102"))] == before


def test_a_broken_blueprint_keeps_only_its_own_previews_from_being_judged() -> None:
    path = "templates/preview/web/blueprint.yaml"
    library = TemplateLibrary({**LIBRARY.files, path: "{["})
    store = state_store()
    for key, blueprint in (("RTB-101", "web"), ("RTB-102", "web-api")):
        started(store, key=key, blueprint=blueprint)
    done = World(store, library=library).plan()
    assert [one.preview for one in done.set_aside] == ["int/rtb-101"]
    assert done.equal == 1


def test_a_preview_that_is_over_is_left_to_its_removal() -> None:
    ours = world()
    _edit_manifest(ours)
    assert ours.plan(now=NOW + timedelta(hours=24) - timedelta(seconds=1)).differences
    done = ours.plan(now=NOW + timedelta(hours=24))
    assert (done.differences, done.plan, done.equal) == ((), None, 0)


@pytest.mark.parametrize("path", [f"{folder('RTB-102')}/notes.md", f"{folder('RTB-102')}/more/manifest.yaml"])
def test_a_stray_file_is_told_and_stays(path: str) -> None:
    ours = world()
    put(ours.store, path, b"x")
    done = ours.plan()
    assert done.plan is None
    assert [(one.kind, one.preview) for one in done.actions] == [("report", "int")]
    assert path in done.actions[0].why
    assert done.equal == 3


def test_a_manifest_without_an_entry_is_told_and_stays() -> None:
    ours = world()
    put(ours.store, entry("RTB-102"), None)
    done = ours.plan()
    assert done.plan is None
    assert manifest("RTB-102") in done.actions[0].why


def test_an_older_release_leaves_what_a_newer_one_rendered() -> None:
    ours = world(library=MORE, version="2.10.0")
    ours.run()
    older = replace(ours, library=LIBRARY, version="2.9.0")
    done = older.run()
    assert done.plan is None
    assert "rendered by rtb-hub 2.10.0; this is 2.9.0" in str(done.set_aside[0])
    assert replace(ours, library=LIBRARY, version="2.11.0").plan().plan is not None


@pytest.mark.parametrize("at", range(1, 12))
@pytest.mark.parametrize("fails", [True, False])
def test_a_failed_or_partial_read_corrects_nothing_that_is_right(at: int, fails: bool) -> None:
    ours = world()
    try:
        state = read_state(Broken(ours.store, at, fails), "int", LIBRARY)  # type: ignore[arg-type]
        done = plan_drift(state, Judge(PreviewRenderer(LIBRARY), accept, "test"), MemoryMemo(), now=NOW)
    except HubError:
        return
    assert done.plan is None


def test_a_memo_that_knows_too_much_of_other_files_changes_nothing() -> None:
    ours, other = world(), world()
    ours.plan()
    _edit_manifest(other)
    assert replace(other, memo=ours.memo).causes() == other.causes()


EDITS = st.sampled_from(
    [
        _edit_manifest, _break_manifest, _empty_manifest, _reformat_manifest, _remove_manifest, _edit_entry, _edit_lease,
        _remove_stamp, _edit_digest,
    ]
)  # fmt: skip


@given(
    edits=st.lists(st.tuples(EDITS, st.sampled_from(KEYS)), max_size=6),
    more=st.booleans(),
    per_run=st.integers(1, 4),
    forgets=st.booleans(),
)
def test_after_enough_runs_nothing_differs(
    edits: list[tuple[Callable[[World, str], None], str]], more: bool, per_run: int, forgets: bool
) -> None:
    ours = world(library=MORE if more else LIBRARY)
    for edit, key in edits:
        with suppress(AssertionError, KeyError):  # what it edits is no longer there
            edit(ours, key)
    spec = {"drift": {"mode": "correct", "perRun": per_run}}
    for _ in range(4):
        before = ours.plan(**spec)
        assert before == ours.plan(**spec)
        done = ours.run(**spec)
        assert len(done.differences) <= per_run
        assert not done.set_aside
        if forgets:
            ours.memo = MemoryMemo()
    last = ours.plan(**spec)
    assert (last.plan, last.actions, last.waiting, last.equal) == (None, (), 0, len(KEYS))
    for key in KEYS:
        rendering = Counting(ours.library).render(ours.read(key), environment())
        assert files_of(ours.store)[PurePosixPath(manifest(key))].decode() == rendering.text
