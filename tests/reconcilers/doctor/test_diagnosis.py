"""What doctor finds: each fault once, with its place and a remedy that can be carried out; nothing on what is well."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import pytest

from generator.bootstrap.argocd import argocd_files, render_argocd
from generator.errors import Reason, Stalled, Transient
from generator.values.naming import IssueKey
from hub.actions.cluster_phases import phases, read_environment
from hub.output.remedies import words
from reconcilers.approval.push_rules import HookState, PushRules, branch_rules
from reconcilers.doctor.cluster import REFRESH, Observation, diagnose_cluster, diagnose_strays
from reconcilers.doctor.repository import (
    Diagnosis,
    diagnose_argocd,
    diagnose_entries,
    diagnose_rules,
    diagnose_sharing,
)
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.ports.cluster import ClusterState, Policy
from reconcilers.scheduled.expiry import plan_expiry
from worlds.builders import LIBRARY, NOW, environment
from worlds.commands import git, must
from worlds.memory_store import MemoryStore
from worlds.observations import (
    FakeCluster,
    ago,
    application,
    cluster,
    condition,
    details,
    held,
    namespace,
    stopped_set,
    working_set,
)
from worlds.planning import files_of, merged, observed, put, started, state_store
from worlds.repositories import state_repository

FOLDER = "environments/int/previews/rtb/100/rtb-123"
ENTRY = f"{FOLDER}/preview.yaml"
MALFORMED = b"metadata: {name: rtb-123\nspec: [\n"


def steps(found: Diagnosis) -> tuple[str, ...]:
    """What to do, in the command line's words."""
    return tuple(map(words, found.remedy))


def rules_of(found: Iterable[Diagnosis]) -> list[tuple[str, str]]:
    return sorted((d.severity, d.rule) for d in found)


def entries(store: MemoryStore, env: str = "int", later: timedelta = timedelta(0)) -> list[Diagnosis]:
    return list(diagnose_entries(observed(store, env), now=NOW + later))


# The state repository


def test_nothing_is_found_in_a_fresh_preview() -> None:
    store = state_store()
    started(store)
    started(store, "prd")
    assert entries(store) == entries(store, "prd") == []


def by_hand(store: MemoryStore, **fields: str | None) -> None:
    """The entry's lease with lines replaced; None takes one out."""
    lines = files_of(store)[PurePosixPath(ENTRY)].decode().splitlines(keepends=True)
    for name, text in fields.items():
        new = "" if text is None else f'    {name}: "{text}"\n'
        lines = [new if line.strip().startswith(f"{name}:") else line for line in lines]
    put(store, ENTRY, "".join(lines).encode())


