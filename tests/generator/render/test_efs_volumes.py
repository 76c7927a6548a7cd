"""Volumes on EFS: one claim and one volume a preview, its own folder of the environment's access point, and no other."""

from __future__ import annotations

from copy import deepcopy
from pathlib import PurePosixPath
from typing import Any

import pytest

from generator.bootstrap.account.objects import Made, Opening
from generator.bootstrap.argocd import render_argocd
from generator.errors import ConfigError, Reason
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.model.inputs import EnvironmentInputs, basis_digest
from generator.objects.manifest import Manifest
from generator.render.asked import Request
from generator.render.render import PreviewRenderer
from generator.validate.policy import PolicySettings, check
from generator.values.naming import IssueKey
from hub.settings import Settings
from hub.wiring import Hub
from reconcilers.lifecycle.start import StartRequest, draft_of
from worlds.accounts import account
from worlds.builders import NOW, environment, image
from worlds.own_blueprints import with_own

EFS = {
    "fileSystem": "fs-0123456789abcdef0",
    "accessPoint": "fsap-0123456789abcdef0",
    "securityGroup": "sg-0fffffffffffffff0",
}
OTHER = {**EFS, "accessPoint": "fsap-00000000000000001"}
FILES = f"""\
apiVersion: blueprint.rtb-ai-hub/v1
kind: Blueprint
metadata: {{name: files}}
spec:
  summary: keeps files
  components:
    web:
      summary: takes uploads
      image: {image("web")}
      port: 3000
      path: /
      volumes: {{uploads: {{kind: efs, path: /uploads}}, thumbs: {{kind: efs, path: /thumbs}}, tmp: {{path: /tmp}}}}
      sidecars: {{scan: {{command: [scan]}}}}
    worker: {{summary: reads them, role: worker, image: {image("worker")}, volumes: {{in: {{kind: efs, path: /in}}}}}}
"""


def drafted(env: Environment, text: str = FILES) -> Preview:
    asked = StartRequest(IssueKey.parse("RTB-123"), "alice", Request(images={}), "files")
    return draft_of(asked, env, with_own({"files": text}), now=NOW)


def rendered(env: Environment) -> tuple[Manifest, ...]:
    return PreviewRenderer(with_own({"files": FILES})).render(drafted(env), env).manifests


def of_kind(manifests: tuple[Manifest, ...], kind: str) -> Manifest:
    (found,) = (m for m in manifests if m.kind == kind)
    return found


def pod(manifests: tuple[Manifest, ...], name: str) -> Any:
    (found,) = (m for m in manifests if m.kind == "Deployment" and m.identity.name == name)
    return found.data["spec"]["template"]["spec"]


