"""`rtb-hub demo`: the main job on a local Git repository. Every line it shows is a command that it really runs."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE
from hub.commands import init, start
from hub.commands import list_previews as listing
from hub.commands.arguments import Arguments
from hub.output.console import Format, console
from hub.views.listing.model import Selection
from hub.wiring import hub
from reconcilers.state.policies import own_snapshots

if TYPE_CHECKING:
    from rich.tree import Tree

_REGISTRY = "111111111111.dkr.ecr.ap-northeast-2.amazonaws.com"


def run(folder: Path) -> None:
    """Lay out `folder`, start previews of two issues in int and stg, list them, show the repository's tree.

    Raises `ConfigError` (TargetNotEmpty) for a folder with something in it, whatever that is.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fault = Fault(f"{folder} is there already; a demo is shown in a folder that it makes", remedy="name a new one")
        raise ConfigError(Reason.TARGET_NOT_EMPTY, fault)
    _say("rtb-hub", "init", str(folder))
    init.run(folder, remote=None, work_tree=False, environments=None, output=Format.TABLE)
    for arguments in _previews():
        _say(*_command(arguments, folder))
        start.run(arguments, repo=str(folder), output=Format.TABLE)
    _say("rtb-hub", "list", "--repo", str(folder))
    listing.run(Selection(), repo=str(folder), at=None, output=Format.TABLE)
    _say("git", "-C", str(folder), "ls-tree", "-r", "--name-only", "main")
    console().print(_tree(folder))
    _next(folder)


def _previews() -> list[Arguments]:
    login = Arguments(
        key="RTB-123",
        env="int",
        image=[_image("web", "RTB-123"), _image("api", "RTB-123")],
        settings=["web.env.LOG_LEVEL=debug"],
        blueprint=None,
        branch="feature/RTB-123-login",
        compute=None,
        ttl=None,
    )
    search = Arguments(
        key="RTB-207",
        env="int",
        image=[_image("web", "RTB-207"), _image("api", "RTB-207"), _image("postgres", "16"), _image("seed", "RTB-207")],
        settings=["seed.args=--demo-data"],
        blueprint="web-api-postgres",
        branch="feature/RTB-207-search",
        compute="fargate",
        ttl="8h",
    )
    return [replace(preview, env=env) for preview in (login, search) for env in ("int", "stg")]


def _image(component: str, version: str) -> str:
    """An image reference for show. Nothing runs here, so the digest only has to look the part and stay the same."""
    return f"{component}={_REGISTRY}/{component}@sha256:{hashlib.sha256(f'{component} {version}'.encode()).hexdigest()}"


def _command(arguments: Arguments, folder: Path) -> list[str]:
    command = ["rtb-hub", "start", arguments.key, "--repo", str(folder), "--env", arguments.env]
    options = {"--blueprint": arguments.blueprint, "--compute": arguments.compute, "--ttl": arguments.ttl}
    options |= {"--branch": arguments.branch}
    for option, value in options.items():
        command += [option, value] if value else []
    for image in arguments.image:
        command += ["--image", image]
    for setting in arguments.settings:
        command += ["--set", setting]
    return command


def _wrapped(command: Sequence[str]) -> str:
    """The command for a shell, an option a line where it has long ones."""
    words = [shlex.quote(word) for word in command]
    text = " ".join(words)
    if len(text) <= 100:
        return text
    return "".join(f" \\\n    {w}" if w.startswith("--") else f" {w}" for w in words).strip()


def _say(*command: str) -> None:
    from rich.text import Text

    console().print(Text.assemble("\n", ("$ ", "bold green"), (_wrapped(command), "bold")))


def _tree(folder: Path) -> Tree:
    from rich.tree import Tree

    top = Tree(str(folder), guide_style="dim")
    for branch, snapshot in own_snapshots(hub().store(str(folder)).snapshots()).items():
        nodes: dict[str, Tree] = {"": top.add(f"branch {branch}", style="cyan")}
        for path in snapshot.files(PurePosixPath()):
            for depth in range(1, len(path.parts) + 1):
                shown = "/".join(path.parts[:depth])
                if shown not in nodes:
                    parent = nodes["/".join(path.parts[: depth - 1])]
                    style = "bold" if path.parts[depth - 1] in (ENTRY_FILE, MANIFEST_FILE) else "none"
                    nodes[shown] = parent.add(path.parts[depth - 1], style=style)
    return top


def _next(folder: Path) -> None:
    again = _command(replace(_previews()[0], settings=["web.env.LOG_LEVEL=info", "web.cpu=500m"]), folder)
    out = console()
    out.print("\nNext, try:")
    for command in (
        ["rtb-hub", "show", "RTB-123", "--env", "int", "--repo", str(folder)],
        ["rtb-hub", "diff", *again[2:]],
        ["rtb-hub", "price", "--env", "int", "--blueprint", "web-api-postgres"],
        ["rtb-hub", "env", "show", "int", "--explain"],
        ["rtb-hub", "stop", "RTB-207", "--env", "stg", "--repo", str(folder)],
        ["git", "-C", str(folder), "log", "--format=%h %s%n%(trailers)", "main"],
    ):
        out.print("  " + _wrapped(command).replace("\n", "\n  "))