#: Began at 02:00 on the 23rd; the cap of int is 72 hours.
LEASES = {
    "at the cap": ({"expiresAt": "2026-11-26T02:00:00Z"}, "", ""),
    "a second beyond the cap": (
        {"expiresAt": "2026-11-26T02:00:01Z"}, "lease-beyond-cap",
        "ends at 2026-11-26T02:00:01Z, beyond the cap: 72h after it began is 2026-11-26T02:00:00Z",
    ),
    "far beyond the cap": ({"ttl": "99999h", "expiresAt": "2199-12-31T23:59:59Z"}, "lease-beyond-cap", "beyond the cap"),
    "endless": ({"expiresAt": None}, "lease-endless", "has no expiresAt: it does not end by itself"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEASES)
def test_a_lease_that_nobody_would_grant_is_told_here_and_by_expiry(name: str) -> None:
    fields, rule, told = LEASES[name]
    store = state_store()
    started(store)
    by_hand(store, **fields)
    found = entries(store)
    assert [one.rule for one in found] == ([rule] if rule else [])
    reports = [action.why for action in plan_expiry(observed(store), at=NOW).actions if action.kind == "report"]
    assert len(reports) == (1 if rule else 0)
    assert all(told in words for words in (*reports, *(one.message for one in found)))


def test_a_lease_of_prd_that_was_not_begun_is_told() -> None:
    store = state_store()
    started(store, "prd")
    merged(store)
    (found,) = entries(store, "prd")
    assert (found.severity, found.rule) == ("warning", "lease-not-begun")


def test_office_hours_are_no_more_than_the_cap_of_them() -> None:
    store = state_store()
    started(store, ttl="24h", office_hours=True)
    assert entries(store) == []


def test_a_malformed_entry_is_told_with_its_place_and_what_it_stops() -> None:
    store = state_store()
    put(store, ENTRY, MALFORMED)
    (found,) = entries(store)
    assert (found.severity, found.rule, found.where.file, found.where.line) == ("error", "entry-unreadable", ENTRY, 2)
    assert "no preview of int is made, changed or removed" in found.message
    assert steps(found) == ("repair it, or remove it: rtb-hub stop RTB-123 --env int",)


def test_the_remedy_for_a_malformed_entry_works() -> None:
    store = state_store()
    put(store, ENTRY, MALFORMED)
    plan = plan_stop(IssueKey.parse("RTB-123"), observed(store), requested_by="bob").plan
    assert plan is not None
    store.commit(plan, at=NOW)
    assert entries(store) == []


def test_an_entry_with_wrong_fields_stops_nobody_else_and_each_fault_is_told() -> None:
    store = state_store()
    put(store, ENTRY, b"kind: Preview\nmetadata: {name: rtb-123}\nspec: {issue: RTB-123, shard: 1}\n")
    found = entries(store)
    assert len(found) > 2
    assert {d.rule for d in found} == {"entry-unreadable"}
    assert not any("no preview of int" in d.message for d in found)


@pytest.mark.parametrize(
    "text", [b"just words\n", b"- 1\n", b"\xff\xfe"], ids=["a text", "a list of numbers", "no UTF-8"]
)
def test_what_is_no_mapping_stops_the_set_too(text: bytes) -> None:
    store = state_store()
    put(store, ENTRY, text)
    assert all("no preview of int is made" in d.message for d in entries(store))


def test_an_entry_in_a_wrong_place_is_removed_by_hand() -> None:
    store = state_store()
    started(store)
    wrong = "environments/int/previews/rtb/0/rtb-123/preview.yaml"
    put(
        store, wrong, store.snapshots()["main"].tree[next(p for p in store.snapshots()["main"].tree if str(p) == ENTRY)]
    )
    (found,) = (d for d in entries(store) if d.where.file == wrong)
    assert found.rule == "entry-unreadable"
    assert "stands in another preview's folder" in found.message
    assert steps(found) == (f"repair it, or remove it: git rm {wrong} on branch main",)


def test_an_entry_past_its_end_warns_and_is_an_error_five_minutes_later() -> None:
    store = state_store()
    started(store, ttl="1h")
    assert rules_of(entries(store, later=timedelta(minutes=59))) == []
    assert rules_of(entries(store, later=timedelta(minutes=61))) == [("warning", "entry-expired")]
    (found,) = entries(store, later=timedelta(minutes=66))
    assert found.severity == "error"
    assert "6m ago (2026-11-23T03:00:00Z)" in found.message
    assert steps(found) == ("remove it: rtb-hub stop RTB-123 --env int",)


def test_an_entry_without_manifests_and_manifests_without_entry_are_told() -> None:
    store = state_store()
    started(store)
    put(store, f"{FOLDER}/manifest.yaml", None)
    assert rules_of(entries(store)) == [("error", "manifest-missing")]
    started(store)
    put(store, f"{FOLDER}/manifest.yaml", b"x")
    put(store, ENTRY, None)
    assert rules_of(entries(store)) == [("warning", "manifest-left-over")]


def argocd(store: MemoryStore) -> list[Diagnosis]:
    state = observed(store)
    return list(diagnose_argocd(state, argocd_files(state.environment, render_argocd(LIBRARY, state.environment))))


def laid_out() -> MemoryStore:
    store = state_store()
    for path, text in argocd_files(environment(), render_argocd(LIBRARY, environment())).items():
        put(store, path, text.encode())
    return store


def test_argocd_files_as_rendered_today_are_well() -> None:
    assert argocd(laid_out()) == []


def test_argocd_files_that_differ_are_missing_or_left_over_are_told_with_what_to_apply() -> None:
    store = laid_out()
    put(store, "argocd/int/project.yaml", b"kind: AppProject\n")
    put(store, "argocd/int/admission.yaml", None)
    put(store, "argocd/int/own.yaml", b"x")
    put(store, "argocd/stg/own.yaml", b"x")
    found = {d.where.file: d for d in argocd(store)}
    assert {path: (d.severity, d.rule) for path, d in found.items()} == {
        "argocd/int/admission.yaml": ("error", "argocd-missing"),
        "argocd/int/own.yaml": ("note", "argocd-left-over"),
        "argocd/int/project.yaml": ("warning", "argocd-differs"),
    }
    init, apply = steps(found["argocd/int/project.yaml"])
    assert "rtb-hub init" in init
    assert "kubectl apply --server-side -k argocd/int" in apply


def test_environments_of_their_own_share_nothing() -> None:
    assert list(diagnose_sharing([environment(name) for name in ("int", "prd", "stg")])) == []


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        (("account", "region", "cluster", "exposure"), "shared-cluster"),
        (("domain",), "shared-domain"),
        (("branch",), "shared-branch"),
    ],
)
def test_what_two_environments_may_not_share_is_told(fields: tuple[str, ...], rule: str) -> None:
    int_ = environment("int")
    prd = environment("prd", **{field: int_.as_tree()["spec"][field] for field in fields})
    (found,) = diagnose_sharing([int_, prd])
    assert (found.severity, found.rule, found.where.file) == ("error", rule, "environments/prd/environment.yaml")


