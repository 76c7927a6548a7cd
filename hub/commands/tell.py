"""`rtb-hub tell`: bring the messages about previews up to date, once; or print them all."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason
from generator.values.formats import format_time
from hub.output.console import Format, emit, printable
from hub.wiring import hub

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from rich.console import Console

    from hub.actions.telling.teller import Planned
    from hub.views.messages.words import Language


def run(env: str | None, *, dry_run: bool, repo: str | None, output: Format) -> None:
    """One pass, or what it would do. Raises `ConfigError` (InvalidValue, UnknownEnvironment, DatabaseRevision).

    Of what keeps messages from being told, the first is raised once all others are.
    """
    ours = hub()
    from hub.wiring.databases import ready_database
    from hub.wiring.telling import open_channels, open_telling

    languages = {str(one.channel.name): one.language for one in open_channels(ours)}
    if not languages:
        allowed = (
            "RTB_HUB_JIRA_MESSAGES=en or ko with RTB_HUB_JIRA_URL, RTB_HUB_GITHUB_MESSAGES=en or ko,"
            " RTB_HUB_GITEA_MESSAGES=en or ko with RTB_HUB_GITEA_URL, or"
            " RTB_HUB_SLACK_MESSAGES=en or ko with RTB_HUB_SLACK_TOKEN and RTB_HUB_SLACK_CHANNELS"
        )
        raise ConfigError(Reason.INVALID_VALUE, Fault("the settings name nowhere to tell anybody", allowed=allowed))
    with ready_database(ours) as database:
        telling = open_telling(ours, repo, database, is_lasting=False)
        planned = telling.plan(env) if dry_run else []
        done = {} if dry_run else telling.look(env)
        failures = {str(teller.channel.name): [*teller.failures] for teller in telling.tellers}
    if dry_run:
        _emit_plan(planned, languages, output)
        for err in chain(*failures.values()):
            raise err
        return
    failed = {channel: len(errors) for channel, errors in failures.items()}
    told = {"dryRun": False, "done": done, "failed": sum(failed.values())}
    emit(told, output, lambda console: _tell(console, done, failed))
    for err in chain(*failures.values()):
        raise err


def _emit_plan(planned: list[Planned], languages: Mapping[str, Language], output: Format) -> None:
    from hub.views.messages.document import document_of
    from hub.views.messages.faults import fault_document
    from hub.views.messages.plain import plain_of
    from hub.views.messages.words import LANGUAGES
    from reconcilers.messages.faults import PlatformFault

    def text_of(one: Planned) -> str:
        message, say = one.message, LANGUAGES[languages[one.channel]]
        if isinstance(message, PlatformFault):
            return plain_of(fault_document(message, say))
        return plain_of(document_of(message, say))

    texts = [text_of(one) for one in planned]
    data = [_data(one, text) for one, text in zip(planned, texts, strict=True)]

    def people(console: Console) -> None:
        from rich.text import Text

        if not planned:
            console.print("there are no messages")
        for one, text in zip(planned, texts, strict=True):
            when = f", at {format_time(one.at.replace(microsecond=0))}" if one.at is not None else ""
            alerts = f", alerts {one.ping.who}" if one.ping is not None else ""
            head = Text.assemble((one.message.row, "bold"), f" {one.channel}: {one.action}{when}{alerts}")
            console.print(head)
            if one.action in ("post", "edit"):
                for line in text.splitlines():
                    console.print(Text(f"    {printable(line)}"))

    emit({"dryRun": True, "messages": data}, output, people)


def _data(one: Planned, text: str) -> dict[str, Any]:
    return {
        "environment": one.message.environment,
        "issue": one.message.issue,
        "channel": one.channel,
        "place": one.message.at or None,
        "action": one.action,
        "at": format_time(one.at.replace(microsecond=0)) if one.at is not None else None,
        "alerts": one.ping.who if one.ping is not None else None,
        "phase": one.message.phase,
        "text": text,
    }


def _tell(console: Console, done: Mapping[str, Counter[Any]], failed: Mapping[str, int]) -> None:
    for channel, counts in sorted(done.items()):
        outcomes = [*sorted(counts.items()), *([("failed", failed[channel])] if failed[channel] else [])]
        told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes)
        console.print(f"{channel}: {told or 'everything is up to date'}", highlight=False)
