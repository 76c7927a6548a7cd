"""The list of previews as a value: which environments, what the cluster adds, and what cannot be read."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, Reason, Transient
from generator.model.environment import Environment
from hub.actions.cluster_phases import Clusters
from hub.actions.list_previews import list_previews
from hub.views.listing.data import listing_data
from hub.views.listing.listing import Listing
from hub.views.listing.model import Filter, Order, Page, Selection
from reconcilers.ports.cluster import ClusterState
from reconcilers.ports.git import ClusterReader
from worlds.acting import Acting
from worlds.observations import FakeCluster, application, cluster, namespace

STG = "environments/stg/environment.yaml"


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    made = Acting(tmp_path / "state.git")
    for key, env in (("RTB-123", "int"), ("RTB-2", "stg"), ("RTB-3", "prd")):
        made.start(key, env)
    return made


def listed(acting: Acting, *envs: str, at: ClusterReader | None = None, **asked: Any) -> Listing:
    selection = Selection(Filter(frozenset(envs)), **asked)
    return list_previews(
        selection, repository=acting.repository, clusters=Clusters(lambda _: at) if at else None, clock=acting.clock
    )


def keys(listing: Listing) -> list[tuple[str, str]]:
    return [(one.row.key, one.row.environment) for one in listing.shown]


def test_all_are_listed_requests_among_them_in_the_order_asked_for(acting: Acting) -> None:
    assert keys(listed(acting)) == [("RTB-2", "stg"), ("RTB-3", "prd"), ("RTB-123", "int")]
    assert keys(listed(acting, order=Order(reverse=True), page=Page(1))) == [("RTB-123", "int")]
    assert [one.is_request for one in listed(acting, "prd").shown] == [True]


def test_an_environment_that_there_is_not_is_wrong_input(acting: Acting) -> None:
    with pytest.raises(ConfigError) as caught:
        listed(acting, "int", "itn")
    assert caught.value.reason is Reason.UNKNOWN_ENVIRONMENT


class TestAnEnvironmentThatCannotBeRead:
    @pytest.fixture(autouse=True)
    def _broken(self, acting: Acting) -> None:
        acting.put(STG, "spec: {{{\n")

    def test_is_beside_the_others(self, acting: Acting) -> None:
        listing = listed(acting)
        assert keys(listing) == [("RTB-3", "prd"), ("RTB-123", "int")]
        assert {name: err.reason for name, err in listing.failures.items()} == {"stg": Reason.INVALID_ENVIRONMENT}

    def test_is_no_matter_to_who_asks_for_others(self, acting: Acting) -> None:
        assert listed(acting, "int").failures == {}
        assert list(listed(acting, "int", "stg").failures) == ["stg"]

    def test_is_the_error_when_nothing_else_is_asked_for(self, acting: Acting) -> None:
        with pytest.raises(ConfigError) as caught:
            listed(acting, "stg")
        assert caught.value.reason is Reason.INVALID_ENVIRONMENT

    def test_is_told_to_machines_beside_entries_that_cannot_be_read(self, acting: Acting) -> None:
        entry = "environments/int/previews/rtb/100/rtb-123/preview.yaml"
        acting.put(entry, "spec: [\n")
        told = listing_data(listed(acting))["unreadable"]
        assert [(one["environment"], one["file"]) for one in told] == [("stg", STG), ("int", entry)]
        assert all(one["faults"] for one in told)


def test_with_a_cluster_each_has_its_phase_and_who_is_leaving_is_told(acting: Acting) -> None:
    leaves = namespace("preview-rtb-9")
    seen = FakeCluster(cluster(application(), namespace(), leaves))
    listing = listed(acting, at=seen)
    assert {where: phase.name for where, phase in (listing.phases or {}).items()}[("int", "rtb-123")] == "running"
    assert list(listing.leaving) == [("int", "rtb-9")]
    assert {environment for environment, _ in listing.phases or {}} == {"int"}
    assert {environment for environment, _ in listed(acting, "stg", at=seen).phases or {}} == {"stg"}


class TestSeveralClusters:
    def test_each_environment_has_its_own_and_one_that_is_away_makes_its_previews_unknown_only(
        self, acting: Acting
    ) -> None:
        there = FakeCluster(cluster(application(), namespace()))
        away = FakeCluster(error=Transient(Reason.CLUSTER_UNREACHABLE, "no answer"))

        def own(environment: Environment) -> ClusterReader:
            if environment.name == "prd":
                raise ConfigError(Reason.INVALID_KUBECONFIG, "there is no context 'prd'")
            return there if environment.name == "int" else away

        listing = list_previews(
            Selection(Filter()), repository=acting.repository, clusters=Clusters(own, is_own=True), clock=acting.clock
        )
        told = {one.row.environment: (listing.phases or {})[one.where] for one in listing.shown}
        assert {env: phase.name for env, phase in told.items()} == {
            "int": "running", "stg": "unknown", "prd": "awaiting approval",
        }  # fmt: skip
        assert told["stg"].cause == "no answer"
        assert listing.failures == {}

    def test_environments_of_one_cluster_ask_it_once_when_it_is_away(self, acting: Acting) -> None:
        away = Counted(error=Transient(Reason.CLUSTER_UNREACHABLE, "no answer"))
        listing = listed(acting, at=away)
        assert {phase.name for phase in (listing.phases or {}).values()} == {"unknown", "awaiting approval"}
        assert away.looks == 1

    def test_several_are_read_at_once(self, acting: Acting) -> None:
        together = threading.Barrier(2)
        readers = {name: Together(cluster(), together=together) for name in ("int", "stg")}
        own = Clusters(lambda environment: readers[environment.name], is_own=True)
        asked = Selection(Filter(frozenset(readers)))
        found = list_previews(asked, repository=acting.repository, clusters=own, clock=acting.clock)
        assert len(found.shown) == 2


@dataclass
class Counted(FakeCluster):
    looks: int = 0

    def observe(self, argocd: str, *, preview: str | None = None, with_set: bool = True) -> ClusterState:
        self.looks += 1
        return super().observe(argocd, preview=preview, with_set=with_set)


@dataclass
class Together(FakeCluster):
    """A cluster that answers only while another one is asked as well."""

    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(1))

    def observe(self, argocd: str, *, preview: str | None = None, with_set: bool = True) -> ClusterState:
        self.together.wait(30)
        return super().observe(argocd, preview=preview, with_set=with_set)