def test_previews_of_one_environment_that_could_read_argo_cds_secrets_of_another_are_told() -> None:
    tree = environment("int").as_tree()["spec"]
    same = {field: tree[field] for field in ("account", "exposure")}
    cluster = {**tree["cluster"], "name": "other"}
    loose = environment("prd", **same, cluster=cluster, secrets={"store": "x", "prefixes": ["rtb/int/"]})
    (found,) = diagnose_sharing([environment("int"), loose])
    assert (found.severity, found.rule) == ("error", "shared-secrets")
    assert "could read rtb/int/argocd, Argo CD's own of the other" in found.message
    elsewhere = environment("prd", secrets={"store": "x", "prefixes": ["rtb/int/"]})
    assert list(diagnose_sharing([environment("int"), elsewhere])) == []


def test_environments_on_one_branch_with_one_rule_are_well() -> None:
    assert list(diagnose_sharing([environment("int"), environment("stg")])) == []


ENVIRONMENTS = [environment(name) for name in ("int", "prd", "stg")]


RULES = branch_rules({e.name: e for e in ENVIRONMENTS})
OPEN = PushRules("none", frozenset(), deny_rewriting=False, deny_deletion=False)
HELD = replace(OPEN, hook="ours", guarded=frozenset({"main", "prd"}))


def of_rules(held: PushRules | None, where: str = "/srv/state.git") -> list[Diagnosis]:
    return list(diagnose_rules(RULES, held, where))


def test_rules_that_git_cannot_tell_are_listed_whole() -> None:
    (found,) = of_rules(None, "git.example.com:x")
    assert (found.severity, found.rule, found.where.file) == ("note", "branch-rules-unknown", "git.example.com:x")
    assert "cannot be read from here" in found.message
    assert list(found.remedy) == [f"enforce on {rule.branch}: {rule.words}" for rule in RULES]


