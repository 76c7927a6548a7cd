"""The guard: each of many crafted bad changes, real commits in real Git, is refused by its own rule; good ones pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.model.entry import Extension, Preview
from generator.model.queued import queued_of
from generator.values.formats import format_time, parse_time
from generator.values.naming import queue_folder
from reconcilers.guard.judge import Judgement
from reconcilers.guard.walk import RULES
from reconcilers.lifecycle.start import Starter, entry_text, file_text
from reconcilers.state.entries import parse_entry
from worlds.builders import NOW, image
from worlds.guarding import (
    HOUR,
    Files,
    World,
    entry_path,
    folder,
    lay_out,
    manifest_path,
    one,
    rules,
    stamped,
    with_component,
    with_lease,
    with_spec,
)
from worlds.places import TESTS


@dataclass(frozen=True)
class State:
    """A repository with previews: RTB-1 of int runs, RTB-2 and RTB-3 of int are due.

    On prd RTB-1 is merged but not stamped, RTB-2 runs, RTB-3 is due.
    """

    world: World
    first: str
    main: str
    prd: str
    live: Preview
    due: Preview
    due_too: Preview
    merged: Preview
    running: Preview
    over: Preview

    def on_main(self, files: Files, *, on: str | None = None) -> str:
        return self.world.commit(files, on or self.main)

    def on_prd(self, files: Files, *, on: str | None = None) -> str:
        return self.world.commit(files, on or self.prd)

    def both(self, preview: Preview) -> Files:
        return self.world.files(self.main if preview.spec.environment != "prd" else self.prd, preview)

    def text(self, preview: Preview, path: Callable[[Preview], str] = entry_path) -> bytes:
        return self.world.read(self.main if preview.spec.environment != "prd" else self.prd, path(preview))


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    world, first, prd = lay_out(tmp_path_factory.mktemp("guard") / "state.git")
    live = world.preview(first, "int", "RTB-1", now=NOW - HOUR)
    due, due_too = (world.preview(first, "int", key, now=NOW - 30 * HOUR) for key in ("RTB-2", "RTB-3"))
    asked = {key: world.preview(prd, "prd", key, now=NOW - 10 * HOUR) for key in ("RTB-1", "RTB-2", "RTB-3")}
    running, over = stamped(asked["RTB-2"], NOW - HOUR), stamped(asked["RTB-3"], NOW - 9 * HOUR)
    on_main = {path: text for one in (live, due, due_too) for path, text in world.files(first, one).items()}
    on_prd = {path: text for one in (asked["RTB-1"], running, over) for path, text in world.files(prd, one).items()}
    main, prd_head = world.commit(on_main, first), world.commit(on_prd, prd)
    return State(world, first, main, prd_head, live, due, due_too, asked["RTB-1"], running, over)


def removal(*previews: Preview) -> Files:
    return {path: None for preview in previews for path in (entry_path(preview), manifest_path(preview))}


def swapped(text: bytes, old: str, new: str) -> bytes:
    assert old.encode() in text
    return text.replace(old.encode(), new.encode())


def crlf(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


# --- one bad commit on main ---------------------------------------------------------------------------------------

ENV = "environments/int/environment.yaml"
EVIL = image("web", "e")
OTHER_FORM = image("api", "f")


def renamed(s: State) -> Files:
    moved = {path.replace("/rtb/0/rtb-1/", "/rtb/100/rtb-1/"): text for path, text in s.both(s.live).items()}
    return {**removal(s.live), **moved}


def second_entry(s: State) -> Files:
    return {path.replace("/rtb-1/", "/rtb-9/"): text for path, text in s.both(s.live).items()}


def reworded(s: State, old: str, new: str) -> Files:
    """The live entry with some text replaced, its manifest as it was."""
    return {entry_path(s.live): swapped(s.text(s.live), old, new)}


def remanifested(s: State, old: str, new: str) -> Files:
    return {manifest_path(s.live): swapped(s.text(s.live, manifest_path), old, new)}


def new(s: State, preview: Preview | None = None, **fields: Any) -> Files:
    return unchecked(s, preview or s.world.preview(s.main, "int", "RTB-9", **fields))


def unchecked(s: State, preview: Preview) -> Files:
    """Both files as a hub without checks of its own would write them."""
    base = s.prd if preview.spec.environment == "prd" else s.main
    return s.world.files(base, preview, Starter(lambda *_: None, "test"))


def by_hand(s: State, preview: Preview) -> Files:
    """An entry that cannot be rendered, beside another's manifests."""
    from reconcilers.lifecycle.start import entry_text

    return {entry_path(preview): entry_text(preview).encode(), manifest_path(preview): s.text(s.live, manifest_path)}


def ninth(s: State) -> Preview:
    return s.world.preview(s.main, "int", "RTB-9")


def extended(preview: Preview, by: str, hours: int) -> Preview:
    extension = Extension(by=by, requested_by="alice", at=format_time(NOW))
    ends = NOW - HOUR + (24 + hours) * HOUR
    return with_lease(preview, extensions=[extension], expires_at=ends)


