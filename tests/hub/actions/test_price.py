"""Pricing what a start would make, and the blueprints it would be made of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from generator.cost.pricing import fixed_prices
from generator.errors import ConfigError, Reason, Stalled
from generator.model.blueprint import TemplateLibrary
from generator.yaml.writer import dump
from hub.actions.blueprints import list_blueprints, show_blueprint
from hub.actions.price import price
from reconcilers.scheduled.admission import plan_queue
from worlds.acting import STARTER, Acting
from worlds.builders import LIBRARY, NOW, environment, start_request
from worlds.commands import must


def test_every_component_of_the_blueprint_counts_whatever_images_are_given() -> None:
    asked = start_request(settings=(("api.memory", "512Mi"),))
    bare = replace(asked, request=replace(asked.request, images={}))
    found = price(bare, environment(), LIBRARY, starter=STARTER, now=NOW)
    assert [pod.pods.name for pod in found.price.pods] == ["api", "web"]
    assert found.price.per_hour == Decimal("0.0309450")
    assert found == price(asked, environment(), LIBRARY, starter=STARTER, now=NOW)


def test_fixed_costs_are_told_beside_the_price_and_are_no_part_of_it() -> None:
    tree = environment().as_tree()["spec"]
    env = environment(exposure=tree["exposure"] | {"shards": 3})
    fixed = fixed_prices(env.spec.pricing, env.spec.exposure.shards)
    assert [(one.what, one.count, one.per_hour) for one in fixed] == [
        ("EKS cluster", 1, Decimal("0.10")),
        ("load balancer", 3, Decimal("0.0675")),
        ("NAT gateway", 1, Decimal("0.059")),
        ("secret of Argo CD", 2, Decimal("0.001096")),
    ]
    assert (fixed[0].as_of, fixed[2].as_of) == ("2026-10-06", "2026-11-28")
    assert fixed[2].source == "AWS Price List, APN2-NatGateway-Hours"
    with_them, without = (
        price(start_request(), one, LIBRARY, starter=STARTER, now=NOW).price
        for one in (env, environment(pricing=tree["pricing"] | {"fixed": []}))
    )
    assert with_them == without
    told = " ".join(must("price", "--env", "int").out.split())
    assert "List price: 0.04656 USD per vCPU-hour" in told
    assert "int itself costs $0.1826 an hour, $133.30 a month" in told
    told = must("price", "--env", "int", "--compute", "spot", "-o", "json").json()
    assert [one["perHour"] for one in told["fixed"]] == ["0.10", "0.0225", "0.059", "0.001096"]
    assert told["checked"] is None


def test_what_has_no_price_is_told_as_not_known_and_is_in_no_sum(tmp_path: Path) -> None:
    tree = environment().as_tree()
    tree["spec"]["pricing"]["fixed"] = [{"what": "cache", "hour": "0.02", "source": "a bill"}, {"what": "database"}]
    (tmp_path / "int").mkdir()
    (tmp_path / "int" / "environment.yaml").write_text(dump(tree))
    asked = ("price", "--env", "int", "--environments", tmp_path)
    told = " ".join(must(*asked).out.split())
    assert "int itself costs $0.0200 an hour" in told
    assert "what is not known: database." in told
    assert [(one["perHour"], one["source"]) for one in must(*asked, "-o", "json").json()["fixed"]] == [
        ("0.02", "a bill"),
        (None, tree["spec"]["pricing"]["source"]),
    ]


def test_a_spot_preview_has_no_price_of_its_own() -> None:
    found = price(start_request(compute="spot"), environment(), LIBRARY, starter=STARTER, now=NOW)
    assert (found.price.per_hour, found.price.total) == (None, None)


def test_what_a_start_would_refuse_has_no_price() -> None:
    with pytest.raises(ConfigError) as caught:
        price(start_request(ttl="9999h"), environment(), LIBRARY, starter=STARTER, now=NOW)
    assert caught.value.reason is Reason.OVER_LIMIT


def test_blueprints_are_listed_and_shown_with_what_they_render_with() -> None:
    names = [one.name for one in list_blueprints(LIBRARY).found]
    assert {"web", "web-api", "web-api-postgres"} <= set(names)
    shown = show_blueprint("web", LIBRARY)
    assert shown.blueprint.name == "web"
    assert shown.templates
    assert set(shown.templates) <= set(LIBRARY.files)
    with pytest.raises(ConfigError) as caught:
        show_blueprint("wep", LIBRARY)
    assert caught.value.reason is Reason.UNKNOWN_BLUEPRINT


D = f"sha256:{'3f1d' * 16}"
WORKER = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
  namespace: {{ preview.namespace }}
spec:
  replicas: 4
  selector: {matchLabels: {app: worker}}
  template:
    metadata:
      labels:
        app: worker
        rtb.hub/compute: {{ compute }}
    spec:
      containers:
      - name: worker
        image: registry.example.com/worker@DIGEST
        resources: {requests: {cpu: 400m, memory: 256Mi}}
""".replace("DIGEST", D)


def overlaid(text: str) -> TemplateLibrary:
    return TemplateLibrary({**LIBRARY.files, "environments/int/templates/preview/_common/worker.yaml.j2": text})


def test_pods_that_templates_add_are_priced_and_recorded() -> None:
    asked = start_request(blueprint="web")
    plain = price(asked, environment(), LIBRARY, starter=STARTER, now=NOW)
    found = price(asked, environment(), overlaid(WORKER), starter=STARTER, now=NOW)
    assert [(pod.pods.name, pod.pods.replicas) for pod in found.price.pods] == [("web", 1), ("worker", 4)]
    assert plain.price.per_hour is not None
    # 400m and 256 MiB are billed as 0.5 vCPU and 1 GB, twice what 250m and 256 MiB are.
    assert found.price.per_hour == 9 * plain.price.per_hour
    assert plain.preview.spec.rendered is not None
    assert plain.preview.spec.rendered.pods is None


def test_a_start_finds_no_room_for_pods_that_templates_add_and_a_queued_one_waits(tmp_path: Path) -> None:
    acting = Acting(tmp_path / "state.git")
    acting.put("environments/int/templates/preview/_common/worker.yaml.j2", WORKER)
    for number in (1, 2):  # of 6 vCPUs each takes 0.25 and 4 x 0.5
        acting.start(f"RTB-{number}", blueprint="web")
    with pytest.raises(Stalled, match=r"4\.50 of 6 Fargate vCPUs and 2\.25 more") as caught:
        acting.start("RTB-3", blueprint="web")
    assert caught.value.reason is Reason.CAPACITY_EXHAUSTED
    acting.start("RTB-3", blueprint="web", queue=True)
    found = plan_queue(acting.repository.state("int"), starter=STARTER, now=NOW)
    assert (found.actions, found.set_aside, found.plan) == ((), (), None)
    acting.stop("RTB-1")
    found = plan_queue(acting.repository.state("int"), starter=STARTER, now=NOW)
    assert [action.preview for action in found.actions] == ["int/rtb-3"]


@pytest.mark.parametrize("blueprint", ["web", "web-api", "web-api-postgres"])
def test_no_shipped_blueprint_makes_other_pods_than_its_components(blueprint: str) -> None:
    found = price(start_request(blueprint=blueprint), environment(), LIBRARY, starter=STARTER, now=NOW)
    assert found.preview.spec.rendered is not None
    assert found.preview.spec.rendered.pods is None