def test_rules_that_the_hook_holds_leave_only_those_about_people() -> None:
    (found,) = of_rules(HELD)
    assert (found.severity, found.rule) == ("note", "branch-rules-unknown")
    assert "nothing restricts who may push: a bare repository has no accounts or reviews" in found.message
    assert len(found.remedy) == 2


def test_rules_that_nothing_holds_are_told_with_their_words_and_the_remedy() -> None:
    found = {d.rule: d for d in of_rules(OPEN, "/srv/my state.git") if d.severity == "warning"}
    assert sorted(found) == ["deletion-allowed", "force-push-allowed"]
    for code, name in (("force-push-allowed", "no-rewriting"), ("deletion-allowed", "no-deletion")):
        words = next(rule.words for rule in RULES if rule.name == name)
        assert found[code].message == f"no hook or setting makes it {words} (main, prd)"
        assert steps(found[code]) == ("install the update hook that holds it: rtb-hub init '/srv/my state.git'",)


def test_a_rule_that_is_held_on_one_branch_is_told_of_the_other() -> None:
    found = of_rules(replace(HELD, guarded=frozenset({"prd"})))
    assert [d.message.rpartition("(")[2] for d in found if d.severity == "warning"] == ["main)", "main)"]


def test_a_setting_holds_its_rule_and_one_that_keeps_requests_is_told() -> None:
    assert "force-push-allowed" not in {d.rule for d in of_rules(replace(OPEN, deny_rewriting=True))}
    found = {d.rule: d for d in of_rules(replace(HELD, deny_deletion=True))}
    assert "git -C /srv/state.git config --unset-all receive.denyDeletes" in found["withdrawal-refused"].remedy
    ungated = [rule for rule in RULES if rule.branch == "main"]
    assert [d.severity for d in diagnose_rules(ungated, replace(HELD, deny_deletion=True), "x")] == ["note"]


@pytest.mark.parametrize(
    ("held", "step"),
    [
        (replace(OPEN, hook="foreign", is_protectable=False), "have its own update hook refuse that, or move"),
        (replace(OPEN, is_protectable=False), "let people push to a bare repository whose hooks are its own"),
    ],
    ids=["another's hook", "hooks that may be shared"],
)
def test_where_init_leaves_the_hook_alone_the_remedy_says_what_first(held: PushRules, step: str) -> None:
    remedies = [steps(d) for d in of_rules(held) if d.severity == "warning"]
    assert [remedy[0].startswith(step) for remedy in remedies] == [True, True]


def test_no_remedy_would_keep_a_request_from_being_withdrawn() -> None:
    states = [replace(OPEN, hook=hook, is_protectable=fits) for hook in get_args(HookState) for fits in (True, False)]
    told = [step for held in (None, *states) for d in of_rules(held) for step in steps(d)]
    assert [step for step in told if "denyDeletes" in step] == []


@pytest.mark.parametrize("kind", ["itself", "path", "file URL"])
def test_the_rules_where_pushes_arrive_are_read_and_the_remedy_makes_them_hold(kind: str, tmp_path: Path) -> None:
    must("init", tmp_path / "made.git")
    bare = tmp_path / "bare repository.git"
    git(tmp_path, "clone", "-q", "--bare", str(tmp_path / "made.git"), str(bare))
    git(bare, "remote", "remove", "origin")
    location = bare
    if kind != "itself":
        location = tmp_path / "clone.git"
        git(tmp_path, "init", "-q", "--bare", str(location))
        git(location, "remote", "add", "origin", bare.as_uri() if kind == "file URL" else str(bare))
    told = must("doctor", "--repo", location, "-o", "json").json()
    steps = {f["rule"]: f["remedy"] for f in told["findings"] if f["severity"] == "warning"}
    assert {rule["heldBy"] for rule in told["rules"]} == {None}
    assert steps["force-push-allowed"] == steps["deletion-allowed"]
    (step,) = steps["deletion-allowed"]
    command = shlex.split(step.partition(": ")[2])
    assert command == ["rtb-hub", "init", str(bare)]
    must(*command[1:])
    told = must("doctor", "--repo", location, "-o", "json").json()
    assert [f["rule"] for f in told["findings"]] == ["branch-rules-unknown"]
    assert [rule["heldBy"] for rule in told["rules"]] == ["hook", "hook", None] * 2
    assert (
        "rules of prd: no-rewriting enforced by hook, no-deletion enforced by hook, reviewed not enforced"
        in told["checked"]
    )


