"""`rtb-hub login`: let in by a browser, refreshed as needed, one process at a time, and signed out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from generator.errors import ConfigError, Reason
from hub.commands.server.calling import Api
from hub.commands.server.logins import Logins, login, logout, token_of
from hub.services.auth.app import make_app
from hub.settings.server import ServerSettings
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.served import on_loopback
from worlds.sign_in import sign_in


def test_from_login_to_logout(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    late = [timedelta()]
    database._clock = lambda: datetime.now(UTC) + late[0]
    auth = sign_in(database, "http://127.0.0.1:4001", clock=lambda: datetime.now(UTC) + late[0], actor="alice")
    app = make_app(auth, is_loopback=True)
    said: list[str] = []
    logins = Logins(tmp_path / "state" / "logins.json")
    with on_loopback(app) as url:
        browser = TestClient(app, base_url="http://127.0.0.1:4001")
        browser.get(f"/api/auth/local?code={auth.access.sign_in.code}", follow_redirects=False)

        def let_in(_: float) -> None:
            page = browser.get(said[0].removeprefix("open http://127.0.0.1:4001")).text
            given: Any = dict(re.findall(r'name="(code|proof)" value="([^"]+)"', page))
            told = browser.post(
                "/api/auth/device/confirm", data={**given, "answer": "yes"}, headers={"Origin": auth.url},
                follow_redirects=False,
            )  # fmt: skip
            assert told.status_code == 303, told.text

        plain = Api.of(ServerSettings(url))
        assert login(plain, url, logins, said.append, sleep=let_in) == "alice"
        assert logins.path.stat().st_mode & 0o777 == 0o600
        first = token_of(logins, url, plain)
        assert auth.access.sign_in.verify is not None
        assert first is not None
        assert auth.access.sign_in.verify(first).name == "alice"
        assert token_of(logins, url, plain) == first
        late[0] = timedelta(minutes=9, seconds=45)
        second = token_of(logins, url, plain, now=lambda: datetime.now(UTC) + late[0])
        assert second != first
        assert token_of(logins, "http://other", plain) is None
        hour = timedelta(hours=1)
        for off in (hour, -hour):  # this machine's clock
            clock = lambda by=off: datetime.now(UTC) + late[0] + by  # noqa: E731
            with logins.changing() as held:
                held[url]["accessExpiresAt"] = "2000-01-01T00:00:00Z"
            renewed = token_of(logins, url, plain, now=clock)
            assert token_of(logins, url, plain, now=clock) == renewed, "it is not refreshed at each command"
            assert renewed != second
            second = renewed
        assert logout(plain, url, logins)
        assert not logout(plain, url, logins)
        assert token_of(logins, url, plain) is None
        with logins.changing() as held:
            held[url] = {"refreshToken": "rtbr_gone"}
        with pytest.raises(ConfigError) as ended:
            token_of(logins, url, plain)
        assert ended.value.reason is Reason.NOT_SIGNED_IN
        assert logins.find(url) is None
    database.close()


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "logins.json").write_text("{")
    with pytest.raises(ConfigError) as found:
        Logins(tmp_path / "logins.json").find("x")
    assert found.value.reason is Reason.FILE_UNUSABLE
