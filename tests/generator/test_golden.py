"""The rendered trees, whole, for each blueprint, environment and compute. `pytest --update-golden` rewrites them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconcilers.lifecycle.start import entry_text
from worlds.builders import COMPONENTS, environment, preview, render
from worlds.places import PYTHON_PATH, TESTS

GOLDEN = TESTS / "golden" / "previews"
CASES = [
    (blueprint, name, compute)
    for blueprint in COMPONENTS
    for name in ("int", "stg", "prd")
    for compute in environment(name).spec.compute.allowed
    if (blueprint, compute) != ("web-api-postgres", "spot")
]
SETTINGS = (
    ("web.env.LOG_LEVEL", "debug"),
    ("web.env.FEATURES", "no"),
    ("web.secrets.SESSION_KEY", "preview/{}/app/web#session"),
    ("web.replicas", "2"),
)


def golden_tree(blueprint: str, name: str, compute: str) -> dict[str, str]:
    """File name → text, as `start` commits them."""
    settings = tuple((path, text.format(name)) for path, text in SETTINGS)
    if blueprint == "web-api-postgres":
        settings += (("seed.args", "--demo-data"),)
    env = environment(name)
    entry = preview(env, blueprint=blueprint, compute=compute, settings=settings)
    return {"preview.yaml": entry_text(entry), "manifest.yaml": render(entry, env).text}


@pytest.mark.parametrize(("blueprint", "name", "compute"), CASES, ids=["-".join(case) for case in CASES])
def test_the_rendered_tree_is_the_reviewed_one(blueprint: str, name: str, compute: str, update_golden: bool) -> None:
    folder = GOLDEN / f"{blueprint}-{name}-{compute}"
    wanted = golden_tree(blueprint, name, compute)
    if update_golden:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in wanted.items():
            (folder / file).write_text(text, encoding="utf-8")
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == wanted


def test_no_golden_tree_is_left_over() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted("-".join(case) for case in CASES)


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import test_golden as t; print(t.golden_tree('web-api-postgres', 'int', 'fargate')['manifest.yaml'], end='')"
    )
    here = Path(__file__).parent
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{here}:{PYTHON_PATH}"},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(texts) == 1
