"""The wheel works on its own: installed in an empty virtual environment, run far from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import REAL_HOME, ROOT


def test_the_wheel_runs_the_demo_elsewhere(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(REAL_HOME)}

    def run(*command: object) -> str:
        done = subprocess.run(
            list(map(str, command)), cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "dist").glob("rtb_ai_hub-*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    pip = (tmp_path / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt")
    run(*pip, "--no-deps", wheel)
    command = tmp_path / "venv" / "bin" / "rtb-hub"
    assert run(command, "--version").startswith("rtb-hub ")
    shown = run(command, "demo", tmp_path / "state")
    for host in ("rtb-123.int", "rtb-123.stg", "rtb-207.int", "rtb-207.stg"):
        assert f"https://{host}.preview.example.com/" in shown
    where = run(tmp_path / "venv" / "bin" / "python", "-c", "from hub import assets; print(assets.ROOT)")
    assert where.strip().startswith(str(tmp_path / "venv"))
