"""What every test gets: a home of its own, nobody's Git configuration, no network beyond loopback, steady hypothesis."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci")
pytest.register_assert_rewrite("contracts", "worlds")

#: What of the caller's environment would change what a command does or how it looks.
FOREIGN = (
    "RTB_HUB_",
    "KUBECONFIG",
    "GIT_",
    "XDG_",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "TTY_",
    "_TYPER_",
    "PAGER",
    "LESS",
)
#: What of it says where tools are, for the fixtures that build and start them. No single test sees these.
OF_TOOLS = ("RTB_HUB_GO", "XDG_CACHE_HOME")
STEADY = {
    "TZ": "UTC",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "RTB_HUB_ACTOR": "alice",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--previews", type=int, default=5, help="how many each of eight processes writes")
    parser.addoption("--histories", type=int, default=100, help="how many random histories are judged (CI: 2000)")
    parser.addoption(
        "--inputs", type=int, default=300, help="how many hostile inputs of each kind are read (CI: 10000)"
    )
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden trees instead of comparing")


@pytest.fixture(scope="session", autouse=True)
def _left_environment() -> Iterator[None]:
    """Leave the caller's environment before any other fixture of a module or session runs, not only before each test.

    The home stays until a test begins: what builds tools keeps them in the real one's cache.
    """
    with pytest.MonkeyPatch.context() as environment:
        _leave(environment, keep=OF_TOOLS)
        yield


def _leave(environment: pytest.MonkeyPatch, *, keep: tuple[str, ...] = ()) -> None:
    for name in [name for name in os.environ if name.startswith(FOREIGN) and name not in keep]:
        environment.delenv(name)
    for name, value in STEADY.items():
        environment.setenv(name, value)


@pytest.fixture
def previews(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--previews"))


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    _leave(monkeypatch)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="session")
def forked_hub() -> Iterator[Any]:
    """The command line with everything imported, for scripts that call it: `forked_hub.tool(path)`."""
    from worlds.forking import Forks

    with Forks("hub.cli.main:main", "generator", "reconcilers", "hub") as forks:
        yield forks


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real PostgreSQL; see `worlds.postgres`."""
    from worlds.postgres import shared_server

    base = tmp_path_factory.getbasetemp()
    is_one_of_many = "PYTEST_XDIST_WORKER" in os.environ
    with shared_server((base.parent if is_one_of_many else base) / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Any) -> Iterator[str]:
    """The name of a database with our schema."""
    from hub.store.database import Database
    from hub.store.schema import prepare

    with postgres.database() as url:
        database = Database(url)
        prepare(database)
        database.close()
        yield url.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with our schema: of each kind."""
    if request.param == "postgresql":
        template = request.getfixturevalue("postgres_template")
        with request.getfixturevalue("postgres").database(like=template) as url:
            yield url
        return
    from hub.store.database import Database, sqlite_url
    from hub.store.schema import prepare

    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    yield url


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))


def _guarded(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test wants to talk to {address[0]}")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
