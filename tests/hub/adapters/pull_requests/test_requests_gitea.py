"""Messages in pull requests on a Gitea: what is asked of it. The contract runs on a real one, in `make e2e`."""

from __future__ import annotations

import pytest

from hub.adapters.gitea.access import open_code
from hub.adapters.gitea.messages import GiteaCode
from hub.adapters.http import SenderParts
from reconcilers.messages.channels import Place
from worlds.gitea_api import HEAD, GiteaApi, Reply, user

PLACE = Place("0123456789ab", "int", "RTB-123", "acme/state#1/abc123")
STATUSES = [
    {"id": 61, "context": "preview/int", "status": "failure", "creator": user("mallory")},
    {"id": 60, "context": "preview/int", "status": "success", "creator": user("rtb-hub", 7)},
    {"id": 59, "context": "preview/stg", "status": "pending", "creator": user("rtb-hub", 7)},
]


@pytest.mark.parametrize(
    ("reply", "newest"), [(Reply(STATUSES), "success"), (Reply([]), None), (Reply({"message": "no such"}, 404), None)]
)
def test_the_statuses_of_a_commit_are_read_once(reply: Reply, newest: str | None) -> None:
    with GiteaApi() as server:
        server.on(f"GET statuses/{HEAD}", reply)
        requests = GiteaCode(open_code(server.url, lambda: "a-token-of-the-hub", SenderParts()))
        assert requests.newest_status(PLACE, HEAD) == newest
        assert len([call for call in server.seen if "/statuses/" in call]) == 1
