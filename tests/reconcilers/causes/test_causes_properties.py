"""What holds of every answer, whatever was recorded: tried on all situations there are, and on broken ones."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ConfigError
from generator.yaml.reader import load
from hub.actions.why import why_recorded
from hub.adapters.kubernetes.clean_recording import cleaned
from hub.adapters.kubernetes.recording import Recording, read_recording
from hub.views.why import why_data
from reconcilers.causes.texts import LONGEST, named, one_line, shortened
from worlds.places import ROOT
from worlds.situations import SITUATIONS, TARGET, at, event, pod, recorded, situation, thing

HANDED = sorted((ROOT / "tests" / "golden" / "causes" / "handed").glob("*.yaml"))
BASIC = (
    "pull",
    "never_ran",
    "crash",
    "refused",
    "secret",
    "unplaced",
    "by_karpenter",
    "no_network",
    "unready",
    "target",
)
BASIC += ("unexposed", "compared", "synced", "hooked", "leaving")
TREES = [load(path.read_bytes(), path.name).data for path in HANDED[::3]]
TREES += [situation(name, "AccessDenied: no such thing") for name in BASIC]


def recording(tree: Any) -> Recording:
    return read_recording(json.dumps(tree).encode(), "case.json")


def told(tree: Any) -> dict[str, Any]:
    answer = why_recorded(recording(tree))
    return why_data(answer.phase, answer.unread)


def cause(tree: Any) -> tuple[str, str | None, str]:
    found = told(tree)
    return found["phase"], found["code"], found["text"]


@pytest.mark.parametrize("number", range(len(TREES)))
def test_the_order_of_objects_and_events_does_not_matter(number: int) -> None:
    before = told(TREES[number])
    for seed in range(3):
        tree = copy.deepcopy(TREES[number])
        for trees in tree["objects"].values():
            random.Random(seed).shuffle(trees)
        assert told(tree) == before


@pytest.mark.parametrize("number", range(len(TREES)))
def test_what_ends_what_is_elsewhere_and_normal_events_change_nothing(number: int) -> None:
    tree, before = copy.deepcopy(TREES[number]), cause(TREES[number])
    broken = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    elsewhere = pod("other-1", state=broken)
    elsewhere["metadata"]["namespace"] = "preview-rtb-777"
    normal = event(pod("normal"), "Failed", "manifest unknown", type="Normal")
    foreign = event(elsewhere, "FailedScheduling", "Fargate capacity is unavailable")
    foreign["metadata"]["namespace"] = "preview-rtb-777"
    more = [pod("old-1", state=broken, deleted="01:59:58"), elsewhere]
    tree["objects"]["pods"] = [*tree["objects"].get("pods", []), *more]
    normals = [{**one, "type": "Normal", "reason": "Failed"} for one in tree["objects"].get("events", [])]
    tree["objects"]["events"] = [*tree["objects"].get("events", []), normal, foreign, *normals]
    assert cause(tree) == before


@pytest.mark.parametrize("number", range(len(TREES)))
def test_a_second_look_with_nothing_changed_tells_the_same(number: int) -> None:
    found = recording(TREES[number])
    first, again = (why_recorded(found), why_recorded(found))
    assert (first.phase, first.phase.finding) == (again.phase, again.phase.finding)


@pytest.mark.parametrize("name", ["pull_by_event", "unplaced", "no_network", "unready", "unexposed"])
def test_without_its_evidence_there_is_no_cause(name: str) -> None:
    tree = situation(name, "AccessDenied, and i/o timeout")
    code = told(tree)["code"]
    assert code
    tree["objects"]["events"] = []
    assert told(tree)["code"] != code


@pytest.mark.parametrize("name", ["unplaced", "no_network", "unready", "unexposed", "pull_by_event"])
def test_an_event_of_an_earlier_object_of_the_same_name_does_not_count(name: str) -> None:
    tree = situation(name, "AccessDenied, and i/o timeout")
    code = told(tree)["code"]
    for one in tree["objects"]["events"]:
        one["involvedObject"]["uid"] = "uid-of-another"
    assert told(tree)["code"] != code
    tree = situation(name, "AccessDenied, and i/o timeout")
    for one in tree["objects"]["events"]:
        one["involvedObject"].pop("uid")
        one["lastTimestamp"] = at("01:40:00")
    assert told(tree)["code"] != code


def test_what_a_pod_waited_for_before_it_had_a_node_is_over() -> None:
    made = pod(scheduler="default-scheduler")
    late = event(made, "FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu", last="01:52:20")
    found = told(recorded(pods=[made], events=[late]))
    assert (found["code"], found["phase"], found["steps"]) == (None, "starting", [])


def test_only_pods_of_the_newest_replica_set_count() -> None:
    broken = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    tree = situation("crash", "boom")
    tree["objects"]["pods"] = [
        pod("web-6c8d5f4b7-bbbbb", state=broken, created="01:30:00"),
        pod("web-7d9f8b6c5-x2x4p", created="01:59:00"),
    ]
    assert told(tree)["code"] is None
    labels = {"pod-template-hash": "old", "rtb.hub/compute": "fargate"}
    tree["objects"]["pods"][0] = pod(
        "web-1", state=broken, created="01:59:30", labels=labels, owner=("ReplicaSet", "web-old")
    )
    progress = {"type": "Progressing", "status": "True", "message": 'ReplicaSet "web-7d9f8b6c5" is progressing.'}
    tree["objects"]["deployments.apps"][0]["status"]["conditions"] = [progress]
    assert told(tree)["code"] is None, "the Deployment says which one it brings up"


def test_what_needs_the_database_is_told_after_it() -> None:
    tree = situation("crash", "Error: connect ECONNREFUSED postgres:5432")
    assert told(tree)["code"] == "crash-cannot-connect"
    bad = pod(
        "postgres-7d9f8b6c5-bbbbb", state={"waiting": {"reason": "CrashLoopBackOff"}}, phase="Running", restarts=4
    )
    bad["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    database = copy.deepcopy(tree["objects"]["deployments.apps"][0])
    database["metadata"] |= {"name": "postgres", "uid": "uid-postgres"}
    tree["objects"]["deployments.apps"].append(database)
    tree["objects"]["pods"].append(bad)
    found = told(tree)
    assert (found["code"], [one["code"] for one in found["others"]]) == ("crash-oom", ["crash-cannot-connect"])
    assert "postgres" in found["text"]


def test_a_component_that_ends_while_its_database_comes_up_has_no_cause() -> None:
    tree = situation("crash", "Error: connect ECONNREFUSED postgres:5432")
    database = copy.deepcopy(tree["objects"]["deployments.apps"][0])
    database["metadata"] |= {"name": "postgres", "uid": "uid-postgres"}
    tree["objects"]["deployments.apps"].append(database)
    tree["objects"]["pods"].append(pod("postgres-7d9f8b6c5-bbbbb", created="01:57:00"))
    assert (told(tree)["phase"], told(tree)["code"]) == ("starting", None)
    tree["objects"]["pods"][-1]["metadata"]["creationTimestamp"] = at("01:50:00")
    assert told(tree)["code"] == "crash-cannot-connect", "not for ever"


def test_a_container_that_runs_between_two_tries_crashes_and_one_that_came_up_long_ago_does_not() -> None:
    tree = situation("crash", "boom")
    state = tree["objects"]["pods"][0]["status"]["containerStatuses"][0]
    state["state"] = {"running": {"startedAt": at("01:59:50")}}
    assert told(tree)["code"] == "crash-exit"
    state["lastState"]["terminated"]["finishedAt"] = at("01:20:00")
    assert told(tree)["code"] is None


def test_a_pod_that_waits_for_a_secret_is_told_by_the_external_secret() -> None:
    found = told(situation("secret", "Secret does not exist"))
    assert (found["code"], found["others"][0]["code"]) == ("secret-does-not-exist", "secret-missing")


@pytest.mark.parametrize(("age", "code"), [("01:58:30", None), ("01:50:00", "secrets-operator-silent")])
def test_a_secret_that_is_being_made_is_waited_for(age: str, code: str | None) -> None:
    tree = situation("waiting", 'secret "web-env" not found')
    tree["objects"]["externalsecrets.external-secrets.io"] = [
        thing("ExternalSecret", "web-env", created=age, status={})
    ]
    assert told(tree)["code"] == code
    made = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at("01:59:00")}]}
    tree["objects"]["externalsecrets.external-secrets.io"][0]["status"] = made
    assert told(tree)["code"] is None
    made["conditions"][0]["lastTransitionTime"] = at("01:50:30")
    assert told(tree)["code"] == "secret-missing", "not for ever"


@pytest.mark.parametrize("name", ["unnoticed", "unexposed_silently", "silent_start"])
def test_silence_tells_nothing_where_events_could_not_be_read(name: str) -> None:
    tree = situation(name)
    assert told(tree)["code"]
    tree["unread"] = {"events": "not allowed"}
    assert told(tree)["code"] is None
    assert told(tree)["text"].endswith("; what may tell more could not be read: events")


def test_a_record_for_others_names_no_host() -> None:
    told = cleaned(recording(situation("unreached", "rtb-123.int.example.com does not resolve")), TARGET)
    assert "int.example.com" not in json.dumps(told.tree()["reachable"])
    assert why_recorded(told).phase.finding is not None


def test_a_crashed_job_that_is_tried_again_is_no_cause_yet() -> None:
    tree = situation("job", "")
    tree["objects"]["jobs.batch"][0]["status"] = {"active": 1, "failed": 1}
    ended = {"terminated": {"reason": "Error", "exitCode": 1}}
    tree["objects"]["pods"] = [pod("seed-1-bbbbb", state=ended, phase="Failed", owner=("Job", "seed-1"))]
    assert told(tree)["code"] is None


#: What is put in the place of a value to break a recording.
JUNK = [
    None,
    7,
    -1,
    True,
    "",
    "x" * 400,
    "\x1b[2J\u202e\n",
    [],
    [1, None, "a"],
    {},
    {"a": {"b": []}},
    "9999-12-31T23:59:59Z",
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(inner)


def test_nothing_that_is_put_into_a_recording_makes_it_raise() -> None:
    """Values of every situation replaced by junk: an answer, or an error that says where."""
    rng = random.Random(7)
    for name in SITUATIONS:
        whole = situation(name, "Access to KMS is not allowed")
        found = [*places(whole)][1:]
        for path in rng.sample(found, min(12, len(found))):
            tree = copy.deepcopy(whole)
            inner = tree
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = rng.choice(JUNK)
            try:
                found = told(tree)
            except ConfigError as err:
                assert err.faults[0].message
            else:
                assert not any({*"\n\x1b\u202e"} & {*text} for text in strings(found))


@given(st.text(max_size=700), st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_a_text_is_one_line_of_bounded_length_with_its_end(text: str, ours: int, begin: int) -> None:
    line = one_line(text)
    assert line.isprintable() or not {*"\n\r\t\x1b\u202e"} & {*line}
    ours, begin = min(ours, len(line)), min(begin, len(line))
    short = shortened(line, ours, (begin, begin))
    assert len(short) <= LONGEST
    assert line[-20:].strip() in short


@pytest.mark.parametrize("name", ["a b", "x;rm -rf /", "$(id)", "-rf", "a'b", "a\nb", "", "é"])
def test_a_name_in_a_step_is_no_command(name: str) -> None:
    assert named(name) == "NAME"
    tree = situation("crash", "")
    made = tree["objects"]["pods"][0]
    made["metadata"]["name"] = name
    assert all(name not in step for step in told(tree)["steps"] if name)


def test_accounts_are_for_the_platform_only() -> None:
    arn = "arn:aws:iam::111111111111:role/x"
    developers = told(situation("crash", f"cannot assume {arn} of account 111111111111"))
    assert "111111111111" not in json.dumps(developers)
    assert arn in told(situation("unexposed", f"AccessDenied: {arn}"))["text"]


def test_an_answer_says_when_waiting_has_been_long_enough() -> None:
    found = recording(situation("unplaced", "Fargate capacity is unavailable at this time."))
    assert why_recorded(found).phase.name == "starting"
    later = Recording(**{f: getattr(found, f) for f in ("environment", "compute", "is_asked", "asked_since", "objects")}, now=found.now + timedelta(minutes=5))  # fmt: skip
    assert why_recorded(later).phase.name == "stuck"
    assert why_recorded(later).phase.cause == why_recorded(found).phase.cause, "texts name moments, not ages"


def test_the_preview_that_a_recording_is_about_is_the_one_with_most_in_it() -> None:
    tree = situation("crash", "")
    other = copy.deepcopy(tree["objects"]["applications.argoproj.io"][0])
    other["metadata"]["name"] = "preview-rtb-100"
    tree["objects"]["applications.argoproj.io"].insert(0, other)
    assert recording(tree).target == TARGET
