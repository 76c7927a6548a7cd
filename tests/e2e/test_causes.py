"""Why previews do not come up, on the real control plane: each fault is made there, and `rtb-hub why` has to tell it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from api_server import READER_GROUP
from faults import FAULTS, ON_SPOT, PREVIEWS, SMALL, Fault, Saying
from kubernetes import client, config
from stand_ins import FAULT
from world import World

from conftest import Record
from hub.adapters.kubernetes.resources import RESOURCES, WATCHED
from reconcilers.causes import engine
from worlds.commands import rtb_hub

SECONDS = 300.0
RULES = {rule.code: rule for rule in engine.rules()}


def namespace(key: str) -> str:
    return f"preview-{key.lower()}"


def break_(manifest: Path, faults: list[Fault], *, is_small: bool) -> None:
    """Have a rendered manifest the faults, each in a Deployment of its own, and but for one room for them."""
    objects: list[dict[str, Any]] = list(yaml.safe_load_all(manifest.read_text(encoding="utf-8")))
    web = next(one for one in objects if (one["kind"], one["metadata"]["name"]) == ("Deployment", "web"))
    for one in objects:
        if one["kind"] == "ResourceQuota" and not is_small:
            one["spec"]["hard"] = {"pods": "200"}
        for fault in faults:
            if one["kind"] == fault.teller == "Ingress":
                one["metadata"].setdefault("annotations", {})[FAULT] = fault.code
    made = [one for fault in faults for one in fault.objects(web)]
    manifest.write_text(yaml.safe_dump_all([*objects, *made]), encoding="utf-8")


@contextmanager
def refusing(world: World) -> Iterator[None]:
    """A policy and a webhook without a server, each for the pods of one fault."""
    policy, webhook = (
        {"matchLabels": {"app.kubernetes.io/name": code}} for code in ("policy-denied", "webhook-unavailable")
    )
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}
    group, name = "admissionregistration.k8s.io/v1", {"name": "e2e-refuses"}
    service = {"name": "nobody", "namespace": "default", "path": "/", "port": 443}
    objects: list[dict[str, Any]] = [
        {
            "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": name,
            "spec": {
                "matchConstraints": {"resourceRules": [pods], "objectSelector": policy},
                "validations": [{"expression": "false", "message": "pods are not wanted"}],
            },
        },
        {
            "apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": name,
            "spec": {"policyName": "e2e-refuses", "validationActions": ["Deny"]},
        },
        {
            "apiVersion": group, "kind": "ValidatingWebhookConfiguration", "metadata": name,
            "webhooks": [
                {
                    "name": "pods.nobody.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                    "clientConfig": {"service": service}, "rules": [pods], "objectSelector": webhook,
                    "failurePolicy": "Fail", "timeoutSeconds": 1,
                }
            ],
        },
    ]  # fmt: skip
    world.plane.apply(objects)
    try:
        yield
    finally:
        world.plane.kubectl("delete", "-f", "-", stdin=yaml.safe_dump_all(objects))


def why(world: World, key: str) -> dict[str, Any]:
    at = ("--cluster", "reader", "--kubeconfig", world.kubeconfig, "--repo", world.url)
    ran = rtb_hub(
        "why", key, "--env", "int", *at, "--all", "--output", "json", RTB_HUB_CACHE=str(world.folder / "hub-cache")
    )
    assert ran.code == 0, ran.err
    told: dict[str, Any] = json.loads(ran.out)
    return told


def told_of(world: World, key: str) -> dict[str, dict[str, Any]]:
    """What is told of a preview, by code."""
    told = why(world, key)
    return {one["code"]: one for one in (told, *told["others"]) if one["code"]}


def test_each_fault_is_told_by_its_cause(world: World, record: Record) -> None:
    def breaks(work: Path) -> None:
        world.render_all_into(work, [key for key in PREVIEWS if key != ON_SPOT])
        world.render_all_into(work, [ON_SPOT], more=("--compute", "spot"))
        for key, faults in PREVIEWS.items():
            folder = work / "environments/int/previews/why/0" / key.lower()
            break_(folder / "manifest.yaml", faults, is_small=key == SMALL)

    with refusing(world), Saying(world.api) as saying:
        world.push(breaks)
        begin, found = time.monotonic(), {}
        while len(found) < len(FAULTS) and time.monotonic() - begin < SECONDS:
            world.plane.check()
            for key in dict.fromkeys(fault.preview for fault in FAULTS if fault.code not in found):
                told = told_of(world, key)
                new = {one.code for one in PREVIEWS[key] if one.code in told} - found.keys()
                record("fault pushed → told by why", *[time.monotonic() - begin] * len(new))
                found |= {code: told[code] for code in new}
        missed = {fault.code: fault.preview for fault in FAULTS if fault.code not in found}
        shown = {key: [*told_of(world, key)] for key in dict.fromkeys(missed.values())}
        assert not missed, f"{len(found)} of {len(FAULTS)} told; not {missed}, but {shown}; {saying.error!r}"
        for code, one in found.items():
            assert one["audience"] == str(RULES[code].audience), code
            assert one["steps"], f"{code} says what to do"
    world.stand_ins.has_no_faults = True  # a sync that waits for an Ingress keeps its preview from being removed
    world.push(lambda work: shutil.rmtree(work / "environments/int/previews/why"))
    record("previews with all faults, pushed away → gone", world.until_gone(*PREVIEWS))
    world.stand_ins.has_no_faults = False


def rights(api: client.ApiClient, namespace: str) -> dict[str, set[str]]:
    """What the caller may do in a namespace: verbs by `plural.group`; without the questions about oneself."""
    review = client.V1SelfSubjectRulesReview(spec=client.V1SelfSubjectRulesReviewSpec(namespace=namespace))
    found: dict[str, set[str]] = {}
    answer = client.AuthorizationV1Api(api).create_self_subject_rules_review(review)
    assert not answer.status.incomplete
    for rule in answer.status.resource_rules:
        for group in (one for one in rule.api_groups if one not in ("authorization.k8s.io", "authentication.k8s.io")):
            for name in rule.resources:
                assert not rule.resource_names
                found.setdefault(f"{name}.{group}" if group else name, set()).update(rule.verbs)
    return found


def test_the_readers_group_may_do_what_is_read_and_nothing_else(world: World) -> None:
    """By the API server itself, which adds up all rules that the group has."""
    reader = config.new_client_from_config(str(world.kubeconfig), context="reader")
    read = {str(one): {"list", "watch"} if one in WATCHED else {"list"} for one in RESOURCES}
    for namespace in ("argocd", "preview-why-1", "kube-system"):
        assert rights(reader, namespace) == read
    binding = ("clusterrolebinding", "e2e-logs", "--clusterrole=rtb-hub-logs", f"--group={READER_GROUP}")
    world.plane.kubectl("create", *binding)
    try:
        with_logs = {**read, "pods/log": {"get"}}
        world.until("logs may be read once that role is bound", lambda: rights(reader, "preview-why-1") == with_logs)
    finally:
        world.plane.kubectl("delete", "clusterrolebinding", "e2e-logs")
