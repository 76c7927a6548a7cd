"""What holds a removal, and what is left over of previews, on the real control plane: made there, and told with what helps."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from world import World

from conftest import Record
from hub.commands import orphans, why
from hub.output.exit_codes import UNHEALTHY
from hub.wiring import hub
from worlds.commands import Ran, rtb_hub

SYNCING, OWNED, SPACED, AWAY = "GONE-1", "GONE-2", "GONE-3", "GONE-4"
SET_CONTROLLER = "argocd-applicationset-controller"
OURS = {"app.kubernetes.io/managed-by": "rtb-ai-hub", "preview.rtb-ai-hub/environment": "int"}
#: An API that no server answers for: what is in namespaces can then not be known.
NOBODYS_API = {
    "apiVersion": "apiregistration.k8s.io/v1",
    "kind": "APIService",
    "metadata": {"name": "v1.nobody.example.com"},
    "spec": {
        "group": "nobody.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
        "insecureSkipTLSVerify": True, "service": {"name": "nobody", "namespace": "default"},
    },
}  # fmt: skip


def asked(world: World, *arguments: object, after: timedelta) -> Ran:
    """What a command answers whose clock is that far ahead, as if one had waited."""
    at = ("--env", "int", "--cluster", "reader", "--kubeconfig", world.kubeconfig, "--repo", world.url)
    with pytest.MonkeyPatch.context() as patched:
        for command in (orphans, why):
            patched.setattr(command, "hub", lambda: _ahead(after))
        return rtb_hub(*arguments, *at, "--output", "json", RTB_HUB_CACHE=str(world.folder / "hub-cache"))


def _ahead(after: timedelta) -> Any:
    ours = hub()
    return replace(ours, clock=lambda: ours.clock() + after)


def told(world: World, key: str, *, after: timedelta = timedelta(minutes=2)) -> dict[str, Any]:
    ran = asked(world, "why", key, after=after)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = ran.json()
    return found


def finalizer(world: World, name: str, *held: str) -> None:
    """Give an object (`kind/name`) these finalizers beside those of Argo CD, which it keeps."""
    kind, _, _ = name.partition("/")
    ours = ["resources-finalizer.argocd.argoproj.io"] if kind == "application" and held else []
    patch = json.dumps({"metadata": {"finalizers": [*ours, *held] or None}})
    world.plane.kubectl("-n", "argocd", "patch", name, "--type", "merge", "-p", patch)


def remove(world: World, *keys: str) -> None:
    folders = [f"environments/int/previews/{key.split('-')[0].lower()}/0/{key.lower()}" for key in keys]
    world.push(lambda work: [shutil.rmtree(work / folder) for folder in folders])


def test_a_removal_is_told_by_what_holds_it(world: World, record: Record) -> None:
    """A sync that still runs, finalizers of others on Application and Namespace, and an API that is away."""
    world.stand_ins.unaddressed.add("preview-gone-1")
    world.push(lambda work: world.render_all_into(work, [SYNCING, OWNED, SPACED, AWAY]))
    world.until("three are Healthy", lambda: all(map(world.is_healthy, (OWNED, SPACED, AWAY))))
    world.until("one waits for its Ingress", lambda: "Ingress" in operation(world, SYNCING))
    finalizer(world, "namespace/preview-gone-3", "example.com/keeps")
    with unnoticing(world):  # it would take the finalizer off an Application that it makes
        finalizer(world, "application/preview-gone-2", "example.com/keeps")
        world.plane.kubectl("-n", "argocd", "delete", "application", "preview-gone-2", "--wait=false")
        remove(world, SYNCING, OWNED, SPACED)
        world.until("the Application alone is left", lambda: world.namespace(OWNED) is None, 600)
        is_held(world, OWNED, "Application")
        finalizer(world, "application/preview-gone-2")
    world.refresh()
    world.until("the Namespace alone is left", lambda: told(world, SPACED)["code"] == "owner-finalizer", 600)
    is_held(world, SPACED, "Namespace")
    found = told(world, SYNCING)
    assert (found["phase"], found["code"]) == ("stuck", "removal-blocked-by-sync"), found
    (step, *_) = found["steps"]
    assert step.endswith("argocd app terminate-op preview-gone-1")

    world.argo.command(*step.partition("argocd ")[2].split())
    finalizer(world, "namespace/preview-gone-3")
    record("removal no longer held → gone", world.until_gone(SYNCING, OWNED, SPACED))
    world.stand_ins.unaddressed.clear()

    world.plane.apply([NOBODYS_API])
    try:
        remove(world, AWAY)
        world.until("the API that is away is told", lambda: told(world, AWAY)["code"] == "namespace-api-down", 600)
        found = told(world, AWAY)
        assert (found["phase"], found["audience"]) == ("stuck", "platform"), found
        assert "nobody.example.com" in found["text"]
        assert "kubectl get apiservices" in found["steps"][0]
    finally:
        world.plane.kubectl("delete", "apiservice", "v1.nobody.example.com")
    world.until_gone(AWAY)


def is_held(world: World, key: str, kind: str) -> None:
    """Check that the object itself is told as held by our finalizer."""
    found = told(world, key)
    assert (found["phase"], found["code"], found["audience"]) == ("stuck", "owner-finalizer", "platform"), found
    assert f"{kind} preview-{key.lower()} itself: finalizer example.com/keeps" in found["text"]


def operation(world: World, key: str) -> str:
    status = (world.app(key) or {}).get("status", {})
    return str(status.get("operationState", {}).get("message", ""))


@contextmanager
def unnoticing(world: World) -> Iterator[None]:
    """The set's controller does nothing meanwhile, and is not told of pushes."""
    told_before, process = world.webhooks, world.plane.processes[SET_CONTROLLER]
    world.webhooks = ()
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)
        world.webhooks = told_before


