"""The step of GitHub Actions (`action.yml`), run by Node as a runner would."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from worlds.node_producing import node
from worlds.places import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    outputs: dict[str, str]
    summary: str


def step(address: str, folder: Path, runner: str, *, answer_ms: int = 60_000, **inputs: str) -> Ran:
    """What it did with the hub at an address, unless `hub` is given, too. `runner`: where its job gets a token; empty: it may have none.

    `answer_ms`: how long it waits for an answer, and for what an answer asks it to wait.
    """
    unknown = inputs.keys() - ACTION["inputs"].keys()
    assert not unknown, unknown
    given = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()} | {"hub": address, **inputs}
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    environ = {
        **{f"INPUT_{name.upper()}": value for name, value in given.items()},
        **{name: str(file) for name, file in files.items()},
        "GITHUB_REF_NAME": "main",
        "RTB_HUB_POLL_MS": "50",
        "RTB_HUB_ANSWER_MS": str(answer_ms),
    }
    if runner:
        environ |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{runner}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
        }
    command = [node() / "node", ROOT / ACTION["runs"]["main"]]
    ran = subprocess.run(command, env=environ, check=False, capture_output=True, text=True, timeout=120)
    assert ran.stderr == ""
    written = files["GITHUB_OUTPUT"].read_text()
    outputs = {name: value for name, _, value in re.findall(r"(?ms)^(\w+)<<(\S+)\n(.*?)\n\2$", written)}
    return Ran(ran.returncode, ran.stdout, outputs, files["GITHUB_STEP_SUMMARY"].read_text())
