"""A state repository with people around it, on real Git; nothing that an action does may reach a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from worlds.approving import Prd, prd_on


@pytest.fixture
def prd(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Prd]:
    """int and stg change freely, prd by review beside the bare repository. Fails when anything was printed."""
    with prd_on("local", tmp_path) as world:
        capfd.readouterr()  # what git says while the world is made
        yield world
    assert capfd.readouterr() == ("", "")