def test_what_is_left_over_is_told_by_its_kind(world: World) -> None:
    world.start("LEFT-1")
    bare = {"apiVersion": "v1", "kind": "Namespace"}
    claim = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
    service = {"service": {"name": "nobody", "port": {"number": 80}}}
    world.plane.apply([
        {**bare, "metadata": {"name": "preview-left-3", "labels": OURS}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "preview-left-3"}, "spec": claim},
        {**bare, "metadata": {"name": "preview-left-4", "labels": OURS}},
        {
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"defaultBackend": service, "ingressClassName": "nobodys"},
            "metadata": {"name": "preview", "namespace": "preview-left-4", "labels": OURS, "finalizers": ["example.com/keeps"]},
        },
    ])  # fmt: skip
    world.plane.kubectl("delete", "namespace", "preview-left-4", "--wait=false")
    with unnoticing(world):
        remove(world, "LEFT-1")
        world.push_rendered("LEFT-2")
        assert of_left(world, after=timedelta(minutes=1)) == {
            ("left-3", "namespace-left-over"), ("left-3", "left-in-namespace"),
        }  # fmt: skip
        assert of_left(world, after=timedelta(hours=25)) == {
            ("left-1", "application-without-entry"), ("left-2", "entry-without-application"),
            ("left-2", "expired-still-there"), ("left-3", "namespace-left-over"), ("left-3", "left-in-namespace"),
            ("left-4", "held-by-finalizer"),
        }  # fmt: skip
        assert told(world, "LEFT-1", after=timedelta(minutes=4))["code"] == "removal-not-noticed"
        assert told(world, "LEFT-3")["code"] == "namespace-left-over"
    world.plane.kubectl(
        "-n",
        "preview-left-4",
        "patch",
        "ingress",
        "preview",
        "--type",
        "merge",
        "-p",
        '{"metadata":{"finalizers":null}}',
    )
    world.plane.kubectl("delete", "namespace", "preview-left-3", "--wait=false")
    remove(world, "LEFT-2")
    world.until_gone("LEFT-1", "LEFT-2", "LEFT-3", "LEFT-4")


def of_left(world: World, *, after: timedelta) -> set[tuple[str, str]]:
    """Which of our previews are told as left over, and how."""
    ran = asked(world, "orphans", after=after)
    assert ran.code == UNHEALTHY, ran.err
    return {(one["preview"], one["kind"]) for one in ran.json()["orphans"] if one["preview"].startswith("left-")}
