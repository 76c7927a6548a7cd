"""The faults that `make e2e` and `make playground` make are told by their codes: without a cluster, as they would be there."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from hub.actions.why import why_recorded
from hub.adapters.kubernetes.recording import read_recording
from hub.views.why import why_data
from worlds.places import ROOT
from worlds.situations import at, deployment, event, pod, recorded, thing

sys.path.append(str(ROOT / "tests" / "e2e"))
try:
    from faults import FAULTS, Fault, image_of
finally:
    sys.path.pop()


def codes(tree: dict[str, Any]) -> set[str | None]:
    answer = why_recorded(read_recording(json.dumps(tree).encode(), "fault.json"))
    told = why_data(answer.phase, answer.unread)
    return {told["code"], *(one["code"] for one in told["others"])}


def of_pod(fault: Fault) -> dict[str, Any]:
    made = pod(phase=fault.phase)
    status = {
        "name": "web",
        "image": image_of(fault.code),
        "restartCount": 0,
        "ready": False,
        **(fault.container or {}),
    }
    if last := status.get("lastState", {}).get("terminated"):
        last |= {"startedAt": at("01:58:00"), "finishedAt": at("01:59:00")}
    if "running" in status["state"]:
        status["state"] = {"running": {"startedAt": at("01:57:00")}}
    made["status"]["containerStatuses"] = [status]
    events = [event(made, fault.says[1], fault.says[2], last="01:59:30")] if fault.says else []
    return recorded(deployments=[deployment()], pods=[made], events=events)


@pytest.mark.parametrize("fault", [one for one in FAULTS if one.is_of_an_image], ids=lambda one: one.code)
def test_what_a_node_says_is_told_by_its_code(fault: Fault) -> None:
    assert fault.code in codes(of_pod(fault))


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if one.teller in ("Ingress", "ExternalSecret")], ids=lambda one: one.code
)
def test_what_another_controller_says_is_told_by_its_code(fault: Fault) -> None:
    assert fault.says
    _, reason, message, _ = fault.says
    ready = {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "lastTransitionTime": at("01:58:00")}
    status = {} if fault.teller == "Ingress" else {"conditions": [ready]}
    made = thing(fault.teller, "preview", status=status)
    kind = "ingresses" if fault.teller == "Ingress" else "secrets"
    tree = recorded(
        **{kind: [made]}, deployments=[deployment()], events=[event(made, reason, message, last="01:59:30")]
    )
    assert fault.code in codes(tree)
