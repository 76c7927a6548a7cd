"""A state repository, a database, and the API on both: what most tests of services begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from worlds.api_world import ApiWorld, api_world
from worlds.serving import Serving, served


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with served(tmp_path) as made:
        yield made


@pytest.fixture
def world(serving: Serving) -> Iterator[ApiWorld]:
    with api_world(serving) as made:
        yield made


@pytest.fixture
def idle(serving: Serving) -> Iterator[ApiWorld]:
    """Nobody works on jobs."""
    with api_world(serving, works=False) as made:
        yield made
