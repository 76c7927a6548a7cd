"""`rtb-hub render`: what `start` would commit, to standard output or a folder."""

from __future__ import annotations

from pathlib import Path

from generator.model.entry import Preview
from generator.render.render import Rendering
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE
from hub.actions.render import render
from hub.commands.arguments import Arguments
from hub.output.console import write
from hub.wiring import hub
from reconcilers.lifecycle.start import entry_text


def run(
    arguments: Arguments, *, to: Path | None, repo: str | None, environments: Path | None, blueprints: Path | None
) -> None:
    """Render, validate, print. The preview is taken to be new and alone in its environment."""
    ours = hub()
    asked = arguments.parsed(ours.settings.actor)
    found = ours.environments(repo=repo, folder=environments).with_blueprints(blueprints)
    environment, _ = found.get(arguments.env)
    library = found.library(ours.library, environment)
    preview, rendering = render(asked, environment, library, starter=ours.starter, now=ours.clock())
    put(preview, rendering, to)


def put(preview: Preview, rendering: Rendering, to: Path | None) -> None:
    """Print the manifests, or write entry and manifests to a folder that is made where it is not there."""
    if to is None:
        write(rendering.text)
        return
    to.mkdir(parents=True, exist_ok=True)
    for name, text in ((ENTRY_FILE, entry_text(preview)), (MANIFEST_FILE, rendering.text)):
        (to / name).write_text(text, encoding="utf-8")
        write(f"{to / name}\n")
