"""What messages are worded in: everything that a language has to say, checked to be whole by tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from reconcilers.causes.model import Audience
from reconcilers.messages.model import MessagePhase

Language = Literal["en", "ko"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A language. In braces stand the names of what is filled in; `time`: a moment by `strftime`, in UTC.

    `states`: a sentence of each phase; `audiences`: who acts on a cause; `audiences_of_phases`: who acts where nothing
    is wrong.
    """

    phases: Mapping[MessagePhase, str]
    states: Mapping[MessagePhase, str]
    audiences: Mapping[Audience, str]
    audiences_of_phases: Mapping[MessagePhase, str]
    time: str
    title: str
    headline: str
    head: str
    url: str
    review: str
    review_start: str
    review_removal: str
    review_unknown: str
    cause: str
    acts: str
    last: str
    last_line: str
    ends: str
    price: str
    price_line: str
    asked_by: str
    ended: str
    ended_by: str
    why: str
    no_request: str
    cost: str
    revive: str
    until: str
    look: str
    steps: str
    foot: str
    relationship: str
    open: str
    extend: str
    sleep: str
    wake: str
    stop: str
    stop_title: str
    stop_text: str
    stop_not: str
    over: str
    fault_title: str
    fault_state: str
    fault_over: str
    fault_over_badge: str
    affected: str
    affected_more: str

    def moment(self, at: datetime) -> str:
        """A moment, to the minute."""
        return at.astimezone(UTC).strftime(self.time)


