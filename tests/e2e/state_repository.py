"""The state repository of the scenarios, behind Git over HTTP, rtb-hub on it, and pushes announced as GitHub does."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from worlds.commands import Ran
from worlds.git_http import GitServer

ROOT = Path(__file__).resolve().parents[2]
HUB = (sys.executable, "-m", "hub.cli.main")
_ONE_AFTER_THE_OTHER = f"""
import importlib, json, sys
main = importlib.import_module({HUB[-1]!r}).main
for arguments in json.load(sys.stdin):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""
_ROOMY = {"limits": {"previews": 500}, "fargate": {"quotaVcpu": 5000}}


class StateRepository:
    """Served below `folder`. Pushes are announced to `webhooks`, once there are any, signed with `webhook_secret`."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self.folder, self.kubeconfig = folder, kubeconfig
        self.git = GitServer(folder / "git", on_push=self._announce)
        self.webhooks: tuple[str, ...] = ()  # until there is somebody to tell
        self.webhook_secret = ""

    @property
    def url(self) -> str:
        return self.git.url("state.git")

    @property
    def bare(self) -> Path:
        return self.folder / "git" / "state.git"

    def hub(self, *arguments: object, code: int = 0) -> Ran:
        """Run rtb-hub on the state repository."""
        return run_hub(self._environ(), *arguments, code=code)

    def hub_all(self, commands: Iterable[Sequence[str]]) -> None:
        """Run rtb-hub for each, by one process: starting Python is most of what a command costs. All must succeed."""
        command, environ = [sys.executable, "-c", _ONE_AFTER_THE_OTHER], {**os.environ, **self._environ()}
        told, wanted = subprocess.PIPE, json.dumps([*map(list, commands)])
        done = subprocess.run(
            command, input=wanted, cwd=ROOT, env=environ, stdout=told, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:]

    @contextmanager
    def running(self, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
        """rtb-hub running beside the scenario, its output in a file; ended with it if it has not."""
        log = self.folder / f"rtb-hub-{time.monotonic_ns()}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*HUB, *map(str, arguments)], cwd=ROOT, env=self._environ(), stdout=file, stderr=subprocess.STDOUT
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environ(self) -> dict[str, str]:
        return {
            "RTB_HUB_REPO": self.url,
            "RTB_HUB_ACTOR": "alice",
            "RTB_HUB_CACHE": str(self.folder / "hub-cache"),
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.kubeconfig),
            "GIT_CONFIG_GLOBAL": os.devnull,
        }

    @contextmanager
    def clone(self, branch: str) -> Iterator[Path]:
        """A clone of the state repository with the branch checked out, as a person or another tool has it."""
        work = self.folder / f"work-{time.monotonic_ns()}"
        try:
            git("clone", "-q", "-b", branch, self.url, work)
            git("-C", work, "config", "user.name", "a")
            git("-C", work, "config", "user.email", "a@example.com")
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def push(self, change: Callable[[Path], object], branch: str = "main", *, message: str = "by hand") -> None:
        """Change the branch past the hub."""
        with self.clone(branch) as work:
            change(work)
            git("-C", work, "add", "-A")
            git("-C", work, "commit", "-q", "-m", message)
            git("-C", work, "push", "-q", "origin", branch)

    def render_into(
        self, work: Path, key: str, env: str = "int", change: Callable[[str], str] = str, more: Iterable[str] = ()
    ) -> None:
        """Entry and manifest of a preview as `rtb-hub render` writes them, the manifest changed, into a clone."""
        folder = _folder_in(work, key, env)
        self.hub("render", key, "--env", env, *images(), *more, "--to", folder)
        manifest = folder / "manifest.yaml"
        manifest.write_text(change(manifest.read_text(encoding="utf-8")), encoding="utf-8")

    def render_all_into(self, work: Path, keys: Iterable[str], env: str = "int", more: Iterable[str] = ()) -> None:
        """The same for many previews."""
        self.hub_all(
            ["render", key, "--env", env, *images(), *more, "--to", str(_folder_in(work, key, env))] for key in keys
        )

    def push_rendered(
        self, key: str, change: Callable[[str], str] = str, env: str = "int", more: Iterable[str] = ()
    ) -> None:
        """A preview pushed past the hub, its manifest changed. `more`: options of `rtb-hub render`."""
        self.push(lambda work: self.render_into(work, key, env, change, more))

    def head(self, branch: str) -> str:
        return git("-c", "safe.directory=*", "-C", self.bare, "rev-parse", f"refs/heads/{branch}").strip()

    def merge_request(self, key: str, env: str = "prd") -> None:
        """Merge a request branch and delete it, as the Git host does after the review."""
        request = f"preview/{env}/{key.lower()}"
        with self.clone("prd") as work:
            git("-C", work, "merge", "-q", "--no-ff", "-m", f"Merge {request}", f"origin/{request}")
            git("-C", work, "push", "-q", "--atomic", "origin", "prd", f":refs/heads/{request}")

    def lay_out(self) -> None:
        """`rtb-hub init` with the shipped environments, room for many previews and our URL."""
        environments = self.folder / "environments"
        write_environments(environments, self.url)
        self.hub("init", self.bare, "--environments", environments)
        git("-C", self.bare, "config", "http.receivepack", "true")

    # Announcing pushes, as GitHub's webhook does

    def _announce(self, before: dict[str, str], after: dict[str, str]) -> None:
        if not self.webhooks:
            return
        for ref, commit in after.items():
            old = before.get(ref)
            if old == commit or not ref.startswith("refs/heads/"):
                continue
            changed = git("-C", self.bare, "diff", "--name-only", old, commit).split() if old else []
            self.announce(ref, old or "0" * 40, commit, changed)

    def announce(self, ref: str, before: str, after: str, changed: list[str]) -> None:
        """Send a signed push event of GitHub's shape to both endpoints."""
        page = self.url.removesuffix(".git")
        body = json.dumps(
            {
                "ref": ref,
                "before": before,
                "after": after,
                "repository": {"html_url": page, "clone_url": self.url, "default_branch": "main", "name": "state"},
                "commits": [{"id": after, "added": [], "removed": [], "modified": changed}],
            }
        ).encode()
        signature = hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        for url in self.webhooks:
            try:
                urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10).close()
            except (urllib.error.URLError, OSError):
                continue  # a lost webhook: polling makes up for it


