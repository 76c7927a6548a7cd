"""The cluster of docs/INSTALL.md: what was applied, and what its controllers make of that each time somebody looks.

Argo CD applies the branch, the External Secrets Operator reads moto's secrets, the load balancer controller makes moto's
load balancer, and Argo CD's own Deployments are there at once. `kubelet` runs Jobs and Deployments of the hub.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from worlds.installing.account import Account
from worlds.installing.stand_ins import RefusedError
from worlds.kube_api import KubeApi

Tree = dict[str, Any]
SETS, APPLICATIONS = "applicationsets.argoproj.io", "applications.argoproj.io"
SECRETS, EXTERNAL, STORES = "secrets", "externalsecrets.external-secrets.io", "clustersecretstores.external-secrets.io"
INGRESSES, NAMESPACES, DEPLOYMENTS = "ingresses.networking.k8s.io", "namespaces", "deployments.apps"
#: Kinds that are in no namespace.
WIDE = {
    "Namespace", "ClusterRole", "ClusterRoleBinding", "ClusterSecretStore", "IngressClass", "IngressClassParams", "NodePool",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
}  # fmt: skip
#: CustomResourceDefinitions that §1 asks for, and those of Argo CD that §7 installs.
DEFINED = {
    "externalsecrets.external-secrets.io",
    "ingressclassparams.elbv2.k8s.aws",
    "securitygrouppolicies.vpcresources.k8s.aws",
}


def plural(tree: Tree) -> str:
    """`plural.group` of an object."""
    kind, (group, _, version) = tree["kind"].lower(), tree["apiVersion"].partition("/")
    name = kind if kind.endswith("params") else f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es" if kind.endswith("s") else f"{kind}s"  # fmt: skip
    return f"{name}.{group}" if version else name


def condition(type_: str, *, holds: bool = True, message: str = "") -> Tree:
    return {"conditions": [{"type": type_, "status": "True" if holds else "False", "message": message}]}


@dataclass
class Cluster(KubeApi):
    """An API server with controllers. `state`: the state repository that Argo CD reads."""

    account: Account | None = None
    state: Path = Path()
    logs: dict[str, str] = field(default_factory=dict)

    def _is_known(self, authorization: str) -> bool:
        """Whether a token is one of EKS for this cluster (its access entry is looked at by `may`)."""
        token = authorization.removeprefix("Bearer k8s-aws-v1.")
        if token == authorization:
            return False
        url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
        asked = parse_qs(url.query)
        return asked["Action"] == ["GetCallerIdentity"] and "x-k8s-aws-id" in asked["X-Amz-SignedHeaders"][0]

    def answer(self, method: str, path: str, authorization: str) -> tuple[int, bytes]:
        self.settle()
        return super().answer(method, path, authorization)

    def prepare(self) -> None:
        """What §1 says must be there."""
        for name in ("default", "kube-system", "external-secrets"):
            self.add(NAMESPACES, name)
        container = {
            "image": "public.ecr.aws/eks/aws-load-balancer-controller:v2.14.0",
            "args": ["--disable-ingress-group-name-annotation"],
        }
        spec = {"template": {"spec": {"containers": [container]}}}
        self.add(DEPLOYMENTS, "aws-load-balancer-controller", "kube-system", spec=spec)

    def of(self, resource: str, namespace: str = "") -> list[Tree]:
        return [one for one in self.objects.get(resource, []) if namespace in ("", one["metadata"].get("namespace"))]

    def named(self, resource: str, name: str, namespace: str = "") -> Tree:
        found = [one for one in self.of(resource, namespace) if one["metadata"]["name"] == name]
        if not found:
            raise RefusedError(f'Error from server (NotFound): {resource} "{name}" not found')
        return found[0]

    def apply(self, tree: Tree) -> None:
        """Put an object there, or say anew what is told of it; its status stays."""
        meta, resource = tree["metadata"], plural(tree)
        if tree["kind"] not in WIDE:
            if "namespace" not in meta:
                raise RefusedError(f"{tree['kind']} {meta['name']} names no namespace")
            self.named(NAMESPACES, meta["namespace"])
        if resource.endswith(".argoproj.io") and not self.of(DEPLOYMENTS, "argocd"):
            raise RefusedError(f"no matches for kind {tree['kind']}: ensure CRDs are installed first")
        there = [one for one in self.of(resource, meta.get("namespace", "")) if one["metadata"]["name"] == meta["name"]]
        if there:
            there[0].update({key: value for key, value in tree.items() if key != "metadata"})
            there[0]["metadata"].update(meta)
        else:
            fields = {key: value for key, value in tree.items() if key != "metadata"}
            rest = {key: value for key, value in meta.items() if key not in ("name", "namespace")}
            self.add(resource, meta["name"], meta.get("namespace", ""), meta=rest, **fields)

    def delete(self, resource: str, name: str, namespace: str = "") -> None:
        """Take an object away, and what goes with it. The policy of deletions is kept."""
        found = self.named(resource, name, namespace)
        guards = [one for one in self.of("validatingadmissionpolicies.admissionregistration.k8s.io") if one["metadata"]["name"] == "rtb-hub-guard-deletion"]  # fmt: skip
        if guards and resource in (SETS, "appprojects.argoproj.io"):
            allowed = found["metadata"].get("annotations", {}).get("preview.rtb-ai-hub/allow-deletion")
            if allowed != "true":
                raise RefusedError(f"ValidatingAdmissionPolicy 'rtb-hub-guard-deletion' denied request: {name}")
        self.objects[resource].remove(found)
        if resource == NAMESPACES:
            for inside in self.objects.values():
                inside[:] = [one for one in inside if one["metadata"].get("namespace") != name]
        if resource == SETS:
            self._previews({})

    def settle(self) -> None:
        """What the controllers do with all that is there."""
        for one in self.of(DEPLOYMENTS, "argocd"):
            one["status"] = condition("Available")
        for one in self.of(STORES):
            one["status"] = condition("Ready")
        for one in self.of(EXTERNAL):
            if one.get("status") != condition("Ready"):
                self._external(one)
        for one in self.of("scaledobjects.keda.sh"):
            is_told = any(
                secret["metadata"]["name"] == "rtb-hub-scaler-database" for secret in self.of(SECRETS, "rtb-hub")
            )
            one["status"] = condition("Ready", holds=is_told)
        platform = [one for one in self.of(APPLICATIONS, "argocd") if one["metadata"]["name"] == "rtb-platform"]
        if platform and self._reads_git():
            for tree in self._trees("argocd/int/platform/anchor.yaml"):
                self.apply(tree)
            platform[0]["status"] = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
        for one in self.of(INGRESSES):
            one["status"] = {"loadBalancer": {"ingress": [{"hostname": self._load_balancer}]}}
        for one in self.of(SETS):
            one["status"] = {"conditions": [{"type": "ErrorOccurred", "status": str(not self._reads_git())}]}
            if self._reads_git():
                self._previews(dict(self._entries()))

    def _reads_git(self) -> bool:
        """Argo CD has the repository's Secret with a key of the App."""
        return any(one["metadata"]["name"] == "preview-state" for one in self.of(SECRETS, "argocd"))

    def _git(self, *arguments: str) -> str:
        return subprocess.run(["git", "-C", self.state, *arguments], check=True, capture_output=True, text=True).stdout

    def _trees(self, path: str) -> list[Tree]:
        return [one for one in yaml.safe_load_all(self._git("show", f"main:{path}")) if one]

    def _entries(self) -> Iterator[tuple[str, list[Tree]]]:
        """Name and objects of each preview on main."""
        for path in self._git("ls-tree", "-r", "--name-only", "main", "environments/int/previews").splitlines():
            if path.endswith("/preview.yaml"):
                folder = path.rpartition("/")[0]
                yield f"preview-{folder.rpartition('/')[2]}", self._trees(f"{folder}/manifest.yaml")

    def _previews(self, wanted: dict[str, list[Tree]]) -> None:
        """Make the Applications of these previews, and remove all others with what is in their namespaces."""
        for one in self.of(APPLICATIONS, "argocd"):
            name = one["metadata"]["name"]
            if one["spec"]["project"] == "previews-int" and name not in wanted:
                self.objects[APPLICATIONS].remove(one)
                if any(space["metadata"]["name"] == name for space in self.of(NAMESPACES)):
                    self.delete(NAMESPACES, name)
        for name, trees in wanted.items():
            if any(one["metadata"]["name"] == name for one in self.of(APPLICATIONS, "argocd")):
                continue
            for tree in sorted(trees, key=lambda one: one["kind"] != "Namespace"):
                self.apply(tree)
            owner = {"ownerReferences": [{"kind": "ApplicationSet", "name": "previews-int"}]}
            status = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
            self.add(APPLICATIONS, name, "argocd", spec={"project": "previews-int"}, meta=owner, status=status)

    def _external(self, one: Tree) -> None:
        """An ExternalSecret: a Secret of what it names, where its store is for its namespace and all of it is there."""
        namespace, spec = one["metadata"]["namespace"], one["spec"]
        try:
            store = self.named(STORES, spec["secretStoreRef"]["name"])
            if not any(_is_for(wanted, namespace) for wanted in store["spec"]["conditions"]):
                raise RefusedError(f"{store['metadata']['name']} is not for {namespace}")
            data: dict[str, str] = {}
            for each in spec.get("data", []):
                remote = each["remoteRef"]
                data[each["secretKey"]] = self._value(remote["key"])[remote["property"]]
            for each in spec.get("dataFrom", []):
                data |= self._value(each["extract"]["key"])
        except (RefusedError, KeyError) as err:
            one["status"] = condition("Ready", holds=False, message=str(err))
            return
        one["status"] = condition("Ready")
        name = spec["target"]["name"]
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace},
                "stringData": data,
            }
        )

    def _value(self, key: str) -> dict[str, str]:
        assert self.account is not None
        secrets = self.account.client("secretsmanager")
        try:
            found: dict[str, str] = json.loads(secrets.get_secret_value(SecretId=key)["SecretString"])
        except secrets.exceptions.ResourceNotFoundException as err:
            raise RefusedError(f"there is no secret {key}") from err
        return found

    @cached_property
    def _load_balancer(self) -> str:
        """The name of the one that all Ingresses share, made when it is first asked for."""
        assert self.account is not None
        ids = [one["SubnetId"] for one in self.account.client("ec2").describe_subnets()["Subnets"]]
        made = self.account.client("elbv2").create_load_balancer(Name="k8s-previews0", Subnets=ids, Scheme="internal")
        return str(made["LoadBalancers"][0]["DNSName"])


def _is_for(wanted: Tree, namespace: str) -> bool:
    named = namespace in wanted.get("namespaces", [])
    return named or any(re.search(one, namespace) for one in wanted.get("namespaceRegexes", []))
