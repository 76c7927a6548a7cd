"""`rtb-hub approvals`: requests that await a review, with what each still waits for; and `approve` without a forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from generator.errors import About, ConfigError, Fault, Reason, Remedy, RemedyKind, Stalled
from generator.model.overlay import unknown_environment
from generator.values.formats import format_time
from generator.values.naming import IssueKey
from hub.output.console import Format, emit, printable
from hub.wiring import Hub, hub
from reconcilers.approval.decisions import NAME, ApprovalPass
from reconcilers.state.environment import EnvironmentState, request_branch

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.ports.git import GitStore

_STYLES = {"merge": "green", "wait": "yellow", "close": "red"}


def run(env: str | None, *, repo: str | None, output: Format) -> None:
    """Tell the requests of one gated environment, or of all that name a forge."""
    ours = hub()
    store = ours.store(repo)
    states = ours.read_states(store)
    names = [state.environment.name for state in states]
    if env is not None and env not in names:
        raise unknown_environment(env, names)
    gated = [state for state in states if state.environment.spec.gated and env in (None, state.environment.name)]
    # Of all, those that name no forge are only told of; people review them where they are.
    without = [one.environment.name for one in gated if one.environment.spec.forge is None] if env is None else []
    found = [_pass(ours, store, state) for state in gated if state.environment.name not in without]
    data = {"requests": [_data(one) for one in found], "withoutForge": without}
    emit(data, output, lambda console: _tell(console, found, without))


def approve(key: str, env: str, state: Literal["approved", "changes-requested"], *, repo: str | None) -> None:
    """Review a request of the local forge. Raises `Stalled` (RequestNotFound), and `ConfigError` for other forges."""
    from hub.adapters.local_forge.forge import LocalForge, open_local_forge

    ours, issue = hub(), IssueKey.parse(key)
    store = ours.store(repo)
    environment = ours.read_state(store, env).environment
    if environment.spec.forge is None or environment.spec.forge.kind != "local":
        fault = Fault(f"requests to {env} are not reviewed here", remedy="review its pull request where it is")
        raise ConfigError(Reason.INVALID_FORGE, fault)
    path, actor = ours.repository_path(store.location), ours.settings.actor
    forge: LocalForge = open_local_forge(path, actor=actor, clock=ours.clock, environ=ours.settings.environ)
    branch = request_branch(env, issue)
    found = forge.requests(environment.spec.branch, prefix=branch, closed_since=ours.clock())
    request = next((one for one in found if one.branch == branch and one.state == "open"), None)
    if request is None:
        remedy = Remedy(RemedyKind.LIST_REQUESTS, About(env))
        raise Stalled(Reason.REQUEST_NOT_FOUND, f"nothing of {key} awaits a review in {env}", remedy=remedy)
    forge.review(request.number, state)
    from hub.output.console import console

    console().print(f"{actor} {'approved' if state == 'approved' else 'asked for changes of'} request {request.number}")


def _pass(ours: Hub, store: GitStore, state: EnvironmentState) -> ApprovalPass:
    environment = state.environment
    forge = ours.forge(environment, store.location)
    if forge is None or environment.spec.approval is None:
        name, lacks = environment.name, "forge" if forge is None else "approval"
        fault = Fault(f"{name} has no {lacks} in its file", field=lacks, remedy=f"set {lacks} in its environment.yaml")
        raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    return ours.desk(store, forge).found(state, now=ours.clock())


def _data(found: ApprovalPass) -> dict[str, Any]:
    return {
        "environment": found.environment,
        "reconciler": NAME,
        "open": [
            {
                "issue": one.name.upper(),
                "number": one.request.number,
                "url": one.request.url,
                "title": one.request.title,
                "head": one.request.head,
                "since": format_time(one.request.created_at),
                "decision": one.verdict.kind,
                "why": one.verdict.why,
                "approvedBy": list(one.verdict.approved_by),
                "waits": [{"for": wait.need, "words": wait.words} for wait in one.verdict.waits],
                "notCounted": list(one.verdict.not_counted),
            }
            for one in found.judged
        ],
        "withoutRequest": [name.upper() for name in found.unasked],
    }


def _tell(console: Console, passes: list[ApprovalPass], without: list[str]) -> None:
    from rich.text import Text

    for found in passes:
        for one in found.judged:
            verdict = one.verdict
            head = Text.assemble(
                (f"{one.name.upper()} in {found.environment}", "bold"), f"  {printable(one.request.url)}"
            )
            console.print(head)
            console.print(
                Text.assemble("  ", (verdict.kind, _STYLES[verdict.kind]), f"  {printable(one.request.title)}")
            )
            if verdict.approved_by:
                console.print(f"  approved by {printable(', '.join(verdict.approved_by))}")
            for wait in verdict.waits:
                console.print(f"  waits for: {printable(wait.words)}")
            for words in verdict.not_counted:
                console.print(Text(f"  not counted: {printable(words)}", "dim"))
        for name in found.unasked:
            console.print(f"{name.upper()} in {found.environment}: its pull request is opened by the next reconcile")
        if not (found.judged or found.unasked):
            console.print(f"nothing awaits a review in {found.environment}")
    for name in without:
        console.print(f"{name} names no forge in its file: its requests are reviewed past the hub (docs/FORGES.md)")
    if not (passes or without):
        console.print("no environment changes by review only")
