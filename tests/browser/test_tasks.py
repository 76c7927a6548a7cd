"""Ten things that people come for, each by keys alone and by a finger at 390 px, in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hands import WAYS, Hands
from playwright.sync_api import Browser, expect
from world import Served, serving, signed_in, start

from hub.actions.inbox.inbox import Arrived, accept
from hub.queue.jobs import Jobs
from hub.store import operations
from hub.store.database import Database, sqlite_url
from hub.store.operations import NewOperation
from hub.store.tables import JOBS
from worlds.builders import image
from worlds.commands import must
from worlds.kube_api import KubeApi
from worlds.preview_states import there, waits_for_its_image

MINE, OTHERS, FAILS, REMOVED, ASKED = (f"RTB-{number}" for number in range(1, 6))
REQUEST = "https://forge.example.com/acme/state/pulls/42"
DELIVERY = "guid-of-the-delivery"
#: What is read on the screens: English, Korean.
WORDS = {
    "previews": ("Previews", "프리뷰"),
    "start": ("Start a preview", "프리뷰 시작"),
    "waiting": ("Waiting and approvals", "대기열과 승인"),
    "environments": ("Environments", "환경"),
    "calendar": ("Calendar", "일정"),
    "operations": ("Operations", "작업"),
    "mine": ("Mine", "내 것"),
    "everybody": ("Everybody's", "전체"),
    "deliveries": ("Deliveries", "수신"),
    "extend": ("Extend", "연장"),
    "stop": ("Stop", "중지"),
    "extended": ("1 preview extended", "프리뷰 1개를 연장했습니다"),
    "stopped": ("1 preview stopped", "프리뷰 1개를 중지했습니다"),
    "todo": ("For the developer", "개발자가 할 일"),
    "spent": ("This month so far", "이번 달 지금까지"),
    "priced": ("Price", "가격"),
    "removed": ("It was removed by bob", "제거한 사람: bob"),
    "again": ("Replay", "다시 처리"),
    "replayed": ("It runs again", "다시 실행합니다"),
}


def put_a_request(database: Database) -> None:
    """The pull request of the start of `ASKED` in prd, as the worker keeps it."""
    now = datetime.now(UTC)
    asked = NewOperation("op-asked", "preview.start", f"prd/{ASKED}", {}, "alice", "api", "person-alice")
    row = {
        "created_at": now, "queue": "jira-queue", "payload": {}, "key": "", "replaces": False, "state": "done",
        "run_at": now, "attempts": 1, "crashes": 0, "ended_at": now,
    }  # fmt: skip
    done: dict[str, Any] = {"request": {"number": 42, "url": REQUEST}, "notYet": None}
    with database.write() as connection:
        operations.add(connection, database, asked, now=now)
        connection.execute(JOBS.insert().values(row | {"id": "op-asked", "name": "preview.start", "result": {}}))
        review = {"id": "op-asked-review", "name": "request.review", "parent": "op-asked", "result": done}
        connection.execute(JOBS.insert().values(row | review))


def put_a_delivery(database: Database) -> None:
    body = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1}).encode()
    headers = {"x-github-event": "ping", "content-type": "application/json", "x-github-delivery": DELIVERY}
    accept(Jobs(database), Arrived("github", headers, body, "secret"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("tasks")
    previews = [(MINE, "int", "alice"), (OTHERS, "int", "bob"), (REMOVED, "int", "alice")]
    with KubeApi() as cluster:
        connected = {"RTB_HUB_CLUSTERS": "int=here", "KUBECONFIG": str(cluster.kubeconfig(folder / "config"))}
        there(cluster, FAILS)
        waits_for_its_image(cluster, FAILS)
        with serving(folder, *previews, (ASKED, "prd", "alice"), RTB_HUB_ACTOR="alice", **connected) as made:
            start(made.repo, FAILS, "int", "alice", "--ttl", "8h")
            must("stop", REMOVED, "--env", "int", "--reason", "merged", "--repo", made.repo, RTB_HUB_ACTOR="bob")
            with closing(Database(sqlite_url(made.data / "hub.sqlite"))) as database:
                put_a_request(database)
                put_a_delivery(database)
            yield made


class Person:
    """Somebody at the first screen."""

    def __init__(self, served: Served, hands: Hands, way: str, language: str) -> None:
        self.served, self.hands, self.page = served, hands, hands.page
        self.way, self.language = way, language

    def word(self, name: str) -> str:
        english, korean = WORDS[name]
        return korean if self.language == "ko" else english

    def link(self, name: str) -> Any:
        return self.page.get_by_role("link", name=name, exact=True).first

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=self.word(name), exact=True)

    def sees(self, text: str) -> None:
        expect(self.page.locator("#hub-main")).to_contain_text(text)


@pytest.fixture(params=list(product(WAYS, ("en", "ko"))), ids="-".join)
def person(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Person]:
    way, language = request.param
    hands, options = WAYS[way]
    with signed_in(browser, served, locale={"en": "en-US", "ko": "ko-KR"}[language], **options) as context:
        page = context.new_page()
        page.goto(served.url)
        expect(page.get_by_role("link", name=MINE, exact=True)).to_be_visible()
        yield Person(served, hands(page), way, language)


def test_find_mine(person: Person) -> None:
    expect(person.link(OTHERS)).to_have_count(0)
    person.hands.press(person.button("everybody"))
    expect(person.link(OTHERS)).to_be_visible()
    person.hands.press(person.button("mine"))
    expect(person.link(OTHERS)).to_have_count(0)
    expect(person.link(MINE)).to_be_visible()


def test_why_it_is_not_up(person: Person) -> None:
    person.hands.press(person.link(FAILS))
    person.sees(person.word("todo"))
    person.sees("manifest unknown")


def test_extend(person: Person) -> None:
    person.hands.press(person.link(MINE))
    ends = person.page.locator("dd time").first
    before = ends.get_attribute("datetime")
    person.hands.press(person.button("extend"))
    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_contain_text(MINE)
    expect(dialog).to_contain_text("int")
    person.hands.press(dialog.get_by_role("button", name=person.word("extend"), exact=True))
    expect(person.page.get_by_text(person.word("extended"))).to_be_visible()
    expect(ends).not_to_have_attribute("datetime", before or "")


def test_start_and_stop(person: Person) -> None:
    issue = f"RTB-{100 + list(product(WAYS, ('en', 'ko'))).index((person.way, person.language))}"
    page, hands = person.page, person.hands
    hands.screen(person.word("start"))
    hands.write(page.locator("#start-issue"), issue)
    for component in ("web", "api"):
        hands.write(page.locator(f"#image-{component}"), image(component))
    expect(page.locator(".hub-aside .hub-room").first).to_be_visible()
    hands.press(page.locator(".hub-submit button").first)
    expect(page.get_by_role("heading", name=issue, exact=True)).to_be_visible()
    hands.press(person.button("stop"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(issue)
    hands.press(dialog.get_by_role("button", name=person.word("stop"), exact=True))
    expect(page.get_by_text(person.word("stopped"))).to_be_visible()


def test_the_link_to_approve(person: Person) -> None:
    person.hands.screen(person.word("waiting"))
    link = person.page.locator(f'#hub-main a[href="{REQUEST}"]')
    expect(link).to_be_visible()
    person.page.context.route(REQUEST, lambda route: route.fulfill(body="the request"))
    with person.page.context.expect_page() as opened:
        person.hands.press(link)
    expect(opened.value.get_by_text("the request")).to_be_visible()


def test_who_removed_it(person: Person) -> None:
    person.hands.write(person.page.locator("#hub-search"), REMOVED)
    person.hands.press(person.page.locator(f'#hub-main a[href="/preview/{REMOVED}"]'))
    person.sees(person.word("removed"))
    person.sees("merged")


def test_what_ends_next(person: Person) -> None:
    person.hands.screen(person.word("calendar"))
    day = person.page.locator(".hub-day-some").first
    person.hands.press(day)
    expect(day).to_have_attribute("aria-pressed", "true")
    expect(person.link(FAILS)).to_be_visible()


def test_what_it_costs(person: Person) -> None:
    person.hands.screen(person.word("environments"))
    person.sees(person.word("spent"))
    expect(person.page.locator(".hub-money dd").first).to_contain_text("$")
    person.hands.screen(person.word("previews"))
    person.hands.press(person.link(MINE))
    person.sees(person.word("priced"))
    person.sees("$")


def test_replay_a_delivery(person: Person) -> None:
    person.hands.screen(person.word("operations"))
    person.hands.press(person.page.get_by_role("tab", name=person.word("deliveries")))
    person.hands.press(person.page.get_by_role("button", name=f"{person.word('again')}: {DELIVERY}"))
    expect(person.page.get_by_text(person.word("replayed"))).to_be_visible()