def test_rules_that_git_refuses_to_read_are_told_and_count_as_unknown(tmp_path: Path) -> None:
    state_repository(tmp_path / "state.git")
    git(tmp_path / "state.git", "config", "receive.denyDeletes", "perhaps")
    told = must("doctor", "--repo", tmp_path / "state.git", "-o", "json").json()
    assert [(f["severity"], f["rule"]) for f in told["findings"]] == [("warning", "branch-rules-unread")]
    assert {rule["heldBy"] for rule in told["rules"]} == {None}


def test_the_rules_of_a_work_tree_that_nobody_pushes_to_are_listed(tmp_path: Path) -> None:
    must("init", tmp_path / "tree", "--work-tree")
    out = must("doctor", "--repo", tmp_path / "tree").out
    assert "cannot be read from here" in out
    assert "rules of main: no-rewriting, no-deletion, hub-only; Git cannot tell whether they are enforced" in out


# The cluster


def examined(store: MemoryStore, state: ClusterState, **fields: object) -> list[Diagnosis]:
    reader = FakeCluster(state, **fields)  # type: ignore[arg-type]
    reading = read_environment(reader, observed(store))
    seen, told = phases(reader, reading, reading.names, now=NOW)
    return list(diagnose_cluster(Observation(reading.state, reading.cluster, seen, told)))


def with_preview() -> MemoryStore:
    store = state_store()
    started(store)
    return store


def test_a_cluster_where_all_is_well_has_no_finding() -> None:
    assert examined(with_preview(), cluster(application(), namespace())) == []


def test_a_stopped_set_names_the_file_and_how_to_wake_it_after_the_repair() -> None:
    store = state_store()
    put(store, ENTRY, MALFORMED)
    started(store, key="RTB-5")
    message = (
        f"unable to process file '{ENTRY}' from repository 'x': unable to parse file: error converting YAML to JSON"
    )
    (found,) = examined(store, cluster(stopped_set(message)))
    assert (found.severity, found.rule) == ("error", "set-stopped")
    assert found.where.file == "cluster here: ApplicationSet previews-int"
    assert message in found.message
    assert steps(found)[0] == f"{ENTRY}:2:5: repair it, or remove it: rtb-hub stop RTB-123 --env int"
    command = "kubectl --context here -n argocd annotate applicationset previews-int"
    assert found.remedy[2:] == (f"{command} {REFRESH}-", f"{command} {REFRESH}=true")


def test_all_files_that_stop_a_set_are_named_the_one_it_names_first() -> None:
    store = state_store()
    for key in ("rtb-1", "rtb-2"):
        put(store, f"environments/int/previews/rtb/0/{key}/preview.yaml", MALFORMED)
    put(store, ENTRY, b"kind: Preview\n")  # a wrong entry, but a mapping: it stops nobody
    message = "unable to process file 'environments/int/previews/rtb/0/rtb-2/preview.yaml' from"
    (found,) = [d for d in examined(store, cluster(stopped_set(message))) if d.rule == "set-stopped"]
    assert [step.split("rtb-hub stop ")[1] for step in steps(found) if "rtb-hub stop" in step] == [
        "RTB-2 --env int",
        "RTB-1 --env int",
    ]


def test_a_set_whose_file_is_repaired_is_frozen_and_only_has_to_be_woken() -> None:
    (found,) = examined(
        with_preview(), cluster(stopped_set(f"unable to process file '{ENTRY}' from"), application(), namespace())
    )
    assert found.rule == "set-frozen"
    assert f"{ENTRY} is repaired or gone" in found.message
    assert [step for step in steps(found) if "rtb-hub" in step and "kubectl" not in step] == []


