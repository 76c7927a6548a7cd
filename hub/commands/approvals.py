"""`rtb-hub approvals`: requests that await a review, with what each still waits for; and `approve` without a forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from generator.values.naming import IssueKey
from hub.actions.approve import Approvals, ReviewRequest
from hub.actions.approve import approvals as await_review
from hub.actions.approve import approve as give_review
from hub.commands.unreadable import exit_for_unreadable
from hub.output.console import Format, console, emit, printable
from hub.views.approvals import judged_data
from hub.views.unreadable import describe_unreadable, tell_unreadable
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"merge": "green", "wait": "yellow", "close": "red"}


def run(env: str | None, *, repo: str | None, output: Format) -> None:
    """Tell the requests of one gated environment, or of all that name a forge and can be read."""
    ours = hub()
    found = await_review(env, requests=ours.requests(ours.store(repo)))
    data = {
        "requests": [judged_data(one) for one in found.passes],
        "withoutForge": list(found.without_forge),
        "unreadable": describe_unreadable(found.unreadable),
    }
    emit(data, output, lambda out: _tell(out, found))
    exit_for_unreadable(found.unreadable)


def approve(key: str, env: str, state: Literal["approved", "changes-requested"], *, repo: str | None) -> None:
    """Review a request of the local forge. Raises `Stalled` (RequestNotFound), and `ConfigError` for other forges."""
    ours, issue = hub(), IssueKey.parse(key)
    store = ours.store(repo)
    asked = ReviewRequest(issue, env, state, ours.settings.actor)
    given = give_review(asked, requests=ours.requests(store), forge_as=ours.local_forges(store))
    did = "approved" if state == "approved" else "requested changes to"
    out = console()
    out.print(f"{printable(asked.by)} {did} request {given.request.number}")
    if given.verdict is None:
        out.print("  what it waits for could not be told; 'rtb-hub approvals' shows it")
        return
    for words in given.verdict.not_counted:
        if words.startswith(f"{asked.by} "):
            out.print(f"  it does not count: {printable(words)}")
    for wait in given.verdict.waits:
        out.print(f"  waits for: {printable(wait.words)}")
    if given.verdict.kind == "merge":
        out.print("  the next reconcile merges it")


def _tell(out: Console, approvals: Approvals) -> None:
    from rich.text import Text

    for found in approvals.passes:
        for one in found.judged:
            verdict = one.verdict
            head = Text.assemble(
                (f"{one.name.upper()} in {found.environment}", "bold"), f"  {printable(one.request.url)}"
            )
            out.print(head)
            out.print(Text.assemble("  ", (verdict.kind, _STYLES[verdict.kind]), f"  {printable(one.request.title)}"))
            if verdict.approved_by:
                out.print(f"  approved by {printable(', '.join(verdict.approved_by))}")
            for wait in verdict.waits:
                out.print(f"  waits for: {printable(wait.words)}")
            for words in verdict.not_counted:
                out.print(Text(f"  not counted: {printable(words)}", "dim"))
        for name in found.unasked:
            out.print(f"{name.upper()} in {found.environment}: its pull request is opened by the next reconcile")
        if not (found.judged or found.unasked):
            out.print(f"nothing awaits a review in {found.environment}")
    for name in approvals.without_forge:
        out.print(
            f"{name} names no forge in its file: its pull requests are opened and merged by hand (docs/FORGES.md)"
        )
    tell_unreadable(out, approvals.unreadable)
    if not (approvals.passes or approvals.without_forge or approvals.unreadable):
        out.print("no environment changes by review only")
