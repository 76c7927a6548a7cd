"""Odd input of each place where the API takes text, on both databases: refused with a reason, and never a mistake of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from worlds.api_world import ApiWorld, api_world
from worlds.serving import Serving

ODD = (
    "\0", "%", "'", "\ud800", "\U0001f600" * 20, "9" * 39, "-1", "../..", "<script>", "RTB-1/int/x", "\u202eRTB-1",
    "RTB-1 int", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "NaN",
)  # fmt: skip
PATHS = (
    "/api/v1/previews?after={}", "/api/v1/previews?sort=ends&after={}", "/api/v1/previews?text={}",
    "/api/v1/previews?requester={}", "/api/v1/previews?env={}&phase={}&project={}", "/api/v1/previews?limit={}",
    "/api/v1/previews/{}/RTB-1", "/api/v1/previews/int/{}", "/api/v1/previews/int/{}/history",
    "/api/v1/previews/int/RTB-1/history?after={}", "/api/v1/previews/int/{}/diff", "/api/v1/previews/int/{}/causes",
    "/api/v1/previews/int/{}/manifest", "/api/v1/previews/int/{}/shown", "/api/v1/listing?after={}",
    "/api/v1/listing?env={}", "/api/v1/listing?endsWithin={}", "/api/v1/listing?owner={}&project={}",
    "/api/v1/history?since={}", "/api/v1/history?key={}", "/api/v1/history?env={}", "/api/v1/calendar?from={}",
    "/api/v1/calendar?to={}", "/api/v1/calendar?after={}", "/api/v1/calendar?requester={}",
    "/api/v1/calendar?offsetMinutes={}", "/api/v1/statistics?days={}", "/api/v1/statistics?env={}",
    "/api/v1/way/{}", "/api/v1/way/RTB-1?env={}", "/preview/{}", "/preview/RTB-1/{}", "/api/v1/blueprints/{}",
    "/api/v1/blueprints?env={}", "/api/v1/operations?after={}", "/api/v1/operations?env={}&issue=RTB-1",
    "/api/v1/operations?env=int&issue={}", "/api/v1/operations/{}", "/api/v1/jobs?after={}", "/api/v1/jobs?state={}",
    "/api/v1/jobs/{}", "/api/v1/deliveries?after={}", "/api/v1/deliveries?source={}", "/api/v1/deliveries/{}",
    "/api/v1/audit?after={}", "/api/v1/audit?who={}", "/api/v1/audit?action={}", "/api/v1/audit?outcome={}",
    "/api/v1/audit?limit={}", "/api/v1/previews/int/{}/status", "/api/v1/previews/int/RTB-1/logs/{}",
    "/api/v1/previews/int/RTB-1/logs/web?tail={}", "/api/v1/previews/int/RTB-1/logs/web?sinceSeconds={}",
)  # fmt: skip
CHANGES = (
    ("DELETE", "/api/v1/freezes/{}"), ("POST", "/api/v1/jobs/{}/retry"), ("POST", "/api/v1/deliveries/{}/replay"),
    ("POST", "/api/v1/previews/int/{}/stop"), ("POST", "/api/v1/previews/{}/RTB-1/revive"),
    ("DELETE", "/api/auth/tokens/{}"), ("DELETE", "/api/auth/sessions/{}"),
)  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    serving = Serving(tmp_path / "state.git", database_url)
    with api_world(serving, works=False) as made:
        made.api.access.all.a_minute = made.api.access.writes.a_minute = 10**6
        yield made
    serving.close()


def test_odd_texts_are_answered_or_refused(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.services.api.access.WRITES_A_MINUTE", 10**6)
    wrong = []
    for text in ODD:
        told = quote(text.encode("utf-8", "surrogatepass"), safe="")
        for method, path in (*(("GET", path) for path in PATHS), *CHANGES):
            answer = world.call(method, path.replace("{}", told), by="admin", follow_redirects=False)
            if answer.status_code >= 500:
                wrong.append((answer.status_code, method, path, text, answer.text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
