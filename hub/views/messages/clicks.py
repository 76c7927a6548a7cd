"""What somebody is told who clicked a button in Slack: shown to them alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.views.messages.words import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickWords:
    """A language. In braces stand the names of what is filled in."""

    extended: str
    slept: str
    woken: str
    stopped: str
    unlinked: str
    link: str
    signed_out: str
    no_role: str
    gone: str
    others: str
    no_end: str


CLICKS: Final[Mapping[Language, ClickWords]] = {
    "en": ClickWords(
        extended="Asked for: {by} more for {issue} in {environment}. The message says so once it is done; what keeps"
        " it from being done: rtb-hub job {job}",
        slept="Asked for: {issue} in {environment} is put to sleep. The message says so once it is done; what keeps it"
        " from being done: rtb-hub job {job}",
        woken="Asked for: {issue} in {environment} is woken. The message says so once it is done; what keeps it from"
        " being done: rtb-hub job {job}",
        stopped="Asked for: {issue} in {environment} is stopped. The message says so once it is done; what keeps it"
        " from being done: rtb-hub job {job}",
        unlinked="Nobody at the hub is known by your account in Slack, {user}. Have an admin of the hub link it to"
        " you.",
        link="Nobody at the hub is known by your account in Slack, {user}. Say there whose it is:\n{url}\nThe link is"
        " for you alone, and works once, for {minutes} minutes: whoever opens it has you act as them. Then ask again.",
        signed_out="You are not signed in at the hub, so that nobody knows what you may do. Sign in there, and click"
        " again.",
        no_role="You may not do that: it takes the role {role} at the hub.",
        gone="That preview of {issue} in {environment} is there no more, or another one has taken its place. Nothing"
        " was changed.",
        others="That preview is {owner}'s: only they, operators and admins may do that.",
        no_end="It has no end yet: its time begins when it is approved.",
    ),
    "ko": ClickWords(
        extended="{environment} 환경의 {issue} 프리뷰를 {by} 연장하도록 요청했습니다. 완료되면 메시지에 표시됩니다."
        " 완료되지 않는 이유: rtb-hub job {job}",
        slept="{environment} 환경의 {issue} 프리뷰를 절전하도록 요청했습니다. 완료되면 메시지에 표시됩니다."
        " 완료되지 않는 이유: rtb-hub job {job}",
        woken="{environment} 환경의 {issue} 프리뷰를 깨우도록 요청했습니다. 완료되면 메시지에 표시됩니다."
        " 완료되지 않는 이유: rtb-hub job {job}",
        stopped="{environment} 환경의 {issue} 프리뷰를 중지하도록 요청했습니다. 완료되면 메시지에 표시됩니다."
        " 완료되지 않는 이유: rtb-hub job {job}",
        unlinked="Slack 계정 {user}은(는) 허브의 누구에게도 연결되어 있지 않습니다. 허브 관리자에게 연결을 요청하세요.",
        link="Slack 계정 {user}은(는) 허브의 누구에게도 연결되어 있지 않습니다. 아래 링크에서 연결하세요.\n{url}\n"
        "본인만 쓸 수 있는 링크이며 {minutes}분 동안 한 번만 유효합니다. 다른 사람이 열면 그 사람으로 행동하게 됩니다."
        " 연결한 뒤 다시 요청하세요.",
        signed_out="허브에 로그인되어 있지 않아 권한을 확인할 수 없습니다. 허브에 로그인한 뒤 다시 클릭하세요.",
        no_role="권한이 없습니다. 허브에서 {role} 역할이 필요합니다.",
        gone="{environment} 환경의 그 {issue} 프리뷰는 더 이상 없거나 다른 프리뷰로 바뀌었습니다."
        " 아무것도 바뀌지 않았습니다.",
        others="{owner}의 프리뷰입니다. 본인, operator, admin만 할 수 있습니다.",
        no_end="아직 종료 시각이 없습니다. 승인되면 시작됩니다.",
    ),
}
