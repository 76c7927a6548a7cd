"""The wheel works on its own: installed in an empty virtual environment, run far from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from worlds.places import REAL_HOME, ROOT


def test_the_wheel_runs_the_demo_elsewhere(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env["HOME"] = str(REAL_HOME)

    def run(*command: object) -> str:
        done = subprocess.run(
            list(map(str, command)), cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # With what browsers load it is built by tests/browser, which need that anyway.
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"],
        cwd=ROOT,
        env={**os.environ, "RTB_BUILD_DASHBOARD": "none"},
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "dist").glob("rtb_ai_hub-*.whl")
    assert shipped() <= set(zipfile.ZipFile(wheel).namelist())
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    pip = (tmp_path / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    # Compiling all that is installed takes longer than the rest; what runs is compiled then.
    run(*pip, "--no-compile", "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt")
    run(*pip, "--no-deps", wheel)
    command = tmp_path / "venv" / "bin" / "rtb-hub"
    assert run(command, "--version").startswith("rtb-hub ")
    shown = run(command, "demo", tmp_path / "state")
    for host in ("rtb-123.int", "rtb-123.stg", "rtb-207.int", "rtb-207.stg"):
        assert f"https://{host}.preview.example.com/" in shown
    where = run(tmp_path / "venv" / "bin" / "python", "-c", "from hub import assets; print(assets.ROOT)")
    assert where.strip().startswith(str(tmp_path / "venv"))
    assert where.strip().endswith("/hub/assets")


def shipped() -> set[str]:
    """What a wheel must hold beside modules: schemas, templates and environments of the checkout."""
    homes = {
        "generator/schema_bundles": "",
        "generator/crds": "",
        "templates": "hub/assets/",
        "environments": "hub/assets/",
    }
    found = {
        prefix + path.relative_to(ROOT).as_posix()
        for home, prefix in homes.items()
        for path in (ROOT / home).rglob("*")
        if path.is_file()
    }
    assert len(found) > 30
    return found | {"hub/assets/requirements/runtime.txt"}
