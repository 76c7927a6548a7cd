"""A control plane for each worker's scenarios, the tables at the end, and what happens where it cannot run."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from gitea import Gitea
from gitea_world import Cast
from report import Report
from rich.console import Console
from toolchain import BUILT, CONTROL_PLANE, GITEA, TOOLS, Module, PlatformError, Toolchain, ToolError, say
from world import World

BEGIN = time.monotonic()
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
REPORT = pytest.StashKey[Report]()
FACTS = pytest.StashKey[dict[str, str]]()
_FIGURE = "figure"
Record = Callable[..., None]


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Record:
    """`record(figure, *seconds)` keeps samples of a figure for the table at the end."""
    return lambda figure, *seconds: record_property(_FIGURE, json.dumps([figure, seconds]))


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    """The programs of the control plane, built."""
    return needed(CONTROL_PLANE)


def needed(modules: Sequence[Module]) -> Toolchain:
    """These programs, built. Skips where the platform cannot run them, but never in CI; fails for any other reason."""
    try:
        tools = Toolchain.find()
        tools.build(modules)
    except ToolError as error:
        if outcome_without(error, in_ci=bool(os.environ.get("CI"))) == "skip":
            pytest.skip(f"NOT RUN: {error}")
        pytest.exit(f"the scenarios cannot run: {error}", returncode=1)
    return tools


def outcome_without(error: ToolError, *, in_ci: bool) -> Literal["skip", "fail"]:
    """What becomes of the scenarios when the programs cannot be had."""
    return "skip" if isinstance(error, PlatformError) and not in_ci else "fail"


@contextmanager
def scratch(request: pytest.FixtureRequest, name: str, kept: str) -> Iterator[Path]:
    """A folder that goes at the end, or stays when a scenario failed, and is told of as `kept`."""
    folder = Path(tempfile.mkdtemp(prefix=f"rtb-hub-{name}-"))
    try:
        yield folder
    finally:
        if request.session.testsfailed:
            request.config.stash[FACTS][f"{kept} {WORKER}"] = str(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def world(tools: Toolchain, request: pytest.FixtureRequest) -> Iterator[World]:
    """The whole loop, up once a worker. Its folder with all logs stays when a scenario failed."""
    facts = request.config.stash[FACTS]
    begin = time.monotonic()
    with scratch(request, "e2e", "logs kept") as folder, World(folder, tools) as world:
        facts[f"control plane and Argo CD up after {WORKER}"] = f"{time.monotonic() - begin:.0f} s"
        yield world
        peak = {name: process.memory_peak() for name, process in world.plane.processes.items()}
        most = ", ".join(f"{name} {held >> 20}" for name, held in sorted(peak.items(), key=lambda p: -p[1])[:3])
        facts[f"peak memory of all processes {WORKER}"] = f"{sum(peak.values()) >> 20} MiB ({most})"
    built = {module.name: tools.cache / module.key / BUILT for module in TOOLS}
    seconds = ", ".join(f"{name} {path.read_text()} s" for name, path in built.items() if path.exists())
    facts["programs were built once, in"] = seconds or "not known here"


@pytest.fixture(scope="session")
def cast(request: pytest.FixtureRequest) -> Iterator[Cast]:
    """A Gitea with its accounts, up once a worker. Its folder with the log stays when a scenario failed."""
    tools = needed((GITEA,))
    facts = request.config.stash[FACTS]
    begin = time.monotonic()
    with scratch(request, "gitea", "log of Gitea kept") as folder, Gitea(folder, tools) as gitea:
        facts[f"Gitea up after {WORKER}"] = f"{time.monotonic() - begin:.1f} s"
        yield Cast(gitea)
        facts[f"peak memory of Gitea {WORKER}"] = f"{gitea.process.memory_peak() >> 20} MiB"


# Tables, gathered from all workers


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()
    config.stash[FACTS] = config.stash[REPORT].facts
    config.pluginmanager.register(_Gathering(config))


class _Gathering:
    """Without workers, and with them in the process that started them, sees the reports of all scenarios."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.report = config.stash[REPORT]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = words(report.nodeid)
        before, seconds = self.report.outcomes.get(name, ("passed", 0.0))
        took = report.duration if report.when == "call" else 0.0
        self.report.outcomes[name] = (before if report.passed else report.outcome, seconds + took)
        if not hasattr(self.config, "workerinput") and (report.when == "call" or report.failed):
            told = f"{report.outcome}: {name} ({took:.1f} s)"
            say(f"\n{told}\n{report.longreprtext}" if report.failed else f"\n{told}")
        for kind, value in report.user_properties if report.when == "call" else ():
            if kind == _FIGURE:
                figure, samples = json.loads(str(value))
                self.report.add(figure, *samples)

    def pytest_sessionfinish(self) -> None:
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["facts"] = self.config.stash[FACTS]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.report.facts.update(getattr(node, "workeroutput", {}).get("facts", {}))

    def pytest_terminal_summary(self) -> None:
        self.report.facts["wall time of this run"] = f"{time.monotonic() - BEGIN:.0f} s"
        self.report.print(Console(width=110, highlight=False))


def words(nodeid: str) -> str:
    """A scenario's name as words: `test_a.py::test_it_works[twice]` → `it works twice`."""
    name, _, case = nodeid.rpartition("::")[2].removeprefix("test_").removesuffix("]").partition("[")
    return f"{name} {case}".replace("_", " ").strip()