BAD: dict[str, tuple[Callable[[State], Files], set[str]]] = {
    "an image edited by hand": (lambda s: remanifested(s, image("web"), EVIL), {"manifest-edited"}),
    "an object added by hand": (
        lambda s: {manifest_path(s.live): s.text(s.live, manifest_path) + b"---\nkind: Pod\n"},
        {"manifest-edited"},
    ),
    "an object twice": (
        lambda s: {
            manifest_path(s.live): s.text(s.live, manifest_path).replace(
                b"---\n", b"---\n" + s.text(s.live, manifest_path).split(b"---\n")[1] + b"---\n", 1
            )
        },
        {"manifest-form"},
    ),
    "a comment in the manifests": (
        lambda s: {manifest_path(s.live): s.text(s.live, manifest_path) + b"# x\n"},
        {"manifest-form"},
    ),
    "manifests with CRLF": (
        lambda s: {manifest_path(s.live): crlf(s.text(s.live, manifest_path))},
        {"manifest-form"},
    ),
    "manifests that are no YAML": (lambda s: {manifest_path(s.live): b"a: [\n"}, {"manifest-unreadable"}),
    "manifests that are no objects": (lambda s: {manifest_path(s.live): b"- a\n"}, {"manifest-unreadable"}),
    "empty manifests": (lambda s: {manifest_path(s.live): b""}, {"manifest-edited"}),
    "an entry not rendered anew": (lambda s: reworded(s, image("web"), EVIL), {"manifest-stale"}),
    "an entry rendered to something else": (
        lambda s: {
            **new(s),
            manifest_path(ninth(s)): swapped(new(s)[manifest_path(ninth(s))], 'cpu: "250m"', 'cpu: "4"'),
        },
        {"manifest-differs"},
    ),
    "a false stamp of rendering": (lambda s: reworded(s, "generator: test", "generator: other"), {"rendered-stamp"}),
    "no stamp of rendering": (
        lambda s: {
            **new(s),
            entry_path(ninth(s)): new(s)[entry_path(ninth(s))].split(b"  rendered:")[0] + b"  shard: previews-0\n",
        },
        {"rendered-stamp"},
    ),
    "another basis": (
        lambda s: reworded(s, s.text(s.live).split(b'basis: "sha256:')[1][:64].decode(), "0" * 64),
        {"rendered-stamp"},
    ),
    "no basis": (
        lambda s: {
            entry_path(s.live): b"".join(
                line for line in s.text(s.live).splitlines(keepends=True) if b"basis:" not in line
            )
        },
        {"rendered-stamp"},
    ),
    "asked for in the year 2000": (
        lambda s: s.both(
            with_lease(
                s.world.preview(s.main, "int", "RTB-9"),
                requested_at="2000-01-01T00:00:00Z",
                expires_at="2000-01-02T00:00:00Z",
            )
        ),
        {"lease-arithmetic", "entry-expired"},
    ),
    "a manifest of 900 kB": (
        lambda s: {manifest_path(s.live): b"[" + b"1," * 450_000 + b"1]"},
        {"manifest-unreadable"},
    ),
    "an entry of 900 kB": (lambda s: {entry_path(s.live): b"[" + b"1," * 450_000 + b"1]"}, {"entry-unreadable"}),
    "a second entry for one issue": (second_entry, {"misplaced-entry"}),
    "a renamed folder": (renamed, {"misplaced-entry", "removal-not-due"}),
    "an entry that names another environment": (
        lambda s: reworded(s, "environment: int", "environment: stg"),
        {"misplaced-entry"},
    ),
    "a changed quota": (
        lambda s: {ENV: s.world.read(s.main, ENV) + b"  limits: {previews: 500}\n"},
        {"policy-changed"},
    ),
    "a template of one's own": (
        lambda s: {"environments/int/templates/preview/_common/pod.yaml.j2": b"kind: Pod\n"},
        {"policy-changed"},
    ),
    "a blueprint of one's own": (lambda s: {"blueprints/shop/blueprint.yaml": b"x: 1\n"}, {"policy-changed"}),
    "a blueprint, in another case": (lambda s: {"Blueprints/shop/blueprint.yaml": b"x: 1\n"}, {"path-case"}),
    "what starts previews": (lambda s: {"hub/services.yaml": b"projects: {}\n"}, {"policy-changed"}),
    "what starts previews, in another case": (lambda s: {"hub/Services.yaml": b"projects: {}\n"}, {"path-case"}),
    "a changed base": (lambda s: {"environments/base/environment.yaml": b"x: 1\n"}, {"policy-changed"}),
    "policy and what it would allow, together": (
        lambda s: {
            ENV: swapped(s.world.read(s.main, ENV), "spec:\n", "spec:\n  limits: {cpu: '64', memory: 64Gi}\n"),
            **unchecked(s, with_component(ninth(s), "web", cpu="4")),
        },
        {"policy-changed", "over-limit", "not-renderable"},
    ),
    "a symlink": (lambda s: {manifest_path(s.live): ("120000", b"../../x")}, {"mode-symlink"}),
    "a link that leaves the repository, outside previews": (
        lambda s: {"docs/x": ("120000", b"/etc/passwd")},
        {"mode-symlink", "outside-previews"},
    ),
    "a submodule in place of all previews": (
        lambda s: {"environments/stg/previews": ("160000", b"1" * 40)},
        {"mode-submodule", "extra-file"},
    ),
    "a submodule": (
        lambda s: {f"{folder('int', 'RTB-1')}/sub": ("160000", b"1" * 40)},
        {"mode-submodule", "extra-file"},
    ),
    "a submodule in place of the manifests": (
        lambda s: {manifest_path(s.live): ("160000", b"1" * 40)},
        {"mode-submodule"},
    ),
    "an executable": (lambda s: {entry_path(s.live): ("100755", s.text(s.live))}, {"mode-executable"}),
    "a file outside": (lambda s: {"notes.txt": b"x"}, {"outside-previews"}),
    "a file beside the previews": (lambda s: {"environments/int/notes.txt": b"x"}, {"outside-previews"}),
    "a third file of a preview": (lambda s: {f"{folder('int', 'RTB-1')}/more.yaml": b"kind: Pod\n"}, {"extra-file"}),
    "a file among the previews": (lambda s: {"environments/int/previews/x.yaml": b"x"}, {"extra-file"}),
    "an entry below a preview": (
        lambda s: {f"{folder('int', 'RTB-1')}/deeper/preview.yaml": b"kind: Preview\n"},
        {"misplaced-entry"},
    ),
    "a removed file of the platform": (lambda s: {"argocd/int/project.yaml": None}, {"platform-changed"}),
    "an anchor": (lambda s: {"environments/int/platform/anchor.yaml": b"x: 1\n"}, {"platform-changed"}),
    "a changed layout": (lambda s: {"rtb-hub.yaml": b"x: 1\n"}, {"layout-changed"}),
    "a removed layout": (lambda s: {"rtb-hub.yaml": None}, {"layout-changed"}),
    "a changed CODEOWNERS": (lambda s: {".github/CODEOWNERS": b""}, {"workflow-changed"}),
    "a new workflow": (lambda s: {".github/workflows/x.yaml": b"on: push\n"}, {"workflow-changed"}),
    "an entry of another branch's environment": (
        lambda s: {"environments/prd/previews/rtb/0/rtb-1/preview.yaml": b"x: 1\n"},
        {"other-environment"},
    ),
    "an entry in capitals": (
        lambda s: {"environments/int/previews/RTB/0/RTB-1/preview.yaml": s.text(s.live)},
        {"path-case"},
    ),
    "folders in capitals": (lambda s: {"Environments/int/environment.yaml": b"x: 1\n"}, {"path-case"}),
    ".GitHub": (lambda s: {".GitHub/CODEOWNERS": b""}, {"path-case"}),
    "an environment in capitals": (lambda s: {"environments/INT/previews/x": b""}, {"path-case"}),
    "a path with a line break": (lambda s: {"environments/int/previews/a\nb/preview.yaml": b"x: 1\n"}, {"path-form"}),
    "a path in other letters": (
        lambda s: {"environments/int/previews/rtb/0/rtb-1\u200b/preview.yaml": b""},
        {"path-form"},
    ),
    "a path that is no text": (lambda s: {"environments/int/previews/\udcff": b""}, {"path-form"}),
    "a removed entry, its manifests left": (lambda s: {entry_path(s.due): None}, {"entry-missing"}),
    "removed manifests, their entry left": (lambda s: {manifest_path(s.due): None}, {"manifest-missing"}),
    "a new entry without manifests": (
        lambda s: {entry_path(ninth(s)): new(s)[entry_path(ninth(s))]},
        {"manifest-missing"},
    ),
    "a file of 2 MiB": (lambda s: {manifest_path(s.live): b"#" * 2**21}, {"file-unreadable"}),
    "an entry that is no YAML": (lambda s: {entry_path(s.live): b"\x00"}, {"entry-unreadable"}),
    "an empty entry": (lambda s: {entry_path(s.live): b""}, {"entry-unreadable"}),
    "an unknown field": (lambda s: reworded(s, "  shard:", "  privileged: true\n  shard:"), {"entry-unreadable"}),
    "a key twice": (lambda s: reworded(s, "  shard:", "  compute: spot\n  shard:"), {"entry-unreadable"}),
    "an anchor and its alias": (
        lambda s: reworded(s, "requestedBy: alice", "requestedBy: &a alice\n    extensions: []\n    x: *a"),
        {"entry-unreadable"},
    ),
    "an anchor alone": (lambda s: reworded(s, "requestedBy: alice", "requestedBy: &a alice"), {"entry-form"}),
    "two documents": (lambda s: {entry_path(s.live): s.text(s.live) * 1 + b"---\na: 1\n"}, {"entry-unreadable"}),
    "an entry with CRLF": (lambda s: {entry_path(s.live): crlf(s.text(s.live))}, {"entry-form"}),
    "an entry with a comment": (lambda s: {entry_path(s.live): s.text(s.live) + b"# x\n"}, {"entry-form"}),
    "an entry with a byte order mark": (
        lambda s: {entry_path(s.live): b"\xef\xbb\xbf" + s.text(s.live)},
        {"entry-form"},
    ),
    "more CPU than a preview may have": (
        lambda s: unchecked(s, with_component(ninth(s), "web", cpu="4")),
        {"over-limit", "not-renderable"},
    ),
    "an unpinned image": (
        lambda s: unchecked(s, with_component(ninth(s), "web", image="registry.example.com/web:latest")),
        {"image-not-pinned", "not-renderable"},
    ),
    "another environment's secret": (
        lambda s: unchecked(s, with_component(ninth(s), "web", secrets={"TOKEN": "preview/prd/x#token"})),
        {"foreign-reference"},
    ),
    **{
        f"Argo CD's own secret {name}": (
            lambda s, name=name: unchecked(s, with_component(ninth(s), "web", secrets={"TOKEN": f"{name}#x"})),
            {"foreign-reference"},
        )
        for name in ("rtb/int/argocd", "rtb/int/argocd-repository", "preview/int/argocd-repository")
    },
    "a database on spot nodes": (
        lambda s: unchecked(
            s, with_spec(s.world.preview(s.main, "int", "RTB-9", blueprint="web-api-postgres"), compute="spot")
        ),
        {"compute-not-allowed"},
    ),
    "a component of no blueprint": (
        lambda s: by_hand(
            s, with_spec(ninth(s), components={**ninth(s).spec.components, "x": s.live.spec.components["web"]})
        ),
        {"unknown-part"},
    ),
    "a missing component": (
        lambda s: by_hand(s, with_spec(ninth(s), components={"web": ninth(s).spec.components["web"]})),
        {"unknown-part"},
    ),
    "a database with a path": (
        lambda s: by_hand(
            s,
            with_component(
                s.world.preview(s.main, "int", "RTB-9", blueprint="web-api-postgres"), "postgres", path="/db"
            ),
        ),
        {"unknown-part"},
    ),
    "an unknown blueprint": (lambda s: by_hand(s, with_spec(ninth(s), blueprint="own")), {"unknown-part"}),
    "an unknown shard": (lambda s: new(s, with_spec(ninth(s), shard="others-0")), {"over-capacity"}),
    "another shard": (lambda s: unchecked(s, with_spec(s.live, shard="previews-1")), {"shard-changed"}),
    "a lease beyond the cap": (
        lambda s: new(s, with_lease(ninth(s), ttl="73h", expires_at=NOW + 73 * HOUR)),
        {"lease-over-cap"},
    ),
    "extensions beyond the cap": (lambda s: unchecked(s, extended(s.live, "49h", 49)), {"lease-arithmetic"}),
    "a later end than the ttl gives": (
        lambda s: new(s, with_lease(ninth(s), expires_at=NOW + 25 * HOUR)),
        {"lease-arithmetic"},
    ),
    "no end": (lambda s: new(s, with_lease(ninth(s), expires_at=None)), {"lease-arithmetic"}),
    "a lease from tomorrow": (
        lambda s: new(s, with_lease(ninth(s), requested_at=NOW + 24 * HOUR, expires_at=NOW + 48 * HOUR)),
        {"lease-in-future"},
    ),
    "a running lease begun anew": (
        lambda s: unchecked(s, with_lease(s.live, requested_at=NOW, expires_at=NOW + 24 * HOUR)),
        {"lease-moved"},
    ),
    "an owner replaced": (lambda s: unchecked(s, with_lease(s.live, requested_by="mallory")), {"lease-moved"}),
    "an entry whose time is up": (
        lambda s: new(s, s.world.preview(s.main, "int", "RTB-9", now=NOW - 25 * HOUR)),
        {"entry-expired"},
    ),
    "two live previews removed": (lambda s: {**removal(s.live), **removal_of_ninth(s)}, {"removal-not-due"}),
    "a live preview removed beside a start": (lambda s: {**removal(s.live), **new(s)}, {"removal-not-due"}),
    "a live preview removed beside a due one": (lambda s: removal(s.live, s.due), {"removal-not-due"}),
}


