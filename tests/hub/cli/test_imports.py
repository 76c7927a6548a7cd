"""What a command loads before it does anything: that is most of the time a person waits for it.

Held by names and counts, since a clock tells of the machine as much as of the code. `make bench ARGS=cold` has the times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Set
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from worlds.commands import IMAGES
from worlds.places import ROOT
from worlds.served import on_loopback

#: Runs the command line as a process does, and tells what it had loaded and compiled in the end.
PROBE = """
import json, re, sys
compiled = []
compile = re._compiler.compile
re._compiler.compile = lambda pattern, flags=0: (compiled.append(str(pattern)), compile(pattern, flags))[1]
from hub.cli.main import main
sys.argv = ["rtb-hub", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as ended:
    code = ended.code
else:
    code = 0
ours = [name for name in sys.modules if name.partition(".")[0] in ("hub", "reconcilers", "generator")]
found = {"code": code, "modules": sorted(sys.modules), "ours": sorted(ours), "patterns": compiled}
print(json.dumps(found), file=sys.stderr)
"""
LIBRARIES = frozenset(
    {
        "alembic", "anyio", "bullmq", "cryptography", "fastapi", "github", "jinja2", "jsonschema_rs", "jwt", "kubernetes", "mcp",
        "prometheus_client", "psycopg", "pydantic", "pydantic_settings", "redis", "requests", "rich", "sqlalchemy",
        "sqlite3", "ssl", "sse_starlette", "starlette", "structlog", "typer", "urllib3", "uvicorn", "yaml",
    }
)  # fmt: skip
COMPLETION = {"_RTB_HUB_COMPLETE": "bash_complete", "COMP_WORDS": "rtb-hub st"}
OF_NAMES = {**COMPLETION, "COMP_WORDS": "rtb-hub set RTB-1 --env int web."}


class Budget(NamedTuple):
    """Of one run: libraries that it may load, and at most how many modules of ours and regular expressions.

    `never`: rooms of ours that it has no use for.
    """

    libraries: frozenset[str]
    modules: int
    patterns: int
    never: tuple[str, ...] = ("generator", "reconcilers", "hub.actions", "hub.commands", "hub.settings", "hub.wiring")


def loaded(arguments: list[str], **environ: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(arguments)],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(ran.stderr.splitlines()[-1])
    assert found["code"] in (0, None), ran.stderr
    return found


NOTHING: frozenset[str] = frozenset()
#: To render without a state repository takes no repository, cluster, forge or table.
RENDERING = Budget(
    frozenset({"jinja2", "jsonschema_rs", "pydantic", "yaml"}),
    144,
    145,
    (
        "generator.bootstrap",
        "generator.model.queued",
        "hub.adapters",
        "hub.approval",
        "hub.views",
        "reconcilers.ports",
        "reconcilers.state",
    ),
)
RENDER = ["render", "RTB-1", "--env", "int", *IMAGES]


@pytest.mark.parametrize(
    ("arguments", "environ", "budget"),
    [
        (["--version"], {}, Budget(NOTHING, 4, 1)),
        (["--help"], {}, Budget(NOTHING, 22, 21)),
        (["start", "--help"], {}, Budget(NOTHING, 22, 21)),
        ([], COMPLETION, Budget(NOTHING, 23, 21)),
        (
            [],
            OF_NAMES,
            Budget(NOTHING, 36, 27, ("generator", "reconcilers", "hub.actions", "hub.commands", "hub.wiring")),
        ),
        (RENDER, {}, RENDERING),
    ],
    ids=["--version", "--help", "help of a command", "completion", "completion of names", "render"],
)
def test_a_run_loads_what_it_uses(arguments: list[str], environ: dict[str, str], budget: Budget) -> None:
    found = loaded(arguments, **environ)
    assert LIBRARIES & set(found["modules"]) <= budget.libraries
    assert [name for name in found["ours"] if f"{name}.".startswith(tuple(f"{room}." for room in budget.never))] == []
    assert len(found["ours"]) <= budget.modules, found["ours"]
    assert len(found["patterns"]) <= budget.patterns, found["patterns"]


@pytest.mark.parametrize(
    ("arguments", "answer", "actions", "modules"),
    [
        (["list"], "no previews\n", NOTHING, 49),
        (["status", "RTB-1", "--env", "int"], "running\n", NOTHING, 49),
        (["logs", "RTB-1", "web", "--env", "int"], '{"lines": ["a"]}', {"hub.actions", "hub.actions.log_wish"}, 55),
    ],
    ids=["list", "status", "logs"],
)
def test_through_a_server_a_run_loads_what_asking_takes(
    arguments: list[str], answer: str, actions: Set[str], modules: int
) -> None:
    app = FastAPI()
    app.get("/api/v1/{rest:path}")(lambda rest: PlainTextResponse(answer))
    never = (
        "generator.model",
        "reconcilers",
        "hub.wiring",
        "hub.views",
        "hub.settings.model",
        "hub.store",
    )
    with on_loopback(app) as url:
        found = loaded(["--server", url, *arguments])
    assert LIBRARIES & set(found["modules"]) <= {"urllib3", "ssl"}
    assert [name for name in found["ours"] if f"{name}.".startswith(tuple(f"{room}." for room in never))] == []
    assert {name for name in found["ours"] if name.startswith("hub.actions")} == actions
    assert len(found["ours"]) <= modules, found["ours"]


def test_what_is_looked_for_is_found() -> None:
    """A command that does more loads more, and the probe sees it."""
    found = loaded(["env", "list"])
    assert {"yaml", "pydantic", "rich", "hub.actions.environments"} <= set(found["modules"])
    assert len(found["ours"]) > 15
    assert len(found["patterns"]) > 24
