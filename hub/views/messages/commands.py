"""What somebody is told who typed a command in Slack: shown to them alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from generator.errors import Fault, HubError
from hub.output.remedies import words as remedy_words
from hub.views.messages.words import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWords:
    """A language. In braces stand the names of what is filled in."""

    help: str
    you: str
    none: str
    more: str
    no_preview: str
    no_such: str
    which: str
    no_images: str
    asked: str
    done: str
    review: str
    no_review: str
    failed: str
    replaced: str
    waits: str
    linked: str
    unlinked: str
    as_of: str


COMMANDS: Final[Mapping[Language, CommandWords]] = {
    "en": CommandWords(
        help="/preview list: your previews\n"
        "/preview start KEY [ENVIRONMENT]: start one, or update it, with the images that services.yaml names for its"
        " project\n"
        "/preview why KEY [ENVIRONMENT]: how it is, and why it is not up\n"
        "/preview link, /preview unlink: whose your account in Slack is\n"
        "Such as: /preview start RTB-123 int",
        you="At the hub you are {name}.",
        none="You have no previews.",
        more="and {count} more: rtb-hub list --mine",
        no_preview="There is no preview of {issue}.",
        no_such="{text} is no command.",
        which="Which environment? Allowed: {allowed}",
        no_images="Nothing names the images of project {project} in {environment}: start it by the command line, or"
        " have services.yaml name them.",
        asked="Asked for: {issue} in {environment}. You are told here what becomes of it.",
        done="{issue} in {environment}: {change}. {url}",
        review="It is started once this is approved: {url}",
        no_review="It awaits approval. Where it is reviewed, the message of the preview says.",
        failed="{issue} in {environment} was not done: {why}",
        replaced="{issue} in {environment}: another request has taken its place.",
        waits="{issue} in {environment} waits still: {why} More: rtb-hub job {job}",
        linked="Your account in Slack is linked to {name} already.",
        unlinked="Your account in Slack acts as nobody any more.",
        as_of="As of {at}",
    ),
    "ko": CommandWords(
        help="/preview list: 내 프리뷰 목록\n"
        "/preview start KEY [ENVIRONMENT]: services.yaml이 프로젝트에 지정한 이미지로 프리뷰를 시작하거나 갱신\n"
        "/preview why KEY [ENVIRONMENT]: 상태와 실행되지 않는 이유\n"
        "/preview link, /preview unlink: Slack 계정 연결과 해제\n"
        "예: /preview start RTB-123 int",
        you="허브에서의 이름: {name}",
        none="프리뷰가 없습니다.",
        more="외 {count}개: rtb-hub list --mine",
        no_preview="{issue}의 프리뷰가 없습니다.",
        no_such="{text}은(는) 명령이 아닙니다.",
        which="어느 환경인가요? 가능한 값: {allowed}",
        no_images="{environment} 환경에서 프로젝트 {project}의 이미지가 지정되어 있지 않습니다. 명령줄에서 시작하거나"
        " services.yaml에 지정하세요.",
        asked="요청했습니다: {environment} 환경의 {issue}. 결과를 여기에 알려 드립니다.",
        done="{environment} 환경의 {issue}: {change}. {url}",
        review="승인되면 시작됩니다: {url}",
        no_review="승인을 기다리고 있습니다. 검토 위치는 프리뷰 메시지에 표시됩니다.",
        failed="{environment} 환경의 {issue}: 완료되지 않았습니다: {why}",
        replaced="{environment} 환경의 {issue}: 다른 요청으로 대체되었습니다.",
        waits="{environment} 환경의 {issue}: 아직 기다리고 있습니다: {why} 자세히: rtb-hub job {job}",
        linked="Slack 계정이 이미 {name}에 연결되어 있습니다.",
        unlinked="Slack 계정의 연결을 해제했습니다.",
        as_of="{at} 기준",
    ),
}


def fault_lines(error: HubError) -> str:
    """What is wrong with what was asked, what is allowed, and what to do, a line for each fault; in English."""
    return "\n".join(" ".join(_fault(one)) for one in error.faults)


def _fault(fault: Fault) -> Iterator[str]:
    yield f"{fault.message}."
    if fault.nearest:
        yield f"Nearest: {fault.nearest}."
    if fault.allowed:
        yield f"Allowed: {fault.allowed}."
    if fault.remedy:
        yield f"{remedy_words(fault.remedy)}."
