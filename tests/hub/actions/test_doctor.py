"""Diagnosing a repository and a cluster as a value: findings, what was looked at, and environments that cannot be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, Reason, Stalled, Transient
from generator.model.environment import Environment
from hub.actions.cluster_phases import Clusters
from hub.actions.doctor import Diagnosed, doctor
from hub.actions.doctor_forge import Guards
from hub.adapters.known_environments import KnownEnvironments
from hub.adapters.local_forge.accounts import HUB
from hub.adapters.local_forge.forge import open_local_forge
from reconcilers.doctor.checked import (
    CheckedCluster,
    CheckedEnvironment,
    CheckedProtection,
    CheckedRules,
    CheckedSharing,
)
from reconcilers.ports.forge import Forge
from reconcilers.ports.git import ClusterReader
from worlds.acting import Acting
from worlds.commands import git
from worlds.local_world import QUIET
from worlds.observations import FakeCluster, application, cluster, namespace, stopped_set
from worlds.places import ROOT

STG = "environments/stg/environment.yaml"
PRD = "environments/prd/environment.yaml"
ENTRY = "environments/int/previews/rtb/100/rtb-123/preview.yaml"
#: Nobody tells anything of the branches.
UNGUARDED = Guards(push_rules=lambda: None, forge=lambda _: None, lacking=lambda _: None, email="hub@example.com")


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    made = Acting(tmp_path / "state.git")
    made.start()
    return made


def diagnosed(acting: Acting, *envs: str, at: ClusterReader | None = None, **guards: Any) -> Diagnosed:
    guarded = replace(UNGUARDED, **guards)
    return doctor(
        envs,
        repository=acting.repository,
        guards=guarded,
        clusters=Clusters(lambda _: at) if at else None,
        clock=acting.clock,
    )


def errors(found: Diagnosed) -> list[tuple[str, str]]:
    return [(one.rule, one.where.file) for one in found.findings if one.severity == "error"]


def of(found: Diagnosed, rule: str) -> list[tuple[str, str]]:
    return [(one.severity, one.where.file) for one in found.findings if one.rule == rule]


def test_it_says_what_it_looked_at(acting: Acting) -> None:
    found = diagnosed(acting)
    kinds = [type(one) for one in found.checked]
    assert kinds == [*[CheckedEnvironment] * 3, CheckedSharing, *[CheckedRules] * 2]
    entries = {one.environment: one.entries for one in found.checked if isinstance(one, CheckedEnvironment)}
    assert entries == {"int": 1, "prd": 0, "stg": 0}
    assert {rule.branch for rule in found.rules} == {"main", "prd"}
    assert (found.held, found.errors) == (None, len(errors(found)))


class TestAnEnvironmentThatCannotBeRead:
    @pytest.mark.parametrize("text", ["spec: {{{\n", "", "a: b\n", "spec: {lease: {ttl: 99x}}\n"])
    def test_is_an_error_with_file_and_remedy_and_the_others_are_checked(self, acting: Acting, text: str) -> None:
        acting.put(ENTRY, "spec: [\n")
        acting.put(STG, text)
        found = diagnosed(acting)
        assert ("environment-unreadable", STG) in errors(found)
        assert ("entry-unreadable", ENTRY) in errors(found)
        assert all(one.remedy for one in found.findings if one.rule == "environment-unreadable")
        checked = [one.environment for one in found.checked if isinstance(one, CheckedEnvironment)]
        assert checked == ["int", "prd"]

    def test_is_a_note_to_who_asks_for_others(self, acting: Acting) -> None:
        acting.put(STG, "spec: {{{\n")
        assert of(diagnosed(acting, "int"), "environment-unreadable") == [("note", STG)]
        assert of(diagnosed(acting, "int", "stg"), "environment-unreadable") == [("error", STG)]

    def test_makes_nobody_say_that_files_of_its_branch_differ(self, acting: Acting) -> None:
        """The CODEOWNERS of a branch are of all its environments; of those that can be read, they would be others."""
        acting.put(STG, (ROOT / STG).read_text().replace("branch: main", "branch: prd"), "prd")
        before = of(diagnosed(acting), "guard-file-differs")
        acting.put(STG, "spec: {{{\n", "prd")
        assert set(of(diagnosed(acting), "guard-file-differs")) <= set(before)

    def test_a_branch_that_cannot_be_read_may_hold_what_is_asked_for(self, acting: Acting) -> None:
        acting.put("rtb-hub.yaml", "{{{", "prd")
        assert ("environment-unreadable", "rtb-hub.yaml") in errors(diagnosed(acting, "prd"))
        assert of(diagnosed(acting, "int"), "environment-unreadable") == [("note", "rtb-hub.yaml")]

    def test_one_that_vanished_is_missed(self, acting: Acting, tmp_path: Path) -> None:
        known = KnownEnvironments(tmp_path / "known.json")
        repository = replace(acting.repository, known=known)
        repository.read()
        git(acting.path, "update-ref", "-d", "refs/heads/main")
        found = doctor((), repository=repository, guards=UNGUARDED, clusters=None, clock=acting.clock)
        assert {where for rule, where in errors(found) if rule == "environment-missing"} == {
            "environments/int/environment.yaml",
            "environments/stg/environment.yaml",
        }
        assert [one.environment for one in found.checked if isinstance(one, CheckedEnvironment)] == ["prd"]

    def test_one_that_there_is_not_is_wrong_input(self, acting: Acting) -> None:
        acting.put(STG, "spec: {{{\n")
        with pytest.raises(ConfigError) as caught:
            diagnosed(acting, "itn")
        assert caught.value.reason is Reason.UNKNOWN_ENVIRONMENT


class TestWithACluster:
    def test_each_environment_that_is_in_it_is_looked_at(self, acting: Acting) -> None:
        found = diagnosed(acting, at=FakeCluster(cluster(application(), namespace())))
        seen = {one.environment: one.previews for one in found.checked if isinstance(one, CheckedCluster)}
        assert seen == {"int": 1, "prd": None, "stg": None}

    def test_one_that_cannot_be_read_is_told_once(self, acting: Acting) -> None:
        refuses = FakeCluster(error=Transient(Reason.CLUSTER_UNREACHABLE, "no route"))
        found = diagnosed(acting, at=refuses)
        assert [one for one in errors(found) if one[0] == "cluster-unread"] == [("cluster-unread", "cluster here")]

    def test_a_set_that_stopped_is_an_error(self, acting: Acting) -> None:
        found = diagnosed(acting, "int", at=FakeCluster(cluster(stopped_set(), application(), namespace())))
        assert ("set-stopped", "cluster here: ApplicationSet previews-int") in errors(found)

    def test_namespaces_of_an_environment_that_cannot_be_read_are_not_foreign(self, acting: Acting) -> None:
        strays = FakeCluster(
            cluster(namespace("preview-rtb-5", environment="stg"), namespace("preview-x", environment=""))
        )
        acting.put(STG, "spec: {{{\n")
        found = diagnosed(acting, at=strays)
        assert of(found, "foreign-namespace") == [("warning", "cluster here: preview-x")]
        acting.put("rtb-hub.yaml", "{{{", "prd")
        assert of(diagnosed(acting, at=strays), "foreign-namespace") == []


class TestForges:
    def test_protection_and_teams_are_looked_at_where_an_environment_names_one(self, acting: Acting) -> None:
        forge = with_forge(acting)
        found = diagnosed(acting, forge=lambda one: forge if one.spec.forge else None)
        (protected,) = (one for one in found.checked if isinstance(one, CheckedProtection))
        assert (protected.branch, protected.where) == ("prd", forge.location)
        assert of(found, "team-too-small") == [("warning", forge.location)]

    def test_lacking_keys_and_a_forge_that_fails_are_findings(self, acting: Acting) -> None:
        with_forge(acting)
        found = diagnosed(acting, lacking=lambda _: "set RTB_HUB_FORGE_TOKEN")
        assert of(found, "forge-not-asked") == [("note", "prd at local")]

        def fails(_: Any) -> Any:
            raise Stalled(Reason.FORGE_DENIED, "no")

        assert of(diagnosed(acting, forge=fails), "forge-unread") == [("warning", "local")]

    def test_a_process_with_both_keys_asks_nobody(self, acting: Acting) -> None:
        with_forge(acting)
        found = diagnosed(acting, is_mixed=True, forge=lambda _: pytest.fail("asked"))
        assert "both-identities" in {rule for rule, _ in errors(found)}

    def test_push_rules_that_git_cannot_tell_are_a_warning(self, acting: Acting) -> None:
        def fails() -> Any:
            raise Stalled(Reason.REPOSITORY_REFUSED, "no answer")

        assert of(diagnosed(acting, push_rules=fails), "branch-rules-unread") == [("warning", str(acting.path))]


def with_forge(acting: Acting) -> Forge:
    """prd changes by review at a local forge, in whose team there is one person."""
    acting.put(PRD, (ROOT / PRD).read_text() + "  forge: {kind: local}\n", "prd")
    approval = acting.repository.state("prd").environment.spec.approval
    assert approval
    git(acting.path, "config", "--add", "rtb-hub.account", "bob bob@example.com")
    git(acting.path, "config", "--add", "rtb-hub.member", f"{approval.team} bob")
    return open_local_forge(acting.path, actor=HUB, clock=acting.clock, environ=QUIET)


def test_each_environments_own_cluster_is_looked_at_and_one_that_is_away_keeps_no_other_back(acting: Acting) -> None:
    there = FakeCluster(cluster(application(), namespace(), namespace("preview-rtb-9", environment="old")))
    away = FakeCluster(error=Transient(Reason.CLUSTER_UNREACHABLE, "no answer"))

    def own(environment: Environment) -> ClusterReader:
        if environment.name == "prd":
            raise ConfigError(Reason.INVALID_KUBECONFIG, "there is no context 'prd'")
        return there if environment.name == "int" else away

    clusters = Clusters(own, is_own=True)
    found = doctor((), repository=acting.repository, guards=UNGUARDED, clusters=clusters, clock=acting.clock)
    assert [one for one in found.checked if isinstance(one, CheckedCluster)] == [CheckedCluster("here", "int", 1)]
    unread = [one for one in found.findings if one.rule == "cluster-unread"]
    assert [one.where.file for one in unread] == ["cluster rtb-prd", "cluster here"]
    assert {"no answer", "there is no context 'prd'"} == {one.message.partition("of it: ")[2] for one in unread}
    assert of(found, "foreign-namespace") == [("warning", "cluster here: preview-rtb-9")]