ENGLISH: Final = Words(
    phases={
        "queued": "waiting for room",
        "awaiting approval": "awaiting approval",
        "starting": "starting",
        "unseen": "started",
        "running": "running",
        "expiring soon": "expiring soon",
        "sleeping": "sleeping",
        "failed": "failed",
        "stuck": "stuck",
        "stopping": "stopping",
        "removed": "removed",
        "withdrawn": "removed from Git",
        "unknown": "unknown",
    },
    states={
        "queued": "waits for room, and starts when its turn comes.",
        "awaiting approval": "awaits approval.",
        "starting": "is starting, which usually takes two to three minutes.",
        "unseen": "is started. Whether it runs is not looked at from here.",
        "running": "is running.",
        "expiring soon": "ends soon. Extend it to keep it.",
        "sleeping": "sleeps: its pods do not run until it is woken.",
        "failed": "did not come up.",
        "stuck": "waits longer than it should.",
        "stopping": "is being removed.",
        "removed": "is removed.",
        "withdrawn": "is removed from Git. Whether its pods are gone is not looked at from here.",
        "unknown": "cannot be looked at just now.",
    },
    audiences={
        Audience.DEVELOPER: "the developer",
        Audience.PLATFORM: "the platform team; there is nothing to do for you",
        Audience.NOBODY: "nobody: it passes by itself",
    },
    audiences_of_phases={
        "awaiting approval": "an approver",
        "unknown": "the platform team; there is nothing to do for you",
    },
    time="%Y-%m-%d %H:%M UTC",
    title="Preview of {issue} in {environment}: {phase}",
    headline="Preview of {issue} in {environment}",
    head="Preview in {environment}",
    url="URL",
    review="Review",
    review_start="the request to start it",
    review_removal="the request to remove it",
    review_unknown="not open yet",
    cause="Cause",
    acts="Who acts",
    last="Last known",
    last_line="{phase}, told at {at}",
    ends="Ends",
    price="Price",
    price_line="{hour} an hour, {whole} for the lease, at list price",
    asked_by="Asked for by",
    ended="Ended",
    ended_by="Ended by",
    why="Why",
    no_request="no request came since {at}",
    cost="Cost",
    revive="Bring it back",
    until="until {until}:",
    look="More",
    steps="What to do",
    foot="RTB AI Hub keeps this message up to date.",
    relationship="has a preview",
    open="Open",
    extend="Extend by {by}",
    sleep="Put to sleep",
    wake="Wake",
    stop="Stop",
    stop_title="Stop it?",
    stop_text="The preview of {issue} in {environment} is removed.",
    stop_not="Keep it",
    over="is not up any more.",
    fault_title="Fault of the platform in {environment}: {code}",
    fault_state="keeps previews from coming up or going.",
    fault_over="is over: no preview has it any more.",
    fault_over_badge="over",
    affected="Previews",
    affected_more="{some} and {count} more",
)
KOREAN: Final = Words(
    phases={
        "queued": "자리 대기 중",
        "awaiting approval": "승인 대기 중",
        "starting": "시작 중",
        "unseen": "시작됨",
        "running": "실행 중",
        "expiring soon": "곧 만료",
        "sleeping": "절전 중",
        "failed": "실패",
        "stuck": "멈춤",
        "stopping": "제거 중",
        "removed": "제거됨",
        "withdrawn": "Git에서 제거됨",
        "unknown": "확인 불가",
    },
    states={
        "queued": "자리를 기다리고 있으며, 차례가 되면 시작됩니다.",
        "awaiting approval": "승인을 기다리고 있습니다.",
        "starting": "시작하고 있습니다. 보통 2~3분 걸립니다.",
        "unseen": "시작되었습니다. 실행 여부는 여기서 확인하지 않습니다.",
        "running": "실행 중입니다.",
        "expiring soon": "곧 끝납니다. 계속 쓰려면 연장하세요.",
        "sleeping": "절전 중입니다. 깨울 때까지 파드가 실행되지 않습니다.",
        "failed": "시작하지 못했습니다.",
        "stuck": "예상보다 오래 기다리고 있습니다.",
        "stopping": "제거하고 있습니다.",
        "removed": "제거되었습니다.",
        "withdrawn": "Git에서 제거되었습니다. 파드가 없어졌는지는 여기서 확인하지 않습니다.",
        "unknown": "지금은 상태를 확인할 수 없습니다.",
    },
    audiences={
        Audience.DEVELOPER: "개발자",
        Audience.PLATFORM: "플랫폼 팀 (요청자가 할 일은 없습니다)",
        Audience.NOBODY: "없음: 저절로 해결됩니다",
    },
    audiences_of_phases={
        "awaiting approval": "승인자",
        "unknown": "플랫폼 팀 (요청자가 할 일은 없습니다)",
    },
    time="%Y-%m-%d %H:%M UTC",
    title="{environment} 환경의 {issue} 프리뷰: {phase}",
    headline="{environment} 환경의 {issue} 프리뷰:",
    head="{environment} 환경의 프리뷰:",
    url="주소",
    review="검토",
    review_start="시작 요청",
    review_removal="제거 요청",
    review_unknown="아직 열리지 않았습니다",
    cause="원인",
    acts="담당",
    last="마지막으로 확인된 상태",
    last_line="{phase} ({at}에 알림)",
    ends="종료 예정",
    price="가격",
    price_line="시간당 {hour}, 임대 기간 전체 {whole} (정가 기준)",
    asked_by="요청자",
    ended="종료 시각",
    ended_by="종료한 사람",
    why="이유",
    no_request="{at}부터 요청이 없었습니다",
    cost="비용",
    revive="되살리기",
    until="{until}까지 가능:",
    look="자세히",
    steps="할 일",
    foot="이 메시지는 RTB AI Hub가 계속 갱신합니다.",
    relationship="프리뷰",
    open="열기",
    extend="{by} 연장",
    sleep="절전",
    wake="깨우기",
    stop="중지",
    stop_title="중지할까요?",
    stop_text="{environment} 환경의 {issue} 프리뷰가 제거됩니다.",
    stop_not="유지",
    over="더 이상 실행되지 않습니다.",
    fault_title="{environment} 환경의 플랫폼 장애: {code}",
    fault_state="이 장애로 프리뷰가 시작되거나 제거되지 못하고 있습니다.",
    fault_over="해소되었습니다. 이 장애가 있는 프리뷰가 더 이상 없습니다.",
    fault_over_badge="해소됨",
    affected="프리뷰",
    affected_more="{some} 외 {count}개",
)
LANGUAGES: Final[Mapping[Language, Words]] = {"en": ENGLISH, "ko": KOREAN}
