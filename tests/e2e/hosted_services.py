"""The hub's services as `rtb-hub hub render` renders them, on the control plane, installed as docs/INSTALL.md says.

Pods of listener, worker and upgrade are processes (`kubelet`). Real besides: KEDA, PostgreSQL with the roles of
INSTALL.md, Valkey behind TLS with a user for each, Node's BullMQ. What is shorter than rendered: KEDA's times of rest.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import yaml
from keda import Keda
from kubelet import ROOT, Container, Kubelet
from kubernetes import client
from state_repository import git
from told import CHANNEL, GITHUB, SLACK_TOKEN, Told
from world import World

from hub.queue.jobs import Jobs
from hub.store.database import Database
from worlds.node_producing import installed
from worlds.tls_servers import TlsFront
from worlds.valkey import valkey

NAMESPACE = "rtb-hub"
WORKER, LISTENER, UPGRADE = "rtb-hub-worker", "rtb-hub-listener", "rtb-hub-upgrade"
WEBHOOK_SECRET, SIGNING_SECRET = "of-jira", "of-slack"
#: How often KEDA looks, as rendered; and so long after the last job it leaves a worker, which is 5 minutes as rendered.
#: A worker is left longer than what a killed one had fetched needs to come back (`hub.queue.bullmq`: 20 seconds).
POLLED_SECONDS, RESTS_SECONDS = 5, 25
_IMAGE = "registry.example.com/rtb-hub@sha256:" + "c" * 64
_CERTIFICATE = "arn:aws:acm:ap-northeast-2:111111111111:certificate/00000000-0000-0000-0000-000000000002"
_OTHERS = ("on", "~*", "&*", "+@all")
_TELLING = {"slack": {"messages": "en", "channel": CHANNEL}, "githubApi": GITHUB, "githubMessages": "en"}


class HostedServices:
    """Started and ended by `with`. `admin_url`: an empty database on a server of the test's own."""

    def __init__(self, world: World, admin_url: str, folder: Path) -> None:
        self.world, self.admin_url, self.folder = world, admin_url, folder
        self.keda = Keda(world.plane)
        self.told = Told(folder, world.plane.authority.serving())
        self.core, self.deployments = world.core, client.AppsV1Api(world.api)
        self._stack = ExitStack()

    def __enter__(self) -> HostedServices:
        with ExitStack() as stack:
            stack.enter_context(self.told)
            self.kubelet = Kubelet(self.world.api, NAMESPACE, self.folder / "pods", self._image())
            users = [("--user", name, f">{name}", *_OTHERS) for name in ("listener", "worker")]
            scaler = ("--user", "scaler", ">scaler", *_access_of_scaler())
            self.valkey = stack.enter_context(valkey(*(word for user in users for word in user), *scaler))
            self.front = stack.enter_context(TlsFront(self.valkey.port, self.world.plane.authority.serving()))
            self.node = installed("bullmq6", self.folder / "node")
            stack.callback(self.keda.stop)
            self.keda.start(self.world.until)
            self.kubelet.start()
            stack.callback(self.kubelet.stop)
            stack.callback(self._take_away)
            self._install()
            database = Database(self.admin_url)
            stack.callback(database.close)
            self.jobs = Jobs(database)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def render(self, *, redis: bool = True, tells: bool = False) -> list[Path]:
        """The rendered files of the services, without their list. `tells`: people are told what becomes of previews."""
        name = ("with-redis" if redis else "without-redis") + ("-telling" if tells else "")
        environments, to = self.folder / f"{name}-environments", self.folder / name
        if not to.exists():
            shutil.copytree(self.world.folder / "environments", environments)
            own = environments / "int" / "environment.yaml"
            tree = yaml.safe_load(own.read_text(encoding="utf-8"))
            tree["spec"]["hub"] = {
                "host": "hub.example.com",
                "scheme": "internet-facing",
                "certificates": [_CERTIFICATE],
                "loadBalancerCidrs": ["10.1.32.0/24"],
                "secretStore": "rtb-hub",
                "secrets": "rtb/hub/",
                "webhooks": ["github", "jira", "slack"],
                "jira": {
                    "url": self.told.jira.url,
                    "email": "rtb-hub@example.com",
                    **({"messages": "en"} if tells else {}),
                },
                "workerRole": f"arn:aws:iam::{tree['spec']['account']}:role/rtb-hub-worker",
                **({"redis": f"localhost:{self.front.port}"} if redis else {}),
                **(_TELLING if tells else {}),
            }
            own.write_text(yaml.safe_dump(tree), encoding="utf-8")
            if tells:
                _reviewed_on_github(environments / "prd" / "environment.yaml")
            self.world.hub("hub", "render", "--image", _IMAGE, "--environments", environments, "--to", to)
        return sorted(path for path in (to / "hub" / "services").glob("*.yaml") if path.name != "kustomization.yaml")

    def objects(self, *, redis: bool = True, tells: bool = False) -> Iterator[dict[str, Any]]:
        """What is rendered, but for how long a worker is left after its last job."""
        for path in self.render(redis=redis, tells=tells):
            for tree in yaml.safe_load_all(path.read_text(encoding="utf-8")):
                if tree and tree["kind"] == "ScaledObject":
                    tree["spec"]["cooldownPeriod"] = RESTS_SECONDS
                    behaviour = tree["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
                    behaviour["scaleDown"]["stabilizationWindowSeconds"] = 0
                if tree:
                    yield tree

    # What is there

    def replicas(self) -> int:
        """How many workers are wanted."""
        return int(self.deployments.read_namespaced_deployment(WORKER, NAMESPACE).spec.replicas)

    def pods(self, name: str = WORKER) -> list[Any]:
        return self.core.list_namespaced_pod(NAMESPACE, label_selector=f"app.kubernetes.io/name={name}").items

    def rests(self) -> bool:
        """Whether no worker is wanted, and none is there."""
        return self.replicas() == 0 and not self.pods()

    def listeners(self) -> list[Container]:
        """The listeners that run."""
        return self.kubelet.of(LISTENER)

    def scaled_conditions(self) -> dict[str, str]:
        """Condition → status of the worker's ScaledObject."""
        found = self.world.apps.get_namespaced_custom_object("keda.sh", "v1alpha1", NAMESPACE, "scaledobjects", WORKER)
        return {one["type"]: one["status"] for one in found.get("status", {}).get("conditions", ())}

    def have_done(self, names: Collection[str]) -> bool:
        """Whether each of these jobs is done. Raises `AssertionError` for one that is dead."""
        rows = [one for one in self.jobs.listed(limit=1000) if one.id in names]
        dead = [(one.id, one.error) for one in rows if one.state == "dead"]
        assert not dead, dead
        return len(rows) == len(names) and all(one.state == "done" for one in rows)

    def seen(self) -> str:
        """What there is to know when something did not come about."""
        told = self.world.plane.kubectl("-n", NAMESPACE, "get", "pods,deployments,scaledobjects,hpa,jobs", check=False)
        rows = [
            f"{one.id} {one.name} {one.state} of {one.created_at:%X}, due {one.run_at:%X}, tries {one.attempts}: {one.error}"
            for one in self.jobs.listed(limit=1000)
            if one.error is not None or one.state != "done"
        ]
        counts = f"jobs {self.jobs.counts()}"
        return "\n".join((told, counts, *rows, str(self.kubelet.history[-20:]), f"kubelet: {self.kubelet.error!r}"))

    def operations(self) -> list[str]:
        """The jobs that commits of `main` name, each as often as it is named, the oldest first."""
        form = "--format=%(trailers:key=Operation,valueonly)"
        return git("-c", "safe.directory=*", "-C", self.world.bare, "log", "--reverse", form, "main").split()

    # Installing

    def _install(self) -> None:
        """As docs/INSTALL.md says, in its order; here Secrets are made first, and the stand-in finds them there."""
        plane = self.world.plane
        self.say(_roles())
        plane.kubectl("create", "namespace", NAMESPACE)
        plane.apply(self._secrets())
        plane.apply(self.objects())
        wait = ("-n", NAMESPACE, "wait", "--timeout=180s")
        plane.kubectl(*wait, "--for=condition=Ready", "externalsecret", "--all")
        self.kubelet.room[UPGRADE] = 1
        plane.kubectl("-n", NAMESPACE, "create", "job", "--from", f"cronjob/{UPGRADE}", "upgrade-1")
        plane.kubectl(*wait, "--for=condition=Complete", "job/upgrade-1")
        self.say(self.world.hub("db", "grants").out)
        self.kubelet.room[LISTENER] = 6
        self.world.until("two listeners are ready", lambda: sum(one.is_ready for one in self.listeners()) == 2, 180)
        plane.kubectl(*wait, "--for=condition=Ready", f"scaledobject/{WORKER}")

    def _take_away(self) -> None:
        """KEDA's finalizer goes while KEDA is there."""
        plane = self.world.plane
        plane.kubectl("-n", NAMESPACE, "delete", "scaledobject", "--all", "--timeout=120s")
        plane.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=300s")

    def say(self, statements: str) -> None:
        """Run statements as the database's administrator."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statements.encode())

    def _secrets(self) -> Iterator[dict[str, Any]]:
        """What External Secrets would fetch, and the keys that an administrator makes."""
        at = self.admin_url.rpartition("@")[2]
        redis = f"localhost:{self.front.port}/0"
        proofs = {"jira": WEBHOOK_SECRET, "github": "of-github", "slack": SIGNING_SECRET}
        git_key = {"username": "hub", "password": "not-asked-for"}
        app = {"forge-app-id": str(self.told.app), "forge-app-key": self.told.app_key}
        values = {
            **{
                f"rtb-hub-{one}-database": {"url": f"postgresql://rtb_hub_{one}:{one}@{at}"}
                for one in ("listener", "worker", "dashboard", "upgrade", "scaler")
            },
            **{f"rtb-hub-{one}-redis": {"url": f"rediss://{one}:{one}@{redis}"} for one in ("listener", "worker")},
            "rtb-hub-scaler-redis": {"username": "scaler", "password": "scaler"},
            "rtb-hub-listener-webhooks": {**proofs, **{f"{name}-previous": f"{name}-before" for name in proofs}},
            "rtb-hub-worker-jira": {"token": "token-of-jira"},
            "rtb-hub-worker-slack": {"token": SLACK_TOKEN},
            "rtb-hub-worker-git": {**git_key, **app},
            "rtb-hub-dashboard-git": git_key,
        }
        for name, data in values.items():
            meta = {"name": name, "namespace": NAMESPACE}
            yield {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data}

    def _image(self) -> dict[str, str]:
        """What processes find in their image, and whom it trusts. There is no AWS: the cluster is read as its reader."""
        authority = str(self.world.plane.authority.certificate)
        return {
            "PYTHONPATH": str(ROOT), "HOME": str(self.folder), "SSL_CERT_FILE": authority,
            "REQUESTS_CA_BUNDLE": authority, "GIT_CONFIG_GLOBAL": "/dev/null",
            "https_proxy": self.told.proxy, "no_proxy": "localhost,127.0.0.1",
            "KUBECONFIG": str(self.world.plane.kubeconfig), "RTB_HUB_CLUSTERS": "int=reader,stg=reader",
        }  # fmt: skip


def _reviewed_on_github(path: Path) -> None:
    """Have an environment's requests reviewed on GitHub: the key of the hub's App there is its key to the code, too."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    tree["spec"]["forge"] = {"kind": "github", "repository": "acme/state", "url": GITHUB}
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")


def _install_text() -> str:
    return (ROOT / "docs" / "INSTALL.md").read_text(encoding="utf-8")


def _roles() -> str:
    """roles.sql of docs/INSTALL.md."""
    found = re.search(r"cat > roles\.sql <<'SQL'\n(.*?)^SQL$", _install_text(), re.M | re.S)
    assert found is not None
    return found[1]


def _access_of_scaler() -> list[str]:
    """What docs/INSTALL.md lets KEDA's user of Redis do."""
    found = re.search(r"KEDA's, whose access string is\s`(on [^`]*)`", _install_text())
    assert found is not None
    return found[1].split()