def removal_of_ninth(s: State) -> Files:
    return removal(ninth(s))


def judged(s: State, files: Files, name: str) -> Judgement:
    base = s.main
    if name == "two live previews removed":  # the other one must be there first
        base = s.world.started(s.main, "int", "RTB-9")
    return s.world.judge(base, s.world.commit(files, base))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_change_is_refused_by_its_own_rule(state: State, name: str) -> None:
    build, expected = BAD[name]
    judgement = judged(state, build(state), name)
    assert rules(judgement) == expected
    assert all(refusal.to_do and refusal.commit and refusal.message for refusal in judgement.refusals)


def test_a_hand_edit_is_told_with_its_line_and_what_it_should_be(state: State) -> None:
    text = swapped(state.text(state.live, manifest_path), image("web"), EVIL)
    head = state.on_main({manifest_path(state.live): text})
    refusal = one(state.world.judge(state.main, head))
    lines = text.decode().splitlines()
    assert refusal.where.file == manifest_path(state.live)
    assert lines[refusal.where.line - 1].strip() == f'image: "{EVIL}"'
    assert "Deployment preview-rtb-1/web: spec.template.spec.containers.web.image" in refusal.message
    assert f"is {EVIL!r}, renders to {image('web')!r}" in refusal.message
    assert refusal.commit == head