def test_a_set_that_stopped_for_another_reason_says_so() -> None:
    (found,) = examined(state_store(), cluster(stopped_set("repository not accessible")))
    assert (found.rule, found.remedy[0]) == ("set-stopped", "repair what it names; it tries again by itself")


def test_previews_that_wait_for_a_stopped_set_are_not_told_again() -> None:
    store = with_preview()  # an entry without Application
    state = cluster(stopped_set("repository not accessible"), application("preview-rtb-9"), namespace("preview-rtb-9"))
    assert rules_of(examined(store, state)) == [("error", "set-stopped")]


def test_what_the_administrator_has_not_applied_is_told() -> None:
    bare = ClusterState("here")
    assert rules_of(examined(state_store(), bare)) == [
        ("error", "platform-missing"),
        ("error", "policy-missing"),
        ("error", "policy-missing"),
        ("error", "project-missing"),
        ("error", "project-missing"),
        ("error", "set-missing"),
    ]


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (Policy("rtb-hub-guard-deletion", frozenset({"previews-int"})), "policy-not-in-force"),
        (Policy("rtb-hub-guard-deletion", frozenset({"previews-int"}), is_bound=True), "policy-not-in-force"),
        (Policy("rtb-hub-guard-deletion", frozenset({"previews-stg"}), is_bound=True, denies=True), "set-not-guarded"),
    ],
    ids=["without a binding", "bound to audit only", "that names another set"],
)
def test_a_policy_that_guards_nothing_is_told(policy: Policy, rule: str) -> None:
    state = cluster()
    state = cluster(policies={**state.policies, policy.name: policy})
    assert rules_of(examined(state_store(), state)) == [("error", rule)]


