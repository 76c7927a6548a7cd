"""A preview that sleeps: no pods but those that keep data, and the same objects as when it is awake."""

from __future__ import annotations

from typing import Any

import pytest

from generator.model.entry import Preview, Sleep
from generator.objects.manifest import Manifest
from generator.render.asked import Request
from generator.render.render import PreviewRenderer, Rendering
from generator.render.sleeping import asleep
from generator.values.formats import format_time
from generator.values.naming import IssueKey
from reconcilers.lifecycle.start import StartRequest, draft_of
from worlds.builders import LIBRARY, NOW, environment, image, preview, render
from worlds.own_blueprints import SHOP, SHOP_IMAGES, with_own


def sleeping(entry: Preview) -> Preview:
    sleep = Sleep(asleep=True, since=format_time(NOW), requested_by="alice", why="asked")
    return entry.model_copy(update={"spec": entry.spec.model_copy(update={"sleep": sleep})})


def shop() -> Preview:
    asked = StartRequest(IssueKey.parse("RTB-123"), "alice", Request(images=SHOP_IMAGES), "shop")
    return draft_of(asked, environment(), with_own({"shop": SHOP}), now=NOW)


def by_name(rendering: Rendering) -> dict[tuple[str, str], Any]:
    return {(one.kind, one.identity.name): one.data for one in rendering.manifests}


def test_all_objects_stay_and_only_pods_go() -> None:
    entry = shop()
    renderer = PreviewRenderer(with_own({"shop": SHOP}))
    awake, now = (by_name(renderer.render(one, environment())) for one in (entry, sleeping(entry)))
    assert awake.keys() == now.keys()
    changed = {where for where in awake if awake[where] != now[where]}
    assert changed == {("Deployment", n) for n in ("web", "api", "admin", "rpc", "worker")} | {("CronJob", "nightly")}
    assert all(now[where]["spec"]["replicas"] == 0 for where in changed if where[0] == "Deployment")
    assert now["CronJob", "nightly"]["spec"]["suspend"] is True


def test_a_job_is_the_same_object_so_that_it_does_not_run_again_on_waking() -> None:
    entry = preview(blueprint="web-api-postgres")
    awake, now = by_name(render(entry)), by_name(render(sleeping(entry)))
    jobs = [where for where in awake if where[0] == "Job"]
    assert jobs
    assert all(awake[where] == now[where] for where in jobs)


def test_a_database_without_a_volume_runs_on() -> None:
    now = by_name(render(sleeping(preview(blueprint="web-api-postgres"))))
    databases = [
        data for (kind, name), data in now.items() if name == "postgres" and "replicas" in data.get("spec", {})
    ]
    assert [data["spec"]["replicas"] for data in databases] == [1]


def stamped(entry: Preview) -> Preview:
    renderer = PreviewRenderer(LIBRARY)
    return renderer.stamped(entry, renderer.render(entry, environment()), environment(), "test")


def test_the_stamp_says_what_runs_and_what_does_not() -> None:
    asleep, awake = (stamped(one).spec.rendered for one in (sleeping(preview()), preview()))
    assert asleep
    assert awake
    assert (asleep.pods, [one.name for one in asleep.saved or ()]) == ([], ["api", "web"])
    assert (awake.pods, awake.saved) == (None, None)
    database = stamped(sleeping(preview(blueprint="web-api-postgres"))).spec.rendered
    assert database
    assert [one.name for one in database.saved or ()] == ["api", "web"]
    assert "postgres" in [one.name for one in database.pods or ()]


def manifest(api: str, kind: str, spec: dict[str, Any], **metadata: Any) -> Manifest:
    return Manifest({"apiVersion": api, "kind": kind, "metadata": {"name": "it", **metadata}, "spec": spec}, "t")


def pod(**labels: str) -> dict[str, Any]:
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image("c")}]}}


DATA = {"preview.rtb-ai-hub/data": "in-the-pod"}


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        (manifest("apps/v1", "StatefulSet", {"template": pod()}), "spec", {"replicas": 0}),
        (manifest("apps/v1", "Deployment", {"replicas": None, "template": pod()}), "spec", {"replicas": 0}),
        (manifest("keda.sh/v1alpha1", "ScaledObject", {"scaleTargetRef": {"name": "x"}}, annotations=None),
         "metadata", {"annotations": {"autoscaling.keda.sh/paused-replicas": "0"}}),
        (manifest("keda.sh/v1alpha1", "ScaledJob", {}, annotations={"a": "b"}),
         "metadata", {"annotations": {"a": "b", "autoscaling.keda.sh/paused": "true"}}),
    ],
    ids=["a stateful set with claims that stay", "without replicas", "scaled by KEDA", "jobs scaled by KEDA"],
)  # fmt: skip
def test_templates_of_ones_own_sleep_too(given: Manifest, field: str, expected: dict[str, Any]) -> None:
    (found,) = asleep([given])
    assert expected.items() <= found.data[field].items()
    assert given.data != found.data, "what was given is not changed"


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 1, "template": pod(**DATA)},
        {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}, "template": pod()},
    ],
    ids=["data in the pod", "claims that go when it is scaled down"],
)
def test_what_would_lose_data_runs_on_and_so_does_what_scales_it(spec: dict[str, Any]) -> None:
    given = [
        manifest("apps/v1", "StatefulSet", spec),
        manifest("keda.sh/v1alpha1", "ScaledObject", {"scaleTargetRef": {"kind": "StatefulSet", "name": "it"}}),
    ]
    assert [one.data for one in asleep(given)] == [one.data for one in given]


def test_kinds_of_others_with_the_same_name_are_left_alone() -> None:
    given = manifest("example.com/v1", "Deployment", {"replicas": 3})
    assert asleep([given]) == (given,)
