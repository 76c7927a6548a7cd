"""The sender against servers that misbehave in every way that is known, without waiting for anything."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from generator.errors import HubError, Reason, Stalled, Transient, Waiting
from hub import __version__
from hub.adapters.http import Answer, Call, Network, Origin, Peer, Request, Route, Sender, SenderParts, Unanswered
from hub.retrying import Backoff
from worlds.http_server import HttpServer, Step, answers, resets, self_signed, sends

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
KEY, QUERY = "token s3cr3t-of-the-hub", ("state", "s3cr3t-of-a-query")
PEER = Peer("gitea", Reason.FORGE_UNREACHABLE, Reason.FORGE_REFUSED, limited=Reason.FORGE_LIMITED)
OK = answers(200, {"is": "well"})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class World:
    server: HttpServer
    slept: list[float] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    ticks: Iterator[float] = field(default_factory=lambda: map(float, itertools.count()))

    def sender(self, **parts: Any) -> Sender:
        origin = parts.pop("origin", None) or Origin.parse(f"{self.server.url}/api")
        backoff = Backoff(tries=4, first_seconds=0.5, most_seconds=8.0, sleep=self.slept.append, random=lambda: 1.0)
        shared = SenderParts(
            parts.pop("network", Network()), backoff, lambda: NOW, lambda: next(self.ticks), self.calls.append
        )
        return Sender(parts.pop("peer", PEER), origin, **{"authorization": lambda: KEY, "parts": shared, **parts})

    def plays(self, *steps: Step) -> None:
        self.server.steps = [*steps]


@pytest.fixture
def world() -> Iterator[World]:
    with HttpServer() as server:
        yield World(server)


def read(**fields: Any) -> Request:
    whole: dict[str, Any] = {
        "purpose": "read things on the server", "route": Route.of("/things/{}", "a b/c"), "query": (QUERY,),
        "timeout_seconds": 5.0, "may_repeat": True,
    }  # fmt: skip
    return Request(**{**whole, **fields})


def write(**fields: Any) -> Request:
    return read(**{"method": "POST", "purpose": "make a thing", "body": b"{}", "may_repeat": False, **fields})


def refused(kind: type[HubError], call: Callable[[], object]) -> HubError:
    """The error, in no text of which there is a secret, however it is printed."""
    with pytest.raises(kind) as caught:
        call()
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "s3cr3t" not in told.replace("/things/", "")
    return caught.value


# A request, as it goes out and comes back


def test_a_request_goes_out_as_it_was_said(world: World) -> None:
    world.plays(answers(201, {"id": 7}, ETag='"x"', X_RateLimit_Remaining="41"))
    route = Route.of("/things/{+}/{}", "a b/c", "d/e?f")
    answer = world.sender().send(write(route=route, body=b'{"a": 1}', headers=(("X-Other", "1"),)))
    (seen,) = world.server.seen
    assert (seen.method, seen.target) == ("POST", "/api/things/a%20b/c/d%2Fe%3Ff?state=s3cr3t-of-a-query")
    assert seen.body == b'{"a": 1}'
    assert seen.headers["authorization"] == KEY
    assert (seen.headers["content-type"], seen.headers["accept"]) == ("application/json", "application/json")
    assert seen.headers["user-agent"] == f"rtb-ai-hub/{__version__}"
    assert seen.headers["x-other"] == "1"
    assert (answer.status, answer.data, answer.headers["etag"]) == (201, {"id": 7}, '"x"')
    assert world.calls == [
        Call("gitea", "/things/{+}/{}", "POST", "201", 1.0, 0.0, 1, 8, 9, remaining=41),
    ]


@pytest.mark.parametrize(
    ("route", "target"),
    [
        (Route.of("/a/{}/b", ".."), "/a/%2E%2E/b"),
        (Route.of("/a/{}", "."), "/a/%2E"),
        (Route.of("/a/{+}/b", "x/../../y"), "/a/x/%2E%2E/%2E%2E/y/b"),
        (Route.of("/a/{}", "..."), "/a/..."),
    ],
)
def test_no_value_leads_to_another_route(world: World, route: Route, target: str) -> None:
    world.plays(OK)
    world.sender().send(read(route=route, query=()))
    assert [one.target for one in world.server.seen] == [f"/api{target}"]


def test_nothing_that_is_printed_holds_a_secret(world: World) -> None:
    request = write(headers=(("X-Key", "s3cr3t"),), body=b"s3cr3t")
    answer = Answer(200, {"set-cookie": "s3cr3t"}, b"s3cr3t", {"token": "s3cr3t"})
    assert "s3cr3t" not in f"{request!r} {request} {answer!r} {world.sender()!r} {Network({'http': 's3cr3t'})!r}"


@pytest.mark.parametrize(("template", "values"), [("a/{}", ()), ("a", ("x",)), ("a/{}/{}", ("x",)), ("a/{x}", ("x",))])
def test_a_route_has_a_value_for_each_place(template: str, values: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="value"):
        Route.of(template, *values)


@pytest.mark.parametrize("path", ["things", ".example.com/things", "@example.com/", ""])
def test_a_path_that_could_change_the_host_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="begins with"):
        read(route=Route("things", path))


# Answers that are none


def resets_after(head: bytes) -> Step:
    def step(connection: socket.socket) -> None:
        connection.sendall(head)
        resets(connection)

    return step


def endless(world: World) -> Step:
    return world.server.drips(HEAD + b"\r\n[", b" " * 65_536, every=0.0)


NO_ANSWERS: dict[str, tuple[Callable[[World], Step], str, str]] = {
    "no JSON": (lambda w: answers(200, b"well"), "unreadable", "no JSON"),
    "a page to sign in": (lambda w: answers(200, b"<html>sign in</html>", Content_Type="text/html"), "unreadable", "no JSON"),
    "half of its JSON": (lambda w: answers(200, b'{"a": 1'), "unreadable", "no JSON"),
    "100,000 times [": (lambda w: answers(200, b"[" * 100_000), "unreadable", "no JSON"),
    "100,000 lists": (lambda w: answers(200, b"[" * 100_000 + b"]" * 100_000), "unreadable", "no JSON"),
    "100,000 objects": (lambda w: answers(200, b'{"a":' * 100_000 + b"1" + b"}" * 100_000), "unreadable", "no JSON"),
    "an integer of 6,000 digits": (lambda w: answers(200, b"9" * 6_000), "unreadable", "no JSON"),
    "an integer of 6,000 digits inside": (lambda w: answers(200, b'{"number": -' + b"9" * 6_000 + b"}"), "unreadable", "no JSON"),
    "not a number": (lambda w: answers(200, b'{"number": NaN}'), "unreadable", "no JSON"),
    "infinity": (lambda w: answers(200, b"[-Infinity]"), "unreadable", "no JSON"),
    "a number that is too large": (lambda w: answers(200, b"[1e999]"), "unreadable", "no JSON"),
    "half a surrogate pair": (lambda w: answers(200, b'["\\ud800"]'), "unreadable", "no JSON"),
    "Latin-1": (lambda w: answers(200, '["é"]'.encode("latin-1")), "unreadable", "no JSON"),
    "UTF-16": (lambda w: answers(200, '["é"]'.encode("utf-16")), "unreadable", "no JSON"),
    "a byte order mark": (lambda w: answers(200, b"\xef\xbb\xbf[]"), "unreadable", "no JSON"),
    "binary": (lambda w: answers(200, bytes(range(256))), "unreadable", "no JSON"),
    "gzip that is none": (lambda w: answers(200, b"[]", Content_Encoding="gzip"), "unreadable", "decoded"),
    "gzip cut off": (lambda w: answers(200, gzip.compress(b"[1,2,3]")[:-12], Content_Encoding="gzip"), "unreadable", "no JSON"),
    "an encoding nobody knows": (lambda w: answers(200, b"\x01\x02", Content_Encoding="rot13"), "unreadable", "no JSON"),
    "gzip in gzip in gzip in gzip": (
        lambda w: answers(200, b"[]", Content_Encoding=", ".join(["gzip"] * 20)), "unreadable", "decoded",
    ),
    "a bomb": (lambda w: answers(200, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), "too-large", "larger"),
    "100 MB announced": (lambda w: answers(200, b"[]", Content_Length="100000000"), "too-large", "larger"),
    "more than its limit": (lambda w: answers(200, b"[" + b"1," * 600_000 + b"1]"), "too-large", "larger"),
    "a body that never ends": (endless, "too-large", "larger"),
    "chunks that never end": (
        lambda w: w.server.drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b" " * 0x8000 + b"\r\n", every=0),
        "too-large", "larger",
    ),
    "a body byte by byte": (lambda w: w.server.drips(HEAD + b"\r\n[", b" "), "timeout", "no answer in time"),
    "headers byte by byte": (lambda w: w.server.drips(HEAD, b"X"), "timeout", "no answer in time"),
    "header after header": (lambda w: w.server.drips(HEAD, b"X-A: b\r\n"), "timeout", "no answer in time"),
    "100 Continue for ever": (lambda w: w.server.drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout", "no answer in time"),
    "silence": (lambda w: w.server.waits(), "timeout", "no answer in time"),
    "silence after the headers": (lambda w: w.server.waits(HEAD + b"Content-Length: 2\r\n\r\n"), "timeout", "no answer in time"),
    "a reset": (lambda w: resets, "broken", "broke"),
    "a reset in the middle": (lambda w: resets_after(HEAD + b"Content-Length: 9\r\n\r\n["), "broken", "broke"),
    "nothing at all": (lambda w: sends(b""), "broken", "broke"),
    "less than announced": (lambda w: answers(200, b"[]", Content_Length="3"), "broken", "broke"),
    "a chunk that is none": (lambda w: sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n[]"), "broken", "broke"),
    "another protocol": (lambda w: sends(b"SSH-2.0-OpenSSH_9.9\r\n"), "broken", "broke"),
    "a status that is none": (lambda w: sends(b"HTTP/1.1 abc OK\r\n\r\n"), "broken", "broke"),
    "a header of 70,000 signs": (lambda w: answers(200, b"[]", X_Long="x" * 70_000), "broken", "broke"),
    "200 headers": (lambda w: sends(HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n[]"), "broken", "broke"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_an_answer_that_is_none_is_an_error_of_that_call(world: World, name: str) -> None:
    make, outcome, says = NO_ANSWERS[name]
    world.plays(make(world))
    seconds = 0.3 if outcome == "timeout" else 5.0
    error = refused(Unanswered, lambda: world.sender().send(write(timeout_seconds=seconds, limit_bytes=1_000_000)))
    assert isinstance(error, Transient)
    assert error.reason == Reason.FORGE_UNREACHABLE
    assert says in str(error)
    assert str(error).startswith("cannot make a thing: ")
    assert isinstance(error, Unanswered)
    assert error.may_have_acted
    assert len(world.server.seen) == 1, "it was sent again, and may have acted"
    assert [(call.outcome, call.attempts) for call in world.calls] == [(outcome, 1)]
    world.plays(OK)
    assert world.sender().send(write()).data == {"is": "well"}


@pytest.mark.parametrize("name", ["no JSON", "a bomb", "a reset", "less than announced", "a body byte by byte"])
def test_one_that_may_be_repeated_is_and_then_well(world: World, name: str) -> None:
    make, _, _ = NO_ANSWERS[name]
    world.plays(make(world), make(world), OK)
    assert world.sender().send(read(timeout_seconds=0.5, limit_bytes=1_000_000)).data == {"is": "well"}
    assert world.slept == [0.5, 1.0]
    (call,) = world.calls
    assert (call.outcome, call.attempts, call.waited_seconds) == ("200", 3, 1.5)


def test_what_is_said_beside_a_refusal_need_not_be_json(world: World) -> None:
    world.plays(answers(404, b"404 page not found\n"))
    answer = world.sender().send(read())
    assert (answer.status, answer.data, answer.body) == (404, None, b"404 page not found\n")


def test_what_may_be_large_is_taken_up_to_its_limit(world: World) -> None:
    body = b"[" + b" " * 998 + b"]"
    world.plays(
        answers(200, body), answers(200, body[:-1] + b" ]"), answers(200, gzip.compress(body), Content_Encoding="gzip")
    )
    assert world.sender().send(write(limit_bytes=1000)).data == []
    refused(Unanswered, lambda: world.sender().send(write(limit_bytes=1000)))
    assert world.sender().send(write(limit_bytes=1000)).data == []


def test_more_than_announced_is_not_taken_for_the_next_answer(world: World) -> None:
    """On a connection that stays open: the rest stands in it when the next request is sent."""
    late = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"forged"'
    world.plays(sends(late), OK)
    sender = world.sender()
    assert sender.send(read()).data == {}
    assert sender.send(read()).data == {"is": "well"}


# Again, or not


@pytest.mark.parametrize(
    ("steps", "request_", "status", "attempts", "slept"),
    [
        ([answers(500), answers(502, b"<html>"), answers(503), OK], read(), 200, 4, [0.5, 1.0, 2.0]),
        ([answers(500)], read(), 500, 4, [0.5, 1.0, 2.0]),
        ([answers(500), OK], write(), 500, 1, []),
        ([answers(503, Retry_After="3"), OK], read(), 200, 2, [3.0]),
        ([answers(503, Retry_After="3"), OK], write(), 503, 1, []),
        ([answers(503, Retry_After="11"), OK], read(), 503, 1, []),
        ([answers(503, Retry_After="soon"), OK], read(), 200, 2, [0.5]),
        ([answers(429, Retry_After="3"), OK], write(), 200, 2, [3.0]),
        ([answers(429, Retry_After="0"), OK], write(), 200, 2, [1.0]),
        ([answers(429, Retry_After="10"), OK], read(), 200, 2, [10.0]),
        ([answers(429), OK], write(), 200, 2, [0.5]),
        ([answers(429, Retry_After="1"), answers(500), OK], read(), 200, 3, [1.0, 1.0]),
        ([answers(404), OK], read(), 404, 1, []),
        ([answers(301, Location="http://127.0.0.1:9/"), OK], read(), 301, 1, []),
        ([answers(403, {}), OK], read(), 403, 1, []),
    ],
    ids=[
        "5xx that pass", "5xx that stay", "5xx after a write", "5xx with a pause", "5xx with a pause after a write",
        "5xx with a long pause", "5xx with a pause that is none", "a limit after a write", "a limit of no seconds", "a limit of patience",
        "a limit without its length", "a limit, then 5xx", "4xx", "3xx", "403",
    ],
)  # fmt: skip
def test_what_is_sent_again_and_when(  # noqa: PLR0917 - a row's columns
    world: World, steps: list[Step], request_: Request, status: int, attempts: int, slept: list[float]
) -> None:
    world.plays(*steps)
    assert world.sender().send(request_).status == status
    assert len(world.server.seen) == attempts
    assert world.slept == slept
    assert [(c.outcome, c.attempts, c.waited_seconds) for c in world.calls] == [(str(status), attempts, sum(slept))]


def test_an_answer_that_settles_it_is_not_asked_for_again(world: World) -> None:
    peer = Peer(
        "things", Reason.JIRA_UNREACHABLE, Reason.JIRA_REFUSED, settles=lambda answer: answer.data == {"why": 1}
    )
    world.plays(answers(503), answers(503, {"why": 1}, Retry_After="3"), OK)
    assert (world.sender(peer=peer).send(read()).status, world.slept) == (503, [0.5])


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("11", 11), ("3600", 3600), ("86400", 86_400), ("86401", 60), ("0", 1), ("", 60), ("nan", 60), ("inf", 60), ("-1", 60), ("1e3", 60),
        ("9" * 6_000, 60), ("Fri, 27 Nov 2026 12:02:00 GMT", 120), ("Friday, 27-Nov-26 12:02:00 GMT", 120), ("Fri Nov 27 12:02:00 2026", 120),
        ("Fri, 27 Nov 2026 14:02:00 +0200", 120), ("Fri, 31 Dec 9999 23:59:59 GMT", 60), ("Fri, 31 Dec 99999 23:59:59 GMT", 60),
        ("Fri, 27 Nov 2026 25:61:00 GMT", 60), ("Fri, 27 Nov 2026 12:02:00 +99999999", 60), ("Fri, 27 Nov 2020 12:00:00 GMT", 1), ("٣", 60), ("1, 2", 60),
    ],
)  # fmt: skip
def test_a_limit_that_is_not_waited_for_is_told(world: World, told: str, seconds: float) -> None:
    """What cannot be meant is as if nothing were said: it is tried again, then told as a minute."""
    value = told.encode("utf-8").decode("latin-1")
    world.plays(answers(429, Retry_After=value))
    error = refused(Waiting, lambda: world.sender(patience_seconds=10.0).send(write()))
    assert isinstance(error, Waiting)
    assert error.reason == Reason.FORGE_LIMITED
    assert error.retry_after_seconds == seconds
    assert len(world.slept) == (0 if seconds > 10 and seconds != 60 else 3)


def test_a_limit_is_an_answer_where_there_is_no_word_for_it(world: World) -> None:
    world.plays(answers(429, {"message": "no"}))
    assert world.sender(peer=replace(PEER, limited=None)).send(read()).status == 429
    assert len(world.slept) == 3


def test_no_connection_is_tried_again_whatever_is_sent(world: World) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = Origin.parse(f"http://127.0.0.1:{unused.getsockname()[1]}")
        error = refused(Unanswered, lambda: world.sender(origin=origin).send(write()))
    assert isinstance(error, Unanswered)
    assert not error.may_have_acted
    assert "no connection" in str(error)
    assert world.slept == [0.5, 1.0, 2.0]
    assert [(c.outcome, c.attempts) for c in world.calls] == [("no-connection", 4)]


def test_a_name_that_is_not_known_is_no_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    refused(Unanswered, lambda: world.sender().send(write()))
    assert world.calls[0].outcome == "no-connection"


def over_tls(world: World, **network: Any) -> Sender:
    origin = replace(Origin.parse(f"{world.server.url}/api"), scheme="https")
    return world.sender(origin=origin, network=Network(**network))


def test_a_server_without_tls_is_told(world: World) -> None:
    world.server.greeting = b"220 mail.example.com ESMTP\r\n"
    error = refused(Unanswered, lambda: over_tls(world).send(write()))
    assert "no TLS connection" in str(error)
    assert [(c.outcome, c.attempts) for c in world.calls] == [("tls", 1)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "server.pem")


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(world: World, certificate: Path) -> None:
    world.server.certificate = certificate
    error = refused(Stalled, lambda: over_tls(world).send(read()))
    assert error.reason == Reason.FORGE_REFUSED
    assert "its certificate is not accepted: self-signed certificate" in str(error)
    assert "SSL_CERT_FILE" in str(error)
    assert [(c.outcome, c.attempts) for c in world.calls] == [("tls", 1)]
    assert world.server.seen == []


def test_one_that_this_machine_trusts_is_accepted_and_timed_alike(world: World, certificate: Path) -> None:
    world.server.certificate = certificate
    world.plays(OK, world.server.drips(HEAD + b"\r\n[", b" "))
    sender = over_tls(world, authorities=str(certificate))
    assert sender.send(read()).data == {"is": "well"}
    assert "no answer in time" in str(refused(Unanswered, lambda: sender.send(write(timeout_seconds=0.3))))


# Keys


def test_a_key_is_asked_for_with_each_attempt(world: World) -> None:
    keys = iter(["token one", "token two", "token three"])
    world.plays(answers(500), answers(500), OK)
    world.sender(authorization=lambda: next(keys)).send(read())
    assert [seen.headers["authorization"] for seen in world.server.seen] == ["token one", "token two", "token three"]


def test_a_server_that_repeats_the_key_does_not_have_it_quoted(world: World) -> None:
    world.plays(answers(422, b'{"message": "bad token s3cr3t-t0k3n"}'))
    answer = world.sender(authorization=lambda: "token s3cr3t-t0k3n").send(read())
    assert (answer.data, b"s3cr3t" in answer.body) == ({"message": "bad token ***"}, False)


@pytest.mark.parametrize(
    ("keys", "sent"),
    [(["old", "new"], ["old", "new"]), (["old"], ["old"])],
    ids=["one that changed", "one that did not"],
)
def test_a_refused_key_is_read_again_and_used_once_more(world: World, keys: list[str], sent: list[str]) -> None:
    world.plays(answers(401))
    answer = world.sender(authorization=lambda: keys.pop(0) if len(keys) > 1 else keys[0]).send(write())
    assert answer.status == 401
    assert [seen.headers["authorization"] for seen in world.server.seen] == sent


@pytest.mark.parametrize("key", ["", " ", "a\nb: c", "a\r\n", "s3cr3t\n", "é", "a\x00"])
def test_a_key_that_is_none_is_not_sent(world: World, key: str) -> None:
    error = refused(Stalled, lambda: world.sender(authorization=lambda: key).send(read()))
    assert error.reason == Reason.FORGE_REFUSED
    assert world.server.seen == []
    assert [(c.outcome, c.attempts) for c in world.calls] == [("no-credentials", 1)]


def test_what_is_signed_by_nobody_has_no_such_header(world: World) -> None:
    world.plays(OK)
    world.sender(authorization=lambda: None).send(read())
    assert "authorization" not in world.server.seen[0].headers


def test_an_error_of_the_key_is_that_of_the_call(world: World) -> None:
    def none() -> str:
        raise Stalled(Reason.FORGE_DENIED, "no key")

    refused(Stalled, lambda: world.sender(authorization=none).send(read()))
    assert [c.outcome for c in world.calls] == ["no-credentials"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_key_nowhere(world: World, status: int) -> None:
    with HttpServer([OK]) as other:
        world.plays(answers(status, Location=f"{other.url}/api/things"))
        answer = world.sender().send(read())
        assert (answer.status, answer.headers["location"]) == (status, f"{other.url}/api/things")
        assert other.seen == []


def test_a_proxy_is_used_and_its_password_not_told(world: World) -> None:
    far = Origin.parse("http://forge.example.com/api", is_clear_allowed=True)
    there, away = (
        Network.of({"HTTP_PROXY": f"http://me:s3cr3t%40x@{address}", "no_proxy": "elsewhere.example"})
        for address in (world.server.url.partition("://")[2], "127.0.0.1:9")
    )
    world.plays(OK)
    assert world.sender(origin=far, network=there).send(read()).status == 200
    (seen,) = world.server.seen
    assert seen.target.startswith("http://forge.example.com/api")
    assert seen.headers["proxy-authorization"] == "Basic bWU6czNjcjN0QHg="
    refused(Unanswered, lambda: world.sender(origin=far, network=away).send(write()))


@pytest.mark.parametrize(
    ("environ", "address", "proxy"),
    [
        ({}, "https://a.example", None),
        ({"https_proxy": "http://p:1"}, "https://a.example", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "https://a.example", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, "https://a.example", "http://q:1"),
        ({"ALL_PROXY": "http://p:1"}, "https://a.example", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "https://a.example", None),
        ({"https_proxy": "http://p:1", "no_proxy": "example"}, "https://a.example", None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "*"}, "https://a.example", None),
        ({"https_proxy": "http://p:1", "no_proxy": "b.example"}, "https://a.example", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "http://127.0.0.1:8", None),
    ],
    ids=["none", "lower", "upper", "both", "for all", "other scheme", "not needed", "never needed", "other host", "this machine"],
)  # fmt: skip
def test_the_environment_names_the_proxy(environ: dict[str, str], address: str, proxy: str | None) -> None:
    assert Network.of(environ).proxy_of(Origin.parse(address)) == proxy


def test_one_line_of_json_is_read_as_it_is(world: World) -> None:
    tree = {"text": "é 😀 \u2028", "pair": "😀", "numbers": [0, -1, 1.5, 1e300, 10**4000]}
    world.plays(answers(200, json.dumps(tree, ensure_ascii=True).encode()))
    assert world.sender().send(read()).data == tree