def test_a_fault_of_an_entry_is_told_with_its_line(state: State) -> None:
    preview = with_component(ninth(state), "web", cpu="4")
    head = state.on_main(unchecked(state, preview))
    found = next(r for r in state.world.judge(state.main, head).refusals if r.rule == "over-limit")
    assert state.world.read(head, found.where.file).splitlines()[found.where.line - 1] == b"  components:"


# --- policy that is tighter than what is shipped ------------------------------------------------------------------


def with_policy(s: State, text: str, env: str = "int") -> str:
    """A base whose environment has more in its spec."""
    path = f"environments/{env}/environment.yaml"
    base = s.main if env == "int" else s.prd
    return s.world.commit({path: s.world.read(base, path) + text.encode()}, base)


def started_on(s: State, base: str, preview: Preview) -> set[str]:
    files = s.world.files(base, preview, Starter(lambda *_: None, "test"))
    return rules(s.world.judge(base, s.world.commit(files, base)))


def test_a_foreign_registry_is_refused(state: State) -> None:
    base = with_policy(state, "  images: {registries: [registry.example.com/]}\n")
    assert started_on(state, base, ninth(state)) == set()
    foreign = with_component(ninth(state), "web", image=image("web").replace("example.com", "example.net"))
    assert started_on(state, base, foreign) == {"foreign-reference", "not-renderable"}


