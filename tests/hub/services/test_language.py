"""Answers in the language that is asked for, over HTTP; what machines read is the same in both."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from hub.services.auth.app import make_app
from hub.services.language import Spoken
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from hub.views.speaking import say
from worlds.api_world import ApiWorld
from worlds.people import Provider
from worlds.sign_in import sign_in

KO = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"}


def test_a_problem_is_worded_and_its_codes_are_not(idle: ApiWorld) -> None:
    english = idle.get("/api/v1/previews/itn/RTB-1")
    korean = idle.get("/api/v1/previews/itn/RTB-1", headers=KO)
    assert (english.headers["content-language"], korean.headers["content-language"]) == ("en", "ko")
    assert "Accept-Language" in korean.headers["vary"]
    one, other = english.json(), korean.json()
    assert (one["title"], other["title"]) == ("UnknownEnvironment", "그런 환경이 없습니다")
    assert one["faults"][0]["message"] in one["detail"]
    assert other["detail"] == other["faults"][0]["message"] == "환경 'itn': 없습니다"
    for name in ("type", "status", "reason"):
        assert one[name] == other[name]
    assert other["faults"][0]["allowed"] == one["faults"][0]["allowed"]


def test_what_is_not_known_is_told_by_its_reason(idle: ApiWorld) -> None:
    told = idle.post("/api/v1/previews", json={"issue": "RTB-1"}, headers=KO).json()
    assert (told["title"], told["detail"]) == (
        "올바르지 않은 값이 있습니다", "옵션이나 필드에 허용되지 않는 값이 있습니다.",
    )  # fmt: skip
    assert {one["message"] for one in told["faults"]} == {"Field required"}, (
        "what exactly is wrong stays as it was said"
    )


def test_refusals_of_every_part_are_worded(idle: ApiWorld) -> None:
    assert idle.get("/api/v1/previews?text=%00", headers=KO).json()["detail"] == "주소에 NUL이 있습니다"
    assert idle.get("/api/v1/nothing", headers=KO).json()["detail"] == "그런 페이지가 없습니다"
    nobody = idle.get("/api/v1/previews", by=None, headers=KO)
    assert nobody.json()["faults"][0] == {
        "message": "로그인한 사람이 없습니다",
        "remedy": "'Authorization: Bearer TOKEN'을 보내세요",
    }
    assert idle.get("/api/v1/jobs", by="viewer", headers=KO).json()["detail"] == "viewer에게 이 일을 할 권한이 없습니다"
    assert idle.call("PATCH", "/api/v1/previews", headers=KO).json()["title"] == "허용되지 않는 메서드입니다"
    page = idle.get("/preview/RTB-404", headers=KO)
    assert '<html lang="ko">' in page.text
    assert "RTB-404의 프리뷰가 없습니다" in page.text
    assert '<html lang="en">' in idle.get("/preview/RTB-404").text


def test_two_languages_at_once_are_not_mixed() -> None:
    """Each waits within its request until the other is within its own, and then words something."""
    found: dict[str, str] = {}
    both = asyncio.Event()
    within: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del receive, send
        within.append(scope["path"])
        if len(within) == 2:
            both.set()
        await both.wait()
        found[scope["path"]] = await asyncio.to_thread(say, "Where?")

    async def ask(path: str, language: bytes) -> None:
        scope = {"type": "http", "path": path, "headers": [(b"accept-language", language)]}
        await Spoken(app)(scope, None, None)  # type: ignore[arg-type]

    async def run() -> None:
        await asyncio.gather(ask("/api/ko", b"ko"), ask("/api/en", b"en"))

    asyncio.run(run())
    assert found == {"/api/ko": "어느 환경인가요?", "/api/en": "Where?"}


def test_the_page_that_lets_a_command_line_in(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    auth = sign_in(database, "https://hub.example.com", clock=lambda: datetime.now(UTC))
    auth.providers = {"oidc": Provider()}
    client = TestClient(make_app(auth), base_url="https://hub.example.com", headers=KO)
    asked = client.post("/api/auth/device", json={"client": "rtb-hub {0} <b>"}).json()
    page = client.get(f"/api/auth/device?code={asked['userCode']}").text
    assert '<html lang="ko">' in page
    assert "rtb-hub {0} &lt;b&gt;" in page
    assert "누군가 이 링크를 보냈다면 거부하세요" in page
    assert client.get("/api/auth/me").json()["detail"] == "로그인한 사람이 없습니다"
    database.close()
