"""Whether a preview's page is its own already: by what a load balancer answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.bootstrap.argocd import render_argocd
from hub.adapters.http import SenderParts
from hub.adapters.preview_page import NO_PREVIEW, reach, why_not_served
from worlds.builders import LIBRARY, NOW, environment
from worlds.http_server import HttpServer, Step, answers, resets, self_signed


def asked(*steps: Step, path: str = "/") -> tuple[str, HttpServer]:
    with HttpServer([*steps]) as server:
        return why_not_served(server.url.removeprefix("http://"), path, SenderParts(), scheme="http"), server


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (answers(200, b"<html>"), ""),
        (answers(302, Location="/login"), ""),
        (answers(401), ""),
        (answers(404, b"no such page"), ""),
        (answers(200, b"x" * 2**21), ""),
        (answers(503, b"no targets"), "answers 503"),
        (answers(502), "answers 502"),
        (answers(404, NO_PREVIEW), "does not know the preview yet"),
        (resets, "the connection broke"),
    ],
    ids=["a page", "a redirect", "a login", "its own 404", "a large page", "no targets", "a broken target", "the anchor", "a broken connection"],
)  # fmt: skip
def test_an_answer_of_its_own_is_one(step: Step, why: str) -> None:
    told, server = asked(step, path="/api")
    assert (why in told, bool(told)) == (True, bool(why)), told
    assert [seen.target for seen in server.seen] == ["/api"]


def test_nobody_listening_and_a_certificate_of_somebody_else_are_told(tmp_path: Path) -> None:
    with HttpServer([answers(200)]) as server:
        gone = server.url.removeprefix("http://")
    assert "no connection" in why_not_served(gone, "/", SenderParts(), scheme="http")
    with HttpServer([answers(200)], certificate=self_signed(tmp_path / "own.pem")) as other:
        assert "certificate" in why_not_served(other.url.removeprefix("http://"), "/", SenderParts())


def test_the_words_of_the_anchor_are_those_that_are_looked_for() -> None:
    anchors = [m for found in render_argocd(LIBRARY, environment()).values() for m in found if m.kind == "Ingress"]
    assert anchors
    for anchor in anchors:
        action = anchor.metadata["annotations"]["alb.ingress.kubernetes.io/actions.no-preview"]
        assert f'"messageBody": "{NO_PREVIEW.decode()}"' in action


@pytest.mark.parametrize(
    ("step", "status", "failure"),
    [(answers(200, b"x"), 200, ""), (answers(302, Location="http://169.254.169.254/"), 302, ""), (answers(503), 503, "status"), (answers(404, NO_PREVIEW), 404, "unknown-host"), (resets, None, "no-answer")],
)  # fmt: skip
def test_its_address_is_asked_once_and_no_redirect_followed(step: Step, status: int | None, failure: str) -> None:
    with HttpServer([step]) as server:
        host = server.url.removeprefix("http://")
        told = reach(host, SenderParts(), at=NOW, scheme="http", resolve=lambda _: ["10.0.0.7"])
        assert [seen.target for seen in server.seen] == ["/"]
    assert (told.host, told.at, told.status, told.failure) == (host, NOW, status, failure)
    assert bool(told.error) == bool(failure)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "0.0.0.0"])
def test_a_name_that_leads_to_this_machine_or_the_metadata_service_is_not_asked(address: str) -> None:
    with HttpServer([]) as server:
        told = reach(
            server.url.removeprefix("http://"), SenderParts(), at=NOW, scheme="http", resolve=lambda _: [address]
        )
        assert (told.failure, server.seen) == ("elsewhere", [])


def test_a_name_that_does_not_resolve_is_told_as_that() -> None:
    def nowhere(name: str) -> list[str]:
        raise OSError(8, "Name or service not known")

    told = reach("rtb-1.int.example.com", SenderParts(), at=NOW, resolve=nowhere)
    assert (told.failure, told.error) == (
        "unresolved",
        "rtb-1.int.example.com does not resolve: Name or service not known",
    )