@pytest.mark.parametrize(
    "policy",
    [
        "  limits: {previews: 3}\n",
        "  fargate: {quotaVcpu: 1}\n",
    ],
)
def test_one_more_than_there_is_room_for_is_refused(state: State, policy: str) -> None:
    assert started_on(state, with_policy(state, policy), ninth(state)) == {"over-capacity"}


def test_a_full_shard_is_refused(state: State) -> None:
    text = state.world.read(state.main, ENV)
    base = state.on_main({ENV: swapped(text, "  exposure:\n", "  exposure:\n    targetGroupsPerShard: 7\n")})
    assert started_on(state, base, ninth(state)) == {"over-capacity"}


def test_previews_that_one_commit_adds_count_together(state: State) -> None:
    base = with_policy(state, "  limits: {previews: 4}\n")
    asked = [state.world.preview(base, "int", key) for key in ("RTB-9", "RTB-10")]
    files = state.world.files(base, asked[0]) | state.world.files(base, asked[1])
    judgement = state.world.judge(base, state.world.commit(files, base))
    assert rules(judgement) == {"over-capacity"}
    assert len({refusal.where.file for refusal in judgement.refusals}) == 2


def test_spot_is_refused_where_it_is_not_allowed(state: State) -> None:
    preview = with_spec(state.world.preview(state.prd, "prd", "RTB-9"), compute="spot")
    head = state.on_prd(unchecked(state, preview))
    assert rules(state.world.judge(state.prd, head, "prd")) == {"compute-not-allowed"}


def test_a_template_that_does_not_render_refuses_and_names_it(state: State) -> None:
    base = state.on_main({"environments/int/templates/preview/_common/x.yaml.j2": b"a: {{ nothing }}\n"})
    refusal = one(state.world.judge(base, state.on_main(new(state), on=base)))
    assert refusal.rule == "not-renderable"
    assert "x.yaml.j2" in str(refusal.where)


def test_another_release_is_named_when_the_manifests_differ(state: State) -> None:
    base = state.on_main({"environments/int/templates/preview/_common/x.yaml.j2": CONFIG_MAP})
    head = state.on_main(new(state), on=base)  # rendered without the new template
    refusal = one(state.world.judge(base, head, version="2.0.0"))
    assert refusal.rule == "manifest-differs"
    assert "ConfigMap preview-rtb-9/x is missing; rendered by release test, checked by 2.0.0" in refusal.message


CONFIG_MAP = (
    b'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  namespace: {{ preview.namespace }}\ndata: {"a": "b"}\n'
)


# --- the expiry identity, and leases of a gated environment -------------------------------------------------------


def prd(s: State, files: Files, who: str = "expiry", **options: Any) -> Judgement:
    return s.world.judge(s.prd, s.on_prd(files), "prd", who=who, **options)  # type: ignore[arg-type]


def test_the_expiry_identity_may_stamp_and_remove_what_is_due(state: State) -> None:
    first = state.on_prd(state.both(stamped(state.merged, NOW)))
    second = state.on_prd(removal(state.over), on=first)
    judgement = state.world.judge(state.prd, second, "prd", who="expiry")
    assert judgement.refusals == ()
    assert (judgement.commits, judgement.changed, judgement.removed) == (
        2,
        {folder("prd", "RTB-1")},
        {folder("prd", "RTB-3")},
    )
    together = {**state.both(stamped(state.merged, NOW)), **removal(state.over)}
    assert prd(state, together).refusals == ()


