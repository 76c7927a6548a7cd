"""`rtb-hub argocd render`: what an administrator applies to an account's cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.bootstrap.argocd import HEADER
from hub.output.console import write
from hub.wiring import hub


def run(env: str | None, *, to: Path | None, repo: str | None, environments: Path | None) -> None:
    """Print the files of one environment, or of all, as one YAML stream; or write them below `to`."""
    ours = hub()
    found = ours.environments(repo=repo, folder=environments)
    chosen = [found.get(env)[0]] if env else [found.get(name)[0] for name in found.names]
    files = {path: text for one in chosen for path, text in ours.laid_out_files.argocd(found, one).items()}
    deliver(files, HEADER, to)


def deliver(files: Mapping[str, str], header: str, to: Path | None) -> None:
    """Print files (text by path), without the `header` of each, as one YAML stream; or write them below `to`."""
    for path, text in files.items():
        if to is None:
            body, separator = text.removeprefix(header), "---\n"
            write(f"# {path}\n{body if body.startswith('---') else separator + body}")
            continue
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        write(f"{target}\n")
