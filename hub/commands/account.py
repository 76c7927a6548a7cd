"""`rtb-hub account render`: what an administrator makes in an environment's AWS account."""

from __future__ import annotations

from pathlib import Path

from generator.bootstrap.account.render import HEADER, Format, account_files
from hub.actions.account import render_account
from hub.commands.argocd import deliver
from hub.wiring import hub


def render(env: str, *, format: Format, to: Path | None, repo: str | None, environments: Path | None) -> None:  # noqa: A002
    """Print the files of one environment's account, or write them below `to`.

    Raises `ConfigError` (UnknownEnvironment, InvalidEnvironment) before anything is printed or written.
    """
    found = hub().environments(repo=repo, folder=environments)
    deliver(account_files(render_account(found, env), format), HEADER, to)