EXPIRY: dict[str, tuple[Callable[[State], Files], set[str]]] = {
    "an image changed with the stamp": (
        lambda s: unchecked(s, with_component(stamped(s.merged, NOW), "web", image=EVIL)),
        {"expiry-overreach"},
    ),
    "an image changed": (lambda s: unchecked(s, with_component(s.running, "web", image=EVIL)), {"expiry-overreach"}),
    "an entry added": (
        lambda s: s.both(s.world.preview(s.prd, "prd", "RTB-9")),
        {"expiry-overreach"},
    ),
    "a lease extended": (
        lambda s: unchecked(
            s,
            with_lease(
                s.running,
                extensions=[Extension(by="1h", requested_by="x", at=format_time(NOW))],
                expires_at=NOW + 8 * HOUR,
            ),
        ),
        {"expiry-overreach"},
    ),
    "a live preview removed": (lambda s: removal(s.running), {"removal-not-due"}),
    "a preview removed whose time has not begun": (lambda s: removal(s.merged), {"removal-not-due"}),
    "a stamp an hour too long": (
        lambda s: unchecked(s, stamped(s.merged, NOW, 9 * HOUR)),
        {"lease-arithmetic"},
    ),
    "a stamp in the future": (lambda s: unchecked(s, stamped(s.merged, NOW + HOUR)), {"lease-in-future"}),
    "a stamp from before it was asked for": (
        lambda s: unchecked(s, stamped(s.merged, NOW - 11 * HOUR, 8 * HOUR)),
        {"lease-arithmetic", "entry-expired"},
    ),
    "an end without a beginning": (
        lambda s: unchecked(s, with_lease(s.merged, expires_at=NOW + 8 * HOUR)),
        {"lease-arithmetic"},
    ),
    "a running lease stamped again": (
        lambda s: unchecked(s, stamped(s.running, NOW)),
        {"lease-moved", "expiry-overreach"},
    ),
    "manifests changed by hand": (
        lambda s: {manifest_path(s.running): swapped(s.text(s.running, manifest_path), image("web"), EVIL)},
        {"manifest-edited", "expiry-overreach"},
    ),
}


@pytest.mark.parametrize("name", EXPIRY)
def test_the_expiry_identity_may_do_nothing_else(state: State, name: str) -> None:
    build, expected = EXPIRY[name]
    assert rules(prd(state, build(state))) == expected


def test_the_expiry_identity_makes_no_merges(state: State) -> None:
    side = state.on_prd(removal(state.over))
    head = state.world.commit(removal(state.over), state.prd, side)
    assert rules(state.world.judge(state.prd, head, "prd", who="expiry")) == {"expiry-overreach"}


def test_a_stamp_does_not_bring_what_a_newer_release_renders(state: State) -> None:
    base = state.on_prd({"environments/prd/templates/preview/_common/x.yaml.j2": CONFIG_MAP})
    files = state.world.files(base, stamped(state.merged, NOW))
    refusal = one(state.world.judge(base, state.on_prd(files, on=base), "prd", who="expiry"))
    assert refusal.rule == "expiry-overreach"
    assert "ConfigMap preview-rtb-1/x" in refusal.message
    assert "the release that rendered it" in refusal.to_do


@pytest.mark.parametrize("who", ["any", "expiry"])
def test_a_stamp_is_made_though_a_release_changed_the_templates(state: State, who: str) -> None:
    """What runs was judged before and stays the same bytes: its lease must not wait for another review."""
    base = state.on_prd({"environments/prd/templates/preview/_common/x.yaml.j2": CONFIG_MAP})
    path = entry_path(state.merged)
    begun = stamped(parse_entry(state.world.read(base, path), path), NOW)
    files = {path: entry_text(begun).encode()}
    assert state.world.judge(base, state.on_prd(files, on=base), "prd", who=who, version="2").refusals == ()  # type: ignore[arg-type]
    longer = stamped(begun, NOW, 9 * HOUR)
    beyond = {path: entry_text(longer).encode()}
    assert rules(state.world.judge(base, state.on_prd(beyond, on=base), "prd", who=who)) == {"lease-arithmetic"}  # type: ignore[arg-type]


def test_a_stamp_is_made_though_limits_were_lowered_since(state: State) -> None:
    base = with_policy(state, "  fargate: {quotaVcpu: 1}\n", "prd")
    files = state.world.files(base, stamped(state.merged, NOW))
    assert state.world.judge(base, state.on_prd(files, on=base), "prd", who="expiry").refusals == ()


def test_a_request_does_not_bring_its_own_stamp(state: State) -> None:
    preview = stamped(state.world.preview(state.prd, "prd", "RTB-9", now=NOW - HOUR), NOW - HOUR)
    assert rules(prd(state, state.both(preview), "any")) == {"lease-stamped-early"}


STAMPS = [(-timedelta(minutes=5, seconds=1), True), (-timedelta(minutes=5), False), (timedelta(0), False)]