def run_hub(environ: Mapping[str, str], *arguments: object, code: int = 0) -> Ran:
    """Run rtb-hub with these variables over our own, and check its exit code."""
    env = {**os.environ, "COLUMNS": "200", **environ}
    command = [*HUB, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, (
        f"rtb-hub {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}"
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def write_environments(folder: Path, url: str, prd: Mapping[str, Any] | None = None) -> None:
    """The shipped environments for the repository at `url`, with room for many previews, and `prd` over prd's fields."""
    shutil.copytree(ROOT / "environments", folder)
    base = folder / "base" / "environment.yaml"
    tree = yaml.safe_load(base.read_text(encoding="utf-8"))
    tree["spec"]["argocd"]["repository"] = url
    for name, values in _ROOMY.items():
        tree["spec"][name].update(values)
    tree["spec"]["exposure"]["shards"] = 10
    base.write_text(yaml.safe_dump(tree), encoding="utf-8")
    own = folder / "prd" / "environment.yaml"
    tree = yaml.safe_load(own.read_text(encoding="utf-8"))
    tree["spec"].update({"limits": {"previews": 500}, **(prd or {})})
    own.write_text(yaml.safe_dump(tree), encoding="utf-8")


def _folder_in(work: Path, key: str, env: str) -> Path:
    """Where a preview's files are in a clone."""
    project, number = key.lower().split("-")
    return work / "environments" / env / "previews" / project / str(int(number) // 100 * 100) / key.lower()


def images(letter: str = "a", names: tuple[str, ...] = ("web", "api")) -> list[str]:
    """Options that give each component an image."""
    return [part for name in names for part in ("--image", f"{name}=registry.example.com/{name}@sha256:{letter * 64}")]


def git(*arguments: object) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", *map(str, arguments)], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout
