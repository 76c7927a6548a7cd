"""Prices of an environment's file compared with AWS's price list, as its API answers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.stub import Stubber

from generator.model.environment import Environment
from hub.actions.price_check import Compared, compare
from hub.adapters.account.access import Access
from hub.output.exit_codes import UNHEALTHY
from worlds.builders import environment
from worlds.commands import must, rtb_hub

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
FARGATE = {"APN2-Fargate-vCPU-Hours:perCPU": "0.0465600000", "APN2-Fargate-GB-Hours": "0.0051100000"}
#: As ECS lists them beside: none of them is what is compared.
OTHERS = {
    "APN2-Fargate-ARM-vCPU-Hours:perCPU": "0.037",
    "APN2-Fargate-Windows-vCPU-Hours:perCPU": "0.09",
    "APN2-Fargate-EphemeralStorage-GB-Hours": "0.0001",
}
LISTED = {
    "AmazonEKS": {"APN2-AmazonEKS-Hours:perCluster": "0.10"},
    "AWSELB": {"APN2-LoadBalancerUsage": "0.0225"},
    "AmazonEC2": {"APN2-NatGateway-Hours": "0.059"},
    "AWSSecretsManager": {"APN2-AWSSecretsManager-Secrets": "0.4"},
}
Lists = dict[str, Any]


def product(usage: str, price: str, unit: str = "Hrs", **more: Any) -> str:
    """One item of an answer's PriceList."""
    dimension = {"unit": unit, "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": price}}
    terms = {"OnDemand": {"SKU.TERM": {"priceDimensions": {"SKU.TERM.RATE": dimension}}}}
    return json.dumps({"product": {"attributes": {"usagetype": usage}}, "serviceCode": "x", "terms": terms, **more})


def lists() -> Lists:
    """What AWS lists: just what the shipped file says."""
    ecs = [product(usage, price, "hours") for usage, price in {**OTHERS, **FARGATE}.items()]
    found: Lists = {"AmazonECS": ecs}
    for service, prices in LISTED.items():
        unit = "Secrets" if service == "AWSSecretsManager" else "Hrs"
        found[service] = [product(usage, price, unit) for usage, price in prices.items()]
    return found


@pytest.fixture
def access() -> Iterator[Callable[[Lists, Environment], Access]]:
    """Clients whose calls are held to the API's model, in the order in which the file has its prices."""
    with mock.patch.dict(os.environ, KEYS):
        client = boto3.client("pricing", region_name="us-east-1")
    stubber = Stubber(client)

    def made(given: Lists, env: Environment) -> Access:
        services = ["AmazonECS", "AmazonECS", *[one.listed.service for one in env.spec.pricing.fixed if one.listed]]
        for service in services:
            asked = {"ServiceCode": service, "Filters": mock.ANY}
            answer = given[service]
            if isinstance(answer, str):
                stubber.add_client_error("get_products", answer)
            else:
                stubber.add_response("get_products", {"PriceList": answer, "FormatVersion": "aws_v1"}, asked)
        return Access("us-east-1", _made={"pricing": client})

    with stubber:
        yield made
        stubber.assert_no_pending_responses()


def states(found: tuple[Compared, ...]) -> dict[str, str]:
    return {one.what: one.state for one in found}


def test_prices_that_are_listed_so_are_the_same(access: Callable[[Lists, Environment], Access]) -> None:
    env = environment()
    found = compare(env.spec.pricing, env.spec.region, access(lists(), env))
    assert set(states(found).values()) == {"same"}
    assert [one.what for one in found][:3] == ["vCPU", "GB", "EKS cluster"]
    assert found[-1].listed == Decimal("0.000548")


def test_another_price_is_told_and_one_that_is_not_listed_is_never_nothing(
    access: Callable[[Lists, Environment], Access],
) -> None:
    env, given = environment(), lists()
    given["AmazonECS"] = [
        product("APN2-Fargate-vCPU-Hours:perCPU", "0.05", "hours"),
        "no JSON",
        "[]",
        '{"product": {}}',
    ]
    given["AmazonEKS"] = []
    given["AWSELB"] = [product("APN2-LoadBalancerUsage", price) for price in ("0.0225", "0.025")]
    given["AmazonEC2"] = [
        product("APN2-NatGateway-Hours", "0.0000000000"),
        product("APN2-NatGateway-Bytes", "0.059", "GB"),
    ]
    given["AWSSecretsManager"] = "AccessDeniedException"
    found = {one.what: one for one in compare(env.spec.pricing, env.spec.region, access(given, env))}
    assert (found["vCPU"].state, found["vCPU"].listed) == ("differs", Decimal("0.05"))
    others = {what: (one.state, one.listed) for what, one in found.items() if what != "vCPU"}
    assert set(others.values()) == {("unknown", None)}
    assert found["GB"].why == "no price of AmazonECS in ap-northeast-2 is listed"
    assert found["load balancer"].why == "2 prices are listed"
    assert "pricing:GetProducts: AccessDeniedException" in found["secret of Argo CD"].why


def test_a_tier_that_is_free_is_no_price_of_it(access: Callable[[Lists, Environment], Access]) -> None:
    env, given = environment(), lists()
    given["AmazonEKS"] += [product("APN2-AmazonEKS-Hours:perCluster", "0.0")]
    assert set(states(compare(env.spec.pricing, env.spec.region, access(given, env))).values()) == {"same"}


def test_nothing_is_asked_for_what_the_list_cannot_have(access: Callable[[Lists, Environment], Access]) -> None:
    pricing = environment().as_tree()["spec"]["pricing"]
    euros = environment(pricing={**pricing, "currency": "EUR"})
    found = compare(euros.spec.pricing, euros.spec.region, Access("us-east-1"))
    assert {(one.state, one.why) for one in found} == {("unknown", "the list is in USD, the file in EUR")}
    own = environment(pricing={**pricing, "fixed": [{"what": "phone", "hour": "0.01"}]})
    last = compare(own.spec.pricing, own.spec.region, access(lists(), own))[-1]
    assert (last.state, last.written) == ("unknown", Decimal("0.01"))
    assert last.why == "pricing.fixed[0].listed does not say where it is listed"


def test_the_command_tells_each_price_and_fails_where_one_is_another(tmp_path: Path) -> None:
    given = lists()

    def answered(_self: Access, _service: str, _operation: str, _key: str, **asked: Any) -> list[Any]:
        return list(given[asked["ServiceCode"]])

    with mock.patch.object(Access, "all", answered):
        assert must("price", "--env", "int", "--check", "-o", "json").json()["checked"][2] == {
            "what": "EKS cluster", "field": "pricing.fixed[0].hour", "written": "0.10", "listed": "0.1",
            "state": "same", "why": None,
        }  # fmt: skip
        given["AmazonEKS"] = [product("APN2-AmazonEKS-Hours:perCluster", "0.12")]
        ran = rtb_hub("price", "--env", "int", "--check")
    assert ran.code == UNHEALTHY
    assert "set pricing.fixed[0].hour to the list's" in ran.out