@pytest.mark.parametrize(("off", "refused"), STAMPS)
@pytest.mark.parametrize("who", ["any", "expiry"])
def test_a_lease_begins_at_its_merge_not_when_it_was_asked_for(
    state: State, who: str, off: timedelta, refused: bool
) -> None:
    """Else who stamps ends a preview as soon as it is merged. The merge was ten hours ago."""
    asked = with_lease(state.world.preview(state.prd, "prd", "RTB-9", now=NOW - 20 * HOUR), ttl="12h")
    entry = state.on_prd(state.both(asked))
    head = state.on_prd(state.both(stamped(asked, NOW - 10 * HOUR + off, 12 * HOUR)), on=entry)
    judgement = state.world.judge(entry, head, "prd", who=who)  # type: ignore[arg-type]
    assert rules(judgement) == ({"lease-arithmetic"} if refused else set())
    assert not refused or "is before its merge, 2026-11-22T16:00:00Z" in one(judgement).message


def queued(state: State, *, now: datetime = NOW) -> bytes:
    """A request that waits for room in int, as the hub writes it."""
    draft = state.world.preview(state.main, "int", "RTB-9", now=now)
    return file_text(queued_of(draft, format_time(now)), "queued-preview", queue_folder("int")).encode()


#: What becomes of a file in the queue of int, by who pushes it.
QUEUE: dict[str, tuple[Callable[[State], Any], str, str]] = {
    "as the hub writes it": (queued, "", "expiry-overreach"),
    "nothing": (lambda s: b"", "entry-unreadable", "expiry-overreach"),
    "broken YAML": (lambda s: b"{{{", "entry-unreadable", "expiry-overreach"),
    "3 MiB": (lambda s: b"#" * 3 * 2**20, "file-unreadable", "expiry-overreach"),
    "with a comment": (lambda s: queued(s) + b"# x\n", "entry-form", "expiry-overreach"),
    "of another issue": (lambda s: swapped(queued(s), "RTB-9", "RTB-8"), "entry-unreadable", "expiry-overreach"),
    "of tomorrow": (lambda s: queued(s, now=NOW + 24 * HOUR), "lease-in-future", "expiry-overreach"),
    "a symlink": (lambda s: ("120000", b"/etc/passwd"), "mode-symlink", "expiry-overreach"),
}


@pytest.mark.parametrize("name", QUEUE)
def test_a_queue_holds_what_the_hub_puts_there(state: State, name: str) -> None:
    make, any_rule, expiry_rule = QUEUE[name]
    head = state.on_main({"environments/int/queue/rtb-9.yaml": make(state)})
    assert rules(state.world.judge(state.main, head)) == ({any_rule} if any_rule else set())
    assert expiry_rule in rules(state.world.judge(state.main, head, who="expiry"))
    assert state.world.judge(head, state.on_main({"environments/int/queue/rtb-9.yaml": None}, on=head)).refusals == ()


@pytest.mark.parametrize("who", ["any", "expiry"])
@pytest.mark.parametrize("name", QUEUE)
def test_a_gated_environment_has_no_queue(state: State, name: str, who: str) -> None:
    head = state.on_prd({"environments/prd/queue/rtb-9.yaml": QUEUE[name][0](state)})
    assert "extra-file" in rules(state.world.judge(state.prd, head, "prd", who=who))  # type: ignore[arg-type]


def test_undoing_a_removal_does_not_bring_the_preview_back(state: State) -> None:
    removed = state.on_prd(removal(state.over))
    head = state.on_prd(state.both(state.over), on=removed)
    assert rules(state.world.judge(removed, head, "prd")) == {"lease-stamped-early", "entry-expired"}


def test_a_lease_that_runs_is_not_made_endless(state: State) -> None:
    endless = with_lease(state.running, activated_at=None, expires_at=None)
    assert rules(prd(state, state.both(endless), "any")) == {"lease-moved"}


# --- walks --------------------------------------------------------------------------------------------------------


def test_a_bad_commit_in_the_middle_is_refused_though_the_end_is_good(state: State) -> None:
    bad = state.on_main(remanifested(state, image("web"), EVIL))
    good = state.on_main(state.both(state.live), on=bad)
    assert state.world.git("rev-parse", f"{good}^{{tree}}") == state.world.git("rev-parse", f"{state.main}^{{tree}}")
    refusal = one(state.world.judge(state.main, good))
    assert (refusal.rule, refusal.commit) == ("manifest-edited", bad)


def test_removals_of_several_commits_count_together(state: State) -> None:
    first = state.on_main(removal(state.due))
    second = state.on_main(removal(state.due_too), on=first)
    assert [state.world.judge(state.main, second, cap=cap).refusals for cap in (2, 3)] == [(), ()]
    assert rules(state.world.judge(state.main, second, cap=1)) == {"removal-cap"}


@pytest.mark.parametrize("who", ["any", "expiry"])
@pytest.mark.parametrize(("seconds", "refused"), [(-1, True), (0, False), (1, False)], ids=["before", "at", "after"])
def test_a_preview_is_due_from_its_end_on(state: State, who: str, seconds: int, refused: bool) -> None:
    """Both ended at the same second. Two in one commit: one live preview may go by itself."""
    ends = parse_time(state.due.spec.lease.expires_at or "")
    head, at = state.on_main(removal(state.due, state.due_too)), ends + timedelta(seconds=seconds)
    judgement = state.world.judge(state.main, head, who=who, now=at)  # type: ignore[arg-type]
    assert [refusal.rule for refusal in judgement.refusals] == (["removal-not-due"] * 2 if refused else [])


