"""`rtb-hub config`: what holds, for people and machines, and no secret."""

from __future__ import annotations

from hub.settings import setting_names
from worlds.commands import must, rtb_hub


def test_every_setting_is_told_with_its_source_and_default() -> None:
    told = must("config", "--output", "json", RTB_HUB_REPO="state.git").json()
    rows = {one["name"]: one for one in told["settings"]}
    assert rows["RTB_HUB_REPO"] == {
        "name": "RTB_HUB_REPO",
        "value": "state.git",
        "source": "environment",
        "default": "",
    }
    assert rows["RTB_HUB_WORKER_CONCURRENCY"]["value"] == rows["RTB_HUB_WORKER_CONCURRENCY"]["default"] == "20"
    own = {name for name in setting_names() if not name.startswith("RTB_EXPIRY_") and "_FORGE_" not in name}
    assert own <= set(rows)


def test_people_see_no_secret_and_what_is_misspelt() -> None:
    secret = "postgresql://hub:s3cr3t@127.0.0.1/hub"
    ran = must("config", RTB_HUB_DATABASE_URL=secret, RTB_HUB_FORGE_TOKEN="t0ken-of-hub", RTB_HUB_DATABASE_URI="x")
    assert "s3cr3t" not in ran.out
    assert "t0ken-of-hub" not in ran.out
    rows = {line.split()[0]: line.split()[1:] for line in ran.out.splitlines()}
    assert rows["RTB_HUB_DATABASE_URL"] == ["set", "environment", "not", "set"]
    assert rows["RTB_HUB_FORGE_TOKEN"] == ["set", "environment", "not", "set"]
    assert "RTB_HUB_DATABASE_URI is no setting of this release; did you mean RTB_HUB_DATABASE_URL?" in ran.out


def test_what_is_wrong_is_told_at_once() -> None:
    ran = rtb_hub("config", RTB_HUB_WORKER_CONCURRENCY="many", RTB_HUB_LOG_LEVEL="loud")
    assert (ran.code, "RTB_HUB_WORKER_CONCURRENCY" in ran.err, "RTB_HUB_LOG_LEVEL" in ran.err) == (14, True, True)
