"""The programs of the control plane, a forge and KEDA, built from the pinned Go modules beside this file, once, and kept.

`python tests/e2e/toolchain.py` builds what is missing and says what it does. A module's programs are kept under a hash
of its go.mod, go.sum and flags, so nothing is built twice and a change of one module builds only that one. Programs
that use the same libraries are in one module and one build: a library is compiled once for all of them
(docs/adr/0026).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).resolve().parent / "modules"
GO = (1, 27)
_SCRATCH = ".building-"
#: In each folder of programs: how many seconds the build took.
BUILT = "seconds"
_ETCD, _KWOK, _K8S = "go.etcd.io/etcd/server/v3", "sigs.k8s.io/kwok", "k8s.io/kubernetes"
_ARGOCD, _GITEA = "github.com/argoproj/argo-cd/v3", "code.gitea.io/gitea"
_KEDA = "github.com/kedacore/keda/v2"
_HELM, _KUSTOMIZE = "helm.sh/helm/v4", "sigs.k8s.io/kustomize/kustomize/v5"
#: What the compilers need not do, as measured in docs/adr/0026: write for debuggers what the linker leaves out anyway,
#: collect garbage before a process holds this much, and make SQLite as quick as can be.
_FLAGS = ("-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w")
_LESS_WORK = {"GOGC": "off", "GOMEMLIMIT": "1GiB", "CGO_CFLAGS": "-O1"}
#: What has no module with its programs in it, but whose custom resource definitions are read.
DEFINITIONS = {
    "github.com/aws/karpenter-provider-aws": "pkg/apis/crds/karpenter*.yaml",
    "github.com/aws/amazon-vpc-resource-controller-k8s": "config/crd/bases/*securitygrouppolicies.yaml",
    "github.com/external-secrets/external-secrets": "config/crds/bases/*_{clustersecretstores,externalsecrets,passwords}.yaml",
}


class ToolError(RuntimeError):
    """The programs cannot be had; the message says why and what to do."""


class PlatformError(ToolError):
    """The control plane cannot run on this platform."""


@dataclass(frozen=True)
class Program:
    """One program: its package, the module it comes from, and where that module's version is stamped in."""

    package: str
    needs: str
    stamps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Module:
    """One Go module of tools: their programs by name."""

    name: str
    programs: Mapping[str, Program]
    tags: str = ""
    has_c: bool = False  # parts of it are written in C

    @property
    def folder(self) -> Path:
        return MODULES / self.name

    def version(self, program: str) -> str:
        """The pinned version of the module that the program comes from, such as v3.6.1."""
        return required(self.folder)[self.programs[program].needs]

    @property
    def versions(self) -> str:
        """What is in it, for people."""
        needs = dict.fromkeys(program.needs for program in self.programs.values())
        names = {_TITLES.get(module, module): required(self.folder)[module] for module in needs}
        return ", ".join(f"{name} {version}" for name, version in names.items())

    @property
    def flags(self) -> list[str]:
        """Flags of `go build`: what the linker stamps in goes by package."""
        stamped = [
            f"-ldflags={program.package}=-s -w {self._stamps(name)}"
            for name, program in self.programs.items()
            if program.stamps
        ]
        return [*_FLAGS, "-tags", self.tags, *stamped]

    def _stamps(self, program: str) -> str:
        version = self.version(program)
        number = version.removeprefix("v")
        major, minor, _ = number.split(".")
        values = {
            **dict.fromkeys(("version", "Version"), number),
            "gitVersion": version,
            "gitMajor": major,
            "gitMinor": minor,
        }
        return " ".join(f"-X {stamp}={values[stamp.rpartition('.')[2]]}" for stamp in self.programs[program].stamps)

    @property
    def key(self) -> str:
        digest = hashlib.sha256(f"{sys.platform}{os.uname().machine}{self.flags}{_LESS_WORK}".encode())
        for name in ("go.mod", "go.sum"):
            digest.update((self.folder / name).read_bytes())
        return f"{self.name}-{digest.hexdigest()[:16]}"


