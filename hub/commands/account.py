"""`rtb-hub account`: what an administrator makes in an environment's AWS account, and what of it is there."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.bootstrap.account.place import aws_of
from generator.bootstrap.account.render import HEADER, Format, account_files
from hub.actions.account import render_account
from hub.commands.argocd import deliver
from hub.output import formats
from hub.output.exit_codes import UNHEALTHY
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

    from hub.actions.account_outcome import Checked

_STYLES = {"missing": "bold red", "differs": "bold red", "unread": "bold yellow", "found": "dim"}


def render(env: str, *, format: Format, to: Path | None, repo: str | None, environments: Path | None) -> None:  # noqa: A002
    """Print the files of one environment's account, or write them below `to`.

    Raises `ConfigError` (UnknownEnvironment, InvalidEnvironment) before anything is printed or written.
    """
    found = hub().environments(repo=repo, folder=environments)
    deliver(account_files(render_account(found, env), format), HEADER, to)


def check(env: str, *, repo: str | None, environments: Path | None, output: formats.Format) -> None:
    """Compare an account with what is rendered for it; exits with `UNHEALTHY` where anything is not as it is rendered.

    Raises as `render`, and `Stalled` (ClusterRefused), `Transient` where the account cannot be asked at all.
    """
    from hub.actions.account_check import check_account
    from hub.adapters.account.access import Access
    from hub.output.console import emit

    ours = hub()
    account = render_account(ours.environments(repo=repo, folder=environments), env)
    spec = account.environment.spec
    checked = check_account(account, Access(spec.region), ours.clock)
    data = {
        "environment": env,
        "account": spec.account,
        "region": spec.region,
        "checks": [_data(one) for one in checked],
    }
    emit(data, output, lambda console: _tell(console, checked))
    if any(one.state != "found" for one in checked):
        sys.exit(UNHEALTHY)


def record(env: str, *, repo: str | None, environments: Path | None, output: formats.Format) -> None:
    """Print the change that makes previews' names lead to their load balancer.

    Exits with `UNHEALTHY` where none is known. Raises as `check`, and `ConfigError` (InvalidValue) where each Ingress
    needs a record of its own.
    """
    from hub.actions.account_check import check_signed_in
    from hub.actions.account_record import wildcard
    from hub.adapters.account.access import Access
    from hub.output.console import emit

    environment = render_account(hub().environments(repo=repo, folder=environments), env).environment
    access = Access(environment.spec.region)
    check_signed_in(environment, access)
    found = wildcard(environment, access)
    data = {
        "environment": env,
        "zone": aws_of(environment).zone,
        "changeBatch": found.batch,
        "checks": [_data(one) for one in found.checked],
    }
    emit(data, output, lambda console: _tell(console, found.checked))
    if found.batch is None and any(one.state != "found" for one in found.checked):
        sys.exit(UNHEALTHY)


def _data(one: Checked) -> dict[str, Any]:
    return {
        "stack": one.stack or None,
        "kind": one.kind,
        "name": one.name,
        "state": one.state,
        "why": one.why or None,
        "differences": [{"fact": d.fact, "wanted": d.wanted, "found": d.found} for d in one.differences],
        "repairs": list(one.repairs),
    }


def _tell(console: Console, checked: Sequence[Checked]) -> None:
    from rich.text import Text

    from hub.output.console import printable

    for one in checked:
        if one.state == "found":
            continue
        console.print(Text.assemble((one.state, _STYLES[one.state]), f" {one.kind} ", (printable(one.name), "cyan")))
        if one.why:
            console.print(Text(f"  {printable(one.why)}"))
        for difference in one.differences:
            wanted, found = printable(_short(difference.wanted)), printable(_short(difference.found))
            console.print(Text(f"  {printable(difference.fact)}: {found} in the account, {wanted} rendered"))
        for step in one.repairs:
            console.print(Text(f"  {printable(step)}"), soft_wrap=True)
    told = Counter(one.state for one in checked)
    console.print(", ".join(f"{told[state]} {state}" for state in ("found", "missing", "differs", "unread")))


def _short(value: Any) -> str:
    text = "nothing" if value is None or value == [] else str(value)
    return text if len(text) <= 160 else f"{text[:160]}…"
