"""What tests of sign-in share: the certified provider, installed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from worlds.oidc_provider import installed


@pytest.fixture(scope="session")
def oidc_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the provider is, to be run by `oidc_provider`."""
    return installed(tmp_path_factory.mktemp("node") / "oidc")
