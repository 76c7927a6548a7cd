"""Whether a preview's page is its own already: by what a load balancer answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.bootstrap.argocd import render_argocd
from hub.adapters.http import SenderParts
from hub.adapters.preview_page import NO_PREVIEW, why_not_served
from worlds.builders import LIBRARY, environment
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
