"""One control plane for all scenarios, the tables at the end, and what happens where it cannot run."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from report import Report
from rich.console import Console
from toolchain import BUILT, TOOLS, PlatformError, Toolchain, ToolError
from world import World

BEGIN = time.monotonic()
REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    return request.config.stash[REPORT]


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    """The programs, built. Skips where the platform cannot run them, but never in CI; fails for any other reason."""
    try:
        tools = Toolchain.find()
        tools.build()
    except ToolError as error:
        if outcome_without(error, in_ci=bool(os.environ.get("CI"))) == "skip":
            pytest.skip(f"NOT RUN: {error}")
        pytest.exit(f"the scenarios cannot run: {error}", returncode=1)
    return tools


def outcome_without(error: ToolError, *, in_ci: bool) -> Literal["skip", "fail"]:
    """What becomes of the scenarios when the programs cannot be had."""
    return "skip" if isinstance(error, PlatformError) and not in_ci else "fail"


@pytest.fixture(scope="session")
def world(tools: Toolchain, report: Report, request: pytest.FixtureRequest) -> Iterator[World]:
    """The whole loop, up once. Its folder with all logs stays when a scenario failed."""
    folder = Path(tempfile.mkdtemp(prefix="rtb-hub-e2e-"))
    begin = time.monotonic()
    try:
        with World(folder, tools) as world:
            report.facts["control plane and Argo CD up after"] = f"{time.monotonic() - begin:.0f} s"
            yield world
            peak = {name: process.memory_peak() for name, process in world.plane.processes.items()}
            most = ", ".join(f"{name} {bytes_ >> 20}" for name, bytes_ in sorted(peak.items(), key=lambda p: -p[1])[:4])
            report.facts["peak memory of all processes"] = f"{sum(peak.values()) >> 20} MiB ({most})"
    finally:
        if request.session.testsfailed:
            report.facts["logs of this run"] = str(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    built = {module.name: (tools.cache / module.key / BUILT) for module in TOOLS}
    seconds = ", ".join(f"{name} {path.read_text()} s" for name, path in built.items() if path.exists())
    report.facts["programs were built once in"] = seconds or "given by KUBEBUILDER_ASSETS"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep the outcome of each scenario: the worst of set-up, call and tear-down."""
    made: pytest.TestReport = yield  # type: ignore[assignment]
    outcomes = item.config.stash[REPORT].outcomes
    name, _, case = item.name.removeprefix("test_").removesuffix("]").partition("[")
    name = f"{name} {case}".replace("_", " ").strip()
    before, seconds = outcomes.get(name, ("passed", 0.0))
    took = made.duration if made.when == "call" else 0.0
    outcomes[name] = (before if made.passed else made.outcome, seconds + took)
    return made  # type: ignore[return-value]


def pytest_terminal_summary(config: pytest.Config) -> None:
    report = config.stash[REPORT]
    report.facts["wall time of this run"] = f"{time.monotonic() - BEGIN:.0f} s"
    report.print(Console(width=110, highlight=False))