def test_live_previews_removed_one_commit_each_are_refused(state: State) -> None:
    base = state.world.started(state.main, "int", "RTB-9")
    first = state.on_main(removal(state.live), on=base)
    second = state.on_main(removal_of_ninth(state), on=first)
    assert rules(state.world.judge(base, second)) == {"removal-not-due"}
    assert state.world.judge(base, first).refusals == ()


def test_manifests_that_an_entry_left_over_may_go(state: State) -> None:
    base = state.on_main({manifest_path(ninth(state)): b"left: over\n"})
    head = state.on_main({manifest_path(ninth(state)): None, **removal(state.live)}, on=base)
    assert rules(state.world.judge(base, head)) == {"removal-not-due"}  # a stop does one thing
    assert state.world.judge(base, state.on_main({manifest_path(ninth(state)): None}, on=base)).refusals == ()


def test_an_unreadable_entry_is_removed_alone_only(state: State) -> None:
    base = state.on_main({entry_path(state.due): b"a: ["})
    assert state.world.judge(base, state.on_main(removal(state.due), on=base)).refusals == ()
    both = state.on_main(removal(state.due, state.due_too), on=base)
    assert rules(state.world.judge(base, both)) == {"removal-not-due"}
    assert rules(state.world.judge(base, state.on_main(removal(state.due), on=base), who="expiry")) == {
        "removal-not-due"
    }


def test_a_rewritten_branch_is_refused(state: State) -> None:
    head = state.on_main(removal(state.due), on=state.first)
    assert rules(state.world.judge(state.main, head)) == {"history-rewritten"}
    assert rules(state.world.judge(state.main, state.first)) == {"history-rewritten"}


def test_of_a_merge_the_whole_difference_is_judged(state: State) -> None:
    side = state.on_main(new(state))
    behind = state.on_main(state.both(with_component(state.live, "web", cpu="300m")))
    clean = state.world.commit(new(state), behind, side)
    assert state.world.judge(state.main, clean).refusals == ()
    evil = state.world.commit({**new(state), **remanifested(state, "replicas: 1", "replicas: 2")}, behind, side)
    assert rules(state.world.judge(state.main, evil)) == {"manifest-edited"}
    hidden = state.on_main(remanifested(state, image("web"), EVIL))
    merged = state.world.commit({}, hidden, behind)  # the branch becomes the second parent
    assert rules(state.world.judge(behind, merged)) == {"manifest-differs"}


# --- good changes -------------------------------------------------------------------------------------------------

GOOD: dict[str, Callable[[State], Files]] = {
    "nothing": lambda s: {},
    "a start": new,
    "a start with a database": lambda s: new(s, blueprint="web-api-postgres"),
    "a start on spot": lambda s: new(s, compute="spot"),
    "a start in both environments": lambda s: {**new(s), **new(s, s.world.preview(s.main, "stg", "RTB-9"))},
    "an update": lambda s: s.both(with_component(s.live, "web", image=EVIL)),
    "an extension": lambda s: s.both(extended(s.live, "24h", 24)),
    "a longer ttl": lambda s: s.both(with_lease(s.live, ttl="48h", expires_at=NOW + 47 * HOUR)),
    "a stop": lambda s: removal(s.live),
    "removal of all that is due": lambda s: removal(s.due, s.due_too),
    "a start after the end": lambda s: s.both(s.world.preview(s.main, "int", "RTB-2")),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_change_passes(state: State, name: str) -> None:
    head = state.on_main(GOOD[name](state))
    assert state.world.judge(state.main, head).refusals == ()


def test_good_changes_of_a_gated_environment_pass(state: State) -> None:
    changes: dict[str, Files] = {
        "a start": state.both(state.world.preview(state.prd, "prd", "RTB-9")),
        "an update of what runs": state.both(with_component(state.running, "web", image=EVIL)),
        "a longer ttl": state.both(with_lease(state.running, ttl="12h", expires_at=NOW + 11 * HOUR)),
        "an extension": state.both(
            with_lease(
                state.running,
                extensions=[Extension(by="2h", requested_by="bob", at=format_time(NOW))],
                expires_at=NOW + 9 * HOUR,
            )
        ),
        "a stop": removal(state.running),
    }
    for name, files in changes.items():
        assert prd(state, files, "any").refusals == (), name


def test_many_commits_and_a_merge_of_requests_pass(state: State) -> None:
    asked = state.on_prd(state.both(state.world.preview(state.prd, "prd", "RTB-9")))
    removed = state.on_prd(removal(state.over))  # what expiry did meanwhile
    merged = state.world.commit(state.both(state.world.preview(state.prd, "prd", "RTB-9")), removed, asked)
    judgement = state.world.judge(state.prd, merged, "prd")
    assert judgement.refusals == ()
    assert judgement.commits == 2


def test_every_rule_is_shown_to_refuse() -> None:
    here = Path(__file__)
    files = (here, here.with_name("test_guard_lines.py"), TESTS / "hub" / "commands" / "test_guard_command.py")
    text = "".join(file.read_text() for file in files)
    assert [rule for rule in RULES if f'"{rule}"' not in text] == []