@pytest.mark.parametrize("compute", ["fargate", "spot"])
def test_a_preview_has_one_volume_with_a_folder_for_each_component(compute: str) -> None:
    env = environment(efs=EFS, compute={"default": compute, "allowed": [compute]})
    manifests = rendered(env)
    volume, claim = of_kind(manifests, "PersistentVolume"), of_kind(manifests, "PersistentVolumeClaim")
    assert volume.data["spec"]["csi"] == {
        "driver": "efs.csi.aws.com",
        "volumeHandle": "fs-0123456789abcdef0::fsap-0123456789abcdef0",
    }
    assert volume.data["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert claim.data["spec"]["volumeName"] == volume.identity.name
    bound = volume.data["spec"]["claimRef"]
    assert (bound["namespace"], bound["name"]) == ("preview-rtb-123", claim.identity.name)
    web, worker = pod(manifests, "web"), pod(manifests, "worker")
    for container in (*web["containers"], *web["initContainers"]):
        assert [(one["mountPath"], one.get("subPath")) for one in container["volumeMounts"]] == [
            ("/uploads", "rtb-123/web/uploads"),
            ("/thumbs", "rtb-123/web/thumbs"),
            ("/tmp", None),
        ]  # fmt: skip
    assert worker["containers"][0]["volumeMounts"][0]["subPath"] == "rtb-123/worker/in"
    assert [one for one in web["volumes"] if "persistentVolumeClaim" in one] == worker["volumes"]
    quota = of_kind(manifests, "ResourceQuota").data["spec"]["hard"]
    assert quota["persistentvolumeclaims"] == "1"
    preview = drafted(env)
    Hub(Settings()).check(PreviewRenderer(with_own({"files": FILES})).render(preview, env), preview, env)


def test_another_access_point_is_another_volume_since_none_can_be_changed() -> None:
    before, after = rendered(environment(efs=EFS)), rendered(environment(efs=OTHER))
    for kind in ("PersistentVolume", "PersistentVolumeClaim"):
        assert of_kind(before, kind).identity != of_kind(after, kind).identity


def test_without_a_file_system_it_is_refused_with_what_helps() -> None:
    with pytest.raises(ConfigError) as refused:
        PreviewRenderer(with_own({"files": FILES})).render(drafted(environment()), environment())
    assert refused.value.reason is Reason.INVALID_VALUE
    fault = refused.value.faults[0]
    assert (fault.field, "int names no file system" in fault.message) == ("components.web.volumes", True)
    assert "set efs" in str(fault.remedy)


@pytest.mark.parametrize(
    ("volume", "told"),
    [
        ("{kind: efs, path: /a, size: 1Gi}", "no 'size'"),
        ("{kind: ebs, path: /a}", "kind"),
        ("{kind: efs, path: /a}, preview-efs: {path: /b}", "name it otherwise"),
    ],
)
def test_what_a_volume_cannot_be(volume: str, told: str) -> None:
    text = FILES.replace("{kind: efs, path: /in}", volume)
    with pytest.raises(ConfigError, match=told):
        with_own({"files": text}).blueprint("files")


def test_previews_without_one_are_what_they_were() -> None:
    env = environment()
    inputs = EnvironmentInputs.of(env)
    assert basis_digest(inputs, {}, generator="1") != basis_digest(
        EnvironmentInputs.of(environment(efs=EFS)), {}, generator="1"
    )
    assert "efs" not in env.as_tree()["spec"]


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("PersistentVolume", ("metadata", "name"), "preview-rtb-9-efs"),
        ("PersistentVolume", ("spec", "csi", "volumeHandle"), "fs-0123456789abcdef0"),
        ("PersistentVolume", ("spec", "csi", "driver"), "ebs.csi.aws.com"),
        ("PersistentVolume", ("spec", "claimRef", "namespace"), "preview-rtb-9"),
        ("PersistentVolume", ("spec", "persistentVolumeReclaimPolicy"), "Delete"),
        ("PersistentVolume", ("spec", "csi", "volumeAttributes"), {"path": "/rtb-9"}),
        ("PersistentVolume", ("spec", "mountOptions"), ["mounttargetip=10.0.0.9"]),
        ("Deployment", ("spec", "template", "spec", "containers", 0, "volumeMounts", 0, "subPath"), None),
        ("Deployment", ("spec", "template", "spec", "containers", 0, "volumeMounts", 0, "subPath"), "rtb-1234/web"),
        ("Deployment", ("spec", "template", "spec", "initContainers", 0, "volumeMounts", 0, "subPath"), "rtb-12"),
    ],
)  # fmt: skip
def test_a_template_can_reach_no_other_volume_and_no_other_folder(
    kind: str, path: tuple[str | int, ...], value: Any
) -> None:
    env = environment(efs=EFS)
    settings = PolicySettings.for_preview(drafted(env), env)
    trees = [deepcopy(m.data) for m in rendered(env)]
    assert not [one for one in check([Manifest(tree, "x") for tree in trees], settings) if one.rule == "policy/volume"]
    at: Any = next(tree for tree in trees if tree["kind"] == kind)
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    assert [
        one.field for one in check([Manifest(tree, "x") for tree in trees], settings) if one.rule == "policy/volume"
    ] == [path]


def test_a_volume_is_refused_where_the_environment_names_none() -> None:
    env = environment(efs=EFS)
    settings = PolicySettings("preview-rtb-123")
    found = [one for one in check(rendered(env), settings) if one.rule == "policy/volume"]
    assert [one.message for one in found] == ["is not allowed"]


def argocd(env: Environment, file: str) -> tuple[Manifest, ...]:
    return render_argocd(with_own({}), env)[PurePosixPath(f"argocd/int/{file}")]


def test_the_project_lets_previews_make_volumes_only_where_there_is_a_file_system() -> None:
    assert "PersistentVolume" not in str([m.data for m in argocd(environment(), "project.yaml")])
    assert "rtb-hub-preview-volumes" not in str([m.data for m in argocd(environment(), "admission.yaml")])
    env = environment(efs=EFS)
    (project,) = argocd(env, "project.yaml")
    assert {"group": "", "kind": "PersistentVolume", "name": "preview-*"} in project.data["spec"][
        "clusterResourceWhitelist"
    ]
    assert {"group": "", "kind": "PersistentVolumeClaim"} in project.data["spec"]["namespaceResourceWhitelist"]
    (policy,) = (m for m in argocd(env, "admission.yaml") if m.identity.name == "rtb-hub-preview-volumes" and not m.kind.endswith("Binding"))  # fmt: skip
    (rule,) = policy.data["spec"]["validations"]
    for value in ("fs-0123456789abcdef0::fsap-0123456789abcdef0", of_kind(rendered(env), "PersistentVolumeClaim").identity.name):  # fmt: skip
        assert f"'{value}'" in rule["expression"] or f"'-{value}'" in rule["expression"]
    for field in ("csi.volumeAttributes", "mountOptions"):
        assert f"!has(object.spec.{field})" in rule["expression"]


def test_the_account_opens_the_mount_targets_to_previews_alone() -> None:
    def openings(env: Environment) -> list[Opening]:
        objects = [one for stack in account("int", (env,)).stacks for one in stack.objects]
        return [one for one in objects if isinstance(one, Opening) and one.rule.why == "EFS of previews"]

    assert openings(environment("int")) == []
    (opening,) = openings(environment("int", efs=EFS))
    assert (opening.group, opening.rule.group) == (EFS["securityGroup"], Made("Previews", "id"))
