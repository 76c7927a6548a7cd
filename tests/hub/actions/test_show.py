"""One preview as a value: with an entry, in line, or by what its cluster has left of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import ConfigError, Reason
from generator.values.naming import IssueKey
from hub.actions.show import Shown, ShownPreview, ShownQueued, ShownRemains, show
from reconcilers.ports.git import ClusterReader
from worlds.acting import Acting
from worlds.observations import FakeCluster, application, cluster, namespace
from worlds.places import ROOT

ENTRY = "environments/int/previews/rtb/100/rtb-123/preview.yaml"
BASE = "environments/base/environment.yaml"


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    made = Acting(tmp_path / "state.git")
    made.start()
    return made


def shown(acting: Acting, key: str = "RTB-123", env: str = "int", at: ClusterReader | None = None) -> Shown:
    return show(IssueKey.parse(key), env, repository=acting.repository, cluster=at, clock=acting.clock)


def test_an_entry_is_shown_with_its_manifests_and_no_phase(acting: Acting) -> None:
    found = shown(acting)
    assert isinstance(found, ShownPreview)
    assert (found.preview.key.name, found.environment.name, found.branch) == ("rtb-123", "int", "main")
    assert {manifest.kind for manifest in found.manifests} >= {"Namespace", "Deployment"}
    assert (found.at, found.phase, found.removal) == (acting.now, None, None)


def test_with_a_cluster_it_has_its_phase(acting: Acting) -> None:
    found = shown(acting, at=FakeCluster(cluster(application(), namespace())))
    assert isinstance(found, ShownPreview)
    assert found.phase
    assert found.phase.name == "running"


def test_a_request_that_awaits_review_is_shown_from_its_branch(acting: Acting) -> None:
    acting.start("RTB-7", "prd")
    found = shown(acting, "RTB-7", "prd")
    assert isinstance(found, ShownPreview)
    assert found.branch == "preview/prd/rtb-7"


def test_what_waits_for_room_is_shown_with_its_place(tmp_path: Path) -> None:
    acting = Acting(tmp_path / "state.git")
    acting.put(BASE, (ROOT / BASE).read_text().replace("previews: 20", "previews: 1"))
    for key in ("RTB-1", "RTB-2", "RTB-3"):
        acting.start(key, queue=True)
    found = shown(acting, "RTB-3")
    assert isinstance(found, ShownQueued)
    assert found.place
    assert (found.place.place.position, found.length) == (2, 2)


def test_without_an_entry_the_cluster_tells_what_is_left(acting: Acting) -> None:
    acting.stop()
    found = shown(acting, at=FakeCluster(cluster(namespace())))
    assert isinstance(found, ShownRemains)
    assert found.phase.name in ("stopping", "stuck")
    with pytest.raises(ConfigError) as caught:
        shown(acting)
    assert caught.value.reason is Reason.PREVIEW_NOT_FOUND


def test_an_entry_that_cannot_be_read_is_its_faults(acting: Acting) -> None:
    acting.put(ENTRY, "spec: [\n")
    with pytest.raises(ConfigError, match="is not YAML") as caught:
        shown(acting)
    assert caught.value.reason is Reason.UNREADABLE_ENTRY
    assert isinstance(shown(acting, at=FakeCluster(cluster(namespace()))), ShownRemains)


def test_another_environment_that_cannot_be_read_is_no_matter(acting: Acting) -> None:
    acting.put("environments/stg/environment.yaml", "{{{")
    assert isinstance(shown(acting), ShownPreview)
    with pytest.raises(ConfigError) as caught:
        shown(acting, env="stg")
    assert caught.value.reason is Reason.INVALID_ENVIRONMENT
