"""A digest in words, in Korean and English, and as data: amounts are exact to the millionth, times in UTC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from generator.cost.pricing import money
from generator.values.formats import format_time
from hub.views.unreadable import describe_unreadable
from reconcilers.causes.texts import one_line

if TYPE_CHECKING:
    from hub.views.digest.model import Digest, Group, Line, State, Sums
    from hub.views.messages.words import Language

#: Lines of a group that people are shown, groups, and how much of a name.
MOST_LINES, MOST_GROUPS, _LONGEST = 50, 1000, 80
_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """A language; in braces stand the names of what is filled in."""

    states: Mapping[State, str]
    head: str
    counts: str
    cost: str
    no_cost: str
    group: str
    nobody: str
    ends: str
    soon: str
    ended: str
    more: str
    more_groups: str
    nothing: str
    partial: str
    unreadable: str


_WORDS: Final[Mapping[Language, _Words]] = {
    "en": _Words(
        states={"there": "active", "awaiting": "awaits approval", "ended": "ended"},
        head="Previews from {since} to {until}",
        counts="{started} started, {ended} ended, {extended} extended, {revived} revived",
        cost="Cost in this time, at list price: {cost}",
        no_cost="none",
        group="{name}: {there} now, {soon} ending within 24 hours, {cost}",
        nobody="(unknown)",
        ends="ends {at}",
        soon="ends soon: {at}",
        ended="ended {at}",
        more="and {count} more",
        more_groups="Groups that are not shown: {count}; their costs are in the sum.",
        nothing="There were no previews.",
        partial="Git has more history than is read: costs and counts are those of the newest part.",
        unreadable="{environment} cannot be read, and is left out.",
    ),
    "ko": _Words(
        states={"there": "있음", "awaiting": "승인 대기 중", "ended": "종료됨"},
        head="{since}부터 {until}까지의 프리뷰",
        counts="시작 {started}건, 종료 {ended}건, 연장 {extended}건, 되살림 {revived}건",
        cost="이 기간의 비용(정가 기준): {cost}",
        no_cost="없음",
        group="{name}: 현재 {there}개, 24시간 안에 종료 {soon}개, {cost}",
        nobody="(알 수 없음)",
        ends="{at} 종료 예정",
        soon="곧 종료: {at}",
        ended="{at} 종료",
        more="그 밖에 {count}개",
        more_groups="표시하지 않은 그룹이 {count}개 더 있으며, 비용 합계에는 포함되어 있습니다.",
        nothing="프리뷰가 없었습니다.",
        partial="Git에 살펴보는 것보다 많은 기록이 있습니다. 비용과 건수는 최근 부분만의 것입니다.",
        unreadable="{environment} 환경은 읽을 수 없어 제외했습니다.",
    ),
}


@dataclass(frozen=True, slots=True)
class Worded:
    """A digest in a language: `groups` are a line with those below it; `amiss`: what is left out.

    Names are as they were written, on one line: who prints them escapes them.
    """

    title: str
    sums: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    amiss: tuple[str, ...]


def digest_worded(
    found: Digest, language: Language, *, most_lines: int = MOST_LINES, most_groups: int = MOST_GROUPS
) -> Worded:
    """What people are told; of many groups and lines the first, and how many more there are."""
    say, wanted = _WORDS[language], found.wanted
    counts = {name: found.counts.get(name, 0) for name in ("started", "ended", "extended", "revived")}
    sums = (say.counts.format_map(counts), say.cost.format(cost=_money(found.cost, say)))
    left = len(found.groups) - most_groups
    amiss = [say.more_groups.format(count=left)] if left > 0 else []
    amiss += [say.partial] if found.is_partial else []
    amiss += [say.unreadable.format(environment=environment) for environment in sorted(found.unreadable)]
    return Worded(
        say.head.format(since=_at(wanted.since), until=_at(wanted.until)),
        sums if found.groups else (say.nothing,),
        tuple(_group(group, wanted.until, say, most_lines) for group in found.groups[:most_groups]),
        tuple(amiss),
    )


def digest_lines(
    found: Digest, language: Language, *, most_lines: int = MOST_LINES, most_groups: int = MOST_GROUPS
) -> Iterator[str]:
    """The same, line by line."""
    told = digest_worded(found, language, most_lines=most_lines, most_groups=most_groups)
    yield from (told.title, *told.sums)
    for head, lines in told.groups:
        yield from ("", head)
        yield from (f"- {line}" for line in lines)
    yield from told.amiss


def _group(group: Group, now: datetime, say: _Words, most: int) -> tuple[str, tuple[str, ...]]:
    there = [line for line in group.lines if line.state == "there"]
    soon = sum(line.ends_soon(now) for line in there)
    name = one_line(group.name)[:_LONGEST] or say.nobody
    head = say.group.format(name=name, there=len(there), soon=soon, cost=_money(group.cost, say))
    lines = [f"{line.environment}/{line.key}: {_line(line, now, say)}" for line in group.lines[:most]]
    more = [say.more.format(count=len(group.lines) - most)] if len(group.lines) > most else []
    return head, (*lines, *more)


def _line(line: Line, now: datetime, say: _Words) -> str:
    told = [] if line.state == "ended" and line.at is not None else [say.states[line.state]]
    if line.at is not None:
        form = say.ended if line.state == "ended" else say.soon if line.ends_soon(now) else say.ends
        told.append(form.format(at=_at(line.at)))
    told += [_money(line.cost, say)] if line.cost else []
    told += [one_line(line.requested_by)[:_LONGEST]] if line.requested_by else []
    return ", ".join(told)


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _money(sums: Sums, say: _Words) -> str:
    return " + ".join(money(amount, currency) for currency, amount in sorted(sums.items())) or say.no_cost


def digest_data(found: Digest) -> dict[str, Any]:
    """The same for machines; amounts as text."""
    wanted = found.wanted
    return {
        "since": format_time(wanted.since),
        "until": format_time(wanted.until),
        "by": wanted.by,
        "counts": {name: found.counts.get(name, 0) for name in ("started", "ended", "extended", "revived")},
        "cost": _exact(found.cost),
        "groups": [_group_data(group, wanted.until) for group in found.groups],
        "isPartial": found.is_partial,
        "unreadable": describe_unreadable(found.unreadable),
    }


def _group_data(group: Group, now: datetime) -> dict[str, Any]:
    return {
        "name": group.name,
        "cost": _exact(group.cost),
        "previews": [
            {
                "environment": line.environment,
                "issue": str(line.key),
                "state": line.state,
                "requestedBy": line.requested_by,
                "ends": format_time(line.at) if line.at is not None and line.state == "there" else None,
                "ended": format_time(line.at) if line.at is not None and line.state == "ended" else None,
                "endsSoon": line.ends_soon(now),
                "cost": _exact(line.cost),
            }
            for line in group.lines
        ],
    }


def _exact(sums: Sums) -> dict[str, str]:
    return {currency: str(amount.quantize(_PLACES, ROUND_HALF_UP)) for currency, amount in sorted(sums.items())}