def differing(installed: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[Diagnosis]:
    wanted = tuple(m for manifests in render_argocd(LIBRARY, environment()).values() for m in manifests)
    observation = Observation(observed(state_store()), cluster(installed=installed), {}, {}, wanted)
    return list(diagnose_cluster(observation))


def as_applied() -> dict[tuple[str, str], dict[str, Any]]:
    rendered = render_argocd(LIBRARY, environment()).values()
    return {
        (m.kind, m.identity.name): deepcopy(dict(m.data.get("spec") or {})) for manifests in rendered for m in manifests
    }


def test_objects_as_applied_do_not_differ_whatever_defaults_the_cluster_adds() -> None:
    installed = as_applied()
    installed["ApplicationSet", "previews-int"]["template"]["spec"]["added"] = {"by": "the cluster"}
    installed["AppProject", "previews-int"]["added"] = []
    assert differing(installed) == []
    assert differing({}) == []


@pytest.mark.parametrize("change", ["a value", "one more in a list", "a field that is gone"])
def test_an_object_that_was_changed_or_never_applied_again_is_told_with_its_field(change: str) -> None:
    installed = as_applied()
    project = installed["AppProject", "previews-int"]
    if change == "a value":
        project["destinations"][0]["namespace"] = "*"
    elif change == "one more in a list":
        project["destinations"].append({"namespace": "*", "server": "*"})
    else:
        del project["destinations"]
    (found,) = differing(installed)
    assert (found.severity, found.rule, found.where.file) == (
        "warning",
        "object-differs",
        "cluster here: AppProject previews-int",
    )
    assert found.message.startswith("spec.destinations")
    assert "kubectl apply --server-side -k argocd/int" in steps(found)[0]


def test_a_set_that_is_being_deleted_is_told() -> None:
    found = examined(state_store(), cluster(replace(working_set(), deleting_since=NOW)))
    assert rules_of(found) == [("error", "set-deleted")]


def test_previews_out_of_step_are_told_each_by_its_rule() -> None:
    store = state_store()
    started(store, key="RTB-1")  # no Application, for an hour
    started(store, key="RTB-2")  # failed
    started(store, key="RTB-3")  # well
    going = {"deleting_since": ago(minutes=5)}
    state = cluster(
        application("preview-rtb-2", health="Degraded"), namespace("preview-rtb-2"),
        application("preview-rtb-3"), namespace("preview-rtb-3"),
        application("preview-rtb-4"), namespace("preview-rtb-4"),
        application("preview-rtb-5", owner=""), namespace("preview-rtb-5"),
        namespace("preview-rtb-6"),
        application("preview-rtb-7", **going), namespace("preview-rtb-7"),
        application("preview-rtb-8", deleting_since=ago(seconds=5)), namespace("preview-rtb-8"),
    )  # fmt: skip
    reader = FakeCluster(state, {"preview-rtb-7": details(held(minutes=5))})
    reading = read_environment(reader, observed(store))
    seen, told = phases(reader, reading, reading.names, now=NOW + timedelta(minutes=4))
    found = list(diagnose_cluster(Observation(reading.state, reading.cluster, seen, told)))
    assert {d.where.file.removeprefix("cluster here: preview-"): (d.severity, d.rule) for d in found} == {
        "rtb-1": ("error", "entry-without-application"),
        "rtb-2": ("warning", "preview-failed"),
        "rtb-4": ("warning", "application-without-entry"),
        "rtb-5": ("error", "application-without-entry"),
        "rtb-6": ("error", "orphan-namespace"),
        "rtb-7": ("error", "preview-stuck"),
    }
    assert "preview-rtb-3" not in reader.asked


def test_a_namespace_of_nobody_is_told() -> None:
    state = cluster(
        namespace("preview-of-somebody", environment="", is_managed=False),
        namespace("preview-old-1", environment="old"),
        namespace("preview-rtb-1"),
        namespace("rtb-platform"),
    )
    found = list(diagnose_strays(state, frozenset({"int"})))
    assert [d.where.file for d in found] == ["cluster here: preview-of-somebody", "cluster here: preview-old-1"]
    assert {d.rule for d in found} == {"foreign-namespace"}


def test_an_application_of_another_environment_is_not_taken_for_ours() -> None:
    store = with_preview()
    reader = FakeCluster(cluster(application(project="previews-stg"), namespace(environment="stg")))
    reading = read_environment(reader, observed(store))
    seen = reading.seen("rtb-123")
    assert (seen.application, seen.namespace) == (None, None)
    assert read_environment(reader, observed(state_store())).names == []


@pytest.mark.parametrize("error", [Transient, Stalled])
def test_a_cluster_that_cannot_be_read_makes_every_preview_unknown(error: type[Transient]) -> None:
    reader = FakeCluster(error=error(Reason.CLUSTER_UNREACHABLE, "no route"))
    reading = read_environment(reader, observed(with_preview()))
    _, told = phases(reader, reading, ["rtb-123", "rtb-9"], now=NOW)
    assert {(p.name, p.cause) for p in told.values()} == {("unknown", "no route")}


def test_details_that_cannot_be_read_make_only_their_previews_unknown() -> None:
    store = with_preview()
    started(store, key="RTB-5")
    state = cluster(
        application(health="Progressing"), namespace(), application("preview-rtb-5"), namespace("preview-rtb-5")
    )
    reader = FakeCluster(state, details_error=Stalled(Reason.CLUSTER_REFUSED, "may not list pods"))
    _, told = phases(reader, read_environment(reader, observed(store)), ["rtb-123", "rtb-5"], now=NOW)
    assert {name: p.name for name, p in told.items()} == {"rtb-123": "unknown", "rtb-5": "running"}
    found = examined(store, state, details_error=reader.details_error)
    assert rules_of(found) == [("error", "preview-unread")]


def test_a_condition_of_another_type_stops_nothing() -> None:
    state = cluster(application(conditions=(condition("OrphanedResourceWarning", "1"),)), namespace())
    assert examined(with_preview(), state) == []
