"""Commands of the services' database say that they do not work through a server, rather than look at another database."""

from __future__ import annotations

from pathlib import Path

import pytest

from worlds.commands import must, rtb_hub

SERVER = "https://hub.example.com"


@pytest.mark.parametrize("command", ["job list", "webhook list", "db prune", "db upgrade"])
def test_a_server_alone_is_no_database(command: str) -> None:
    refused = rtb_hub(*command.split(), RTB_HUB_SERVER=SERVER)
    assert refused.code == 2
    assert f"'{command}' does not work through a server (RTB_HUB_SERVER)" in " ".join(refused.err.split())
    assert "RTB_HUB_DATABASE_URL" in refused.err


def test_one_that_is_named_beside_it_is_used(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    must("db", "upgrade", RTB_HUB_DATABASE_URL=url, RTB_HUB_SERVER=SERVER)
    assert must("job", "list", "--output", "json", RTB_HUB_DATABASE_URL=url, RTB_HUB_SERVER=SERVER).json()["jobs"] == []