_TITLES = {
    _ETCD: "etcd",
    _KWOK: "KWOK",
    _K8S: "Kubernetes",
    _ARGOCD: "Argo CD",
    _GITEA: "Gitea",
    _KEDA: "KEDA",
    _HELM: "Helm",
    _KUSTOMIZE: "kustomize",
}
_VERSION_STAMPS = tuple(
    f"k8s.io/{where}.{name}"
    for where in ("component-base/version", "client-go/pkg/version")
    for name in ("gitVersion", "gitMajor", "gitMinor")
)
#: Everything of it is built on one version of Kubernetes' libraries, Argo CD's.
PLANE = Module(
    "plane",
    {
        "etcd": Program(_ETCD, _ETCD),
        "kwok": Program(f"{_KWOK}/cmd/kwok", _KWOK),
        **{
            name: Program(f"{_K8S}/cmd/{name}", _K8S, _VERSION_STAMPS)
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        "argocd": Program(f"{_ARGOCD}/cmd", _ARGOCD, (f"{_ARGOCD}/common.version",)),
    },
)
CONTROL_PLANE = (PLANE,)
#: Its database is SQLite, which is C.
GITEA = Module(
    "gitea", {"gitea": Program(_GITEA, _GITEA, ("main.Version",))}, "sqlite,sqlite_unlock_notify", has_c=True
)
#: Its libraries are not the plane's: its controller-runtime is of the Kubernetes before (docs/adr/0026).
KEDA = Module(
    "keda",
    {
        "keda-operator": Program(f"{_KEDA}/cmd/operator", _KEDA),
        "keda-adapter": Program(f"{_KEDA}/cmd/adapter", _KEDA),
    },
)
#: What renders manifests of others. Its versions of Kubernetes' libraries are the plane's, which are compiled already.
MANIFESTS = Module(
    "manifests", {"helm": Program(f"{_HELM}/cmd/helm", _HELM), "kustomize": Program(_KUSTOMIZE, _KUSTOMIZE)}
)
TOOLS = (*CONTROL_PLANE, GITEA, KEDA, MANIFESTS)


def module_of(program: str) -> Module:
    """The module that the program is in."""
    return next(module for module in TOOLS if program in module.programs)


def required(folder: Path) -> dict[str, str]:
    """Module → version, as the go.mod in `folder` requires them."""
    text = (folder / "go.mod").read_text(encoding="utf-8")
    return dict(re.findall(r"^(?:require)?\s+(\S+\.\S+/\S+) (v\S+)", text, re.MULTILINE))


@dataclass(frozen=True)
class Toolchain:
    """Where the programs are, and where modules were unpacked to."""

    cache: Path
    go: Path

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Toolchain:
        """Raises `ToolError` where the control plane cannot run, or there is no Go that fits."""
        if sys.platform not in ("linux", "darwin"):
            raise PlatformError(f"the control plane runs on Linux and macOS, not on {sys.platform}")
        caches = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(caches / "rtb-ai-hub" / "e2e", _go(environ))

    def program(self, name: str) -> Path:
        """The program `name`: of KUBEBUILDER_ASSETS when it has it, else what was built here."""
        assets = os.environ.get("KUBEBUILDER_ASSETS")
        if assets and (Path(assets) / name).exists():
            return Path(assets) / name
        return self.cache / module_of(name).key / name

    def sources_of(self, name: str) -> Path:
        """Where the files of the program's module are, such as its manifests."""
        module = module_of(name)
        return self.sources(module.folder, module.programs[name].needs)

    @property
    def key_maker(self) -> Path:
        """The program that Go brings along for making RSA keys: OpenSSL need not be there."""
        return self.cache / "generate_cert"

    def missing(self, modules: Sequence[Module]) -> list[Module]:
        return [m for m in modules if not all(self.program(name).exists() for name in m.programs)]

    def build(self, modules: Sequence[Module] = CONTROL_PLANE) -> float:
        """Build what is missing of `modules`; seconds it took. Raises `ToolError` with the end of what Go said."""
        begin = time.monotonic()
        with self._alone():
            missing = self.missing(modules)
            if missing:
                names = ", ".join(m.versions for m in missing)
                say(f"building {names} from source with {self.go}: up to twenty minutes on two cores, once")
            for module in missing:  # one after the other: what both use is compiled once
                self._build(module)
            if not self.key_maker.exists():
                source = Path(self._run(MODULES, "env", "GOROOT").stdout.strip()) / "src/crypto/tls/generate_cert.go"
                self._run(MODULES, "build", *_FLAGS, "-o", str(self.key_maker), str(source))
        for module in modules:
            for program in module.programs:
                self.sources_of(program)
        for name in DEFINITIONS if CONTROL_PLANE[0] in modules else ():
            self.sources(MODULES / "crds", name)
        return time.monotonic() - begin

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One build at a time in this cache; what a killed one left is removed. Raises `ToolError` when it cannot be written."""
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            lock = (self.cache / "lock").open("w")
        except OSError as error:
            raise ToolError(
                f"cannot write to {self.cache}: {error.strerror}\n=> set XDG_CACHE_HOME to a folder of yours"
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another run is building: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            for left in self.cache.glob(f"{_SCRATCH}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield

    def sources(self, folder: Path, module: str) -> Path:
        """Where the module's files are, downloaded when they are not there and checked by go.sum."""
        wanted = f"{module}@{required(folder)[module]}"
        listed = json.loads(self._run(folder, "mod", "download", "-json", wanted).stdout)
        return Path(listed["Dir"])

    def _build(self, module: Module) -> None:
        begin, target = time.monotonic(), self.cache / module.key
        done = threading.Event()
        threading.Thread(target=_report, args=(module, begin, done), daemon=True).start()
        try:
            with tempfile.TemporaryDirectory(dir=self.cache, prefix=_SCRATCH) as scratch:
                made, packages = Path(scratch) / "bin", [program.package for program in module.programs.values()]
                self._run(module.folder, "build", *module.flags, "-o", f"{made}/", *packages, has_c=module.has_c)
                for name, program in module.programs.items():
                    (made / _as_go_calls_it(program.package)).rename(made / name)
                shutil.rmtree(target, ignore_errors=True)  # an unfinished one of before
                made.rename(target)
        finally:
            done.set()
        took = time.monotonic() - begin
        (target / BUILT).write_text(f"{took:.0f}", encoding="ascii")
        say(f"built {module.versions} in {took:.0f} s")

    def _run(self, folder: Path, *arguments: str, has_c: bool = False) -> subprocess.CompletedProcess[str]:
        pinned = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
        env = {**os.environ, **pinned, **_LESS_WORK, "CGO_ENABLED": "1" if has_c else "0"}
        ran = subprocess.run(
            [self.go, *arguments],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if ran.returncode:
            raise ToolError(_explained(folder.name, ran.stderr or ran.stdout))
        return ran


def say(text: str) -> None:
    """Progress, for people."""
    print(text, file=sys.stderr, flush=True)


def _as_go_calls_it(package: str) -> str:
    """What `go build` names the program of a package, such as go.etcd.io/etcd/server/v3 → server."""
    *_, parent, name = package.split("/")
    return parent if re.fullmatch(r"v[0-9]+", name) else name


def _report(module: Module, begin: float, done: threading.Event) -> None:
    while not done.wait(20):
        say(f"  … {module.name}: {time.monotonic() - begin:.0f} s")


def _go(environ: Mapping[str, str]) -> Path:
    """The first Go that is new enough: of RTB_HUB_GO, beside this Python, on PATH."""
    asked = environ.get("RTB_HUB_GO")
    beside, found = Path(sys.executable).parent / "go", shutil.which("go")
    seen = []
    for candidate in [asked] if asked else [str(beside), found]:
        if candidate and Path(candidate).exists():
            told = subprocess.run([candidate, "version"], capture_output=True, text=True, check=False).stdout
            version = re.search(r"go(\d+)\.(\d+)", told)
            if version and (int(version[1]), int(version[2])) >= GO:
                return Path(candidate)
            seen.append(f"{candidate} is {told.strip() or 'no Go'}")
    wanted = ".".join(map(str, GO))
    raise ToolError(f"Go {wanted} or later is needed ({'; '.join(seen) or 'there is none'}): 'make e2e' installs it")


def _explained(what: str, output: str) -> str:
    """The end of Go's output, with what to do when the cause is known."""
    end = "\n".join(line for line in output.strip().splitlines() if "downloading" not in line)[-1500:]
    hints = {
        "no space left": "the disk is full: free 6 GB below the cache folders of Go and of this project",
        "dial tcp": "no module registry can be reached: check the network, or set GOPROXY to one that can",
        "no such host": "no module registry can be reached: check the network, or set GOPROXY to one that can",
        "checksum mismatch": "a module is not what go.sum says: do not go on; clear Go's module cache and try once more",
        "c compiler": "its SQLite is C: install gcc or clang, or name a compiler with CC",
        "requires go >=": "this Go is too old: unset RTB_HUB_GO, 'make e2e' installs one that fits",
    }
    hint = next(
        (hint for sign, hint in hints.items() if sign in output.lower()),
        "run it again, or file an issue with these lines",
    )
    return f"cannot build or fetch {what}:\n{end}\n=> {hint}"


if __name__ == "__main__":
    try:
        say(f"control plane, forge and KEDA ready, {Toolchain.find().build(TOOLS):.0f} s")
    except ToolError as error:
        sys.exit(f"error: {error}")
