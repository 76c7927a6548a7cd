"""Pushes to ECR by a queue of SQS (moto): kept once each, deleted only after, and they wake who waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, Reason, Transient
from hub.adapters.http import SenderParts
from hub.adapters.registry import sqs
from hub.adapters.registry.sqs import EventQueue, open_queue
from hub.queue.jobs import Jobs
from hub.queue.payloads import ImageHint, parsed
from hub.services.listener.pushes import Taker, take, taking_pushes
from hub.services.listener.receiving import Receiver
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.builders import digest
from worlds.delivering import NOW, Inbox, inbox
from worlds.moto_aws import HOST, Aws, moto_aws


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with moto_aws() as made:
        yield made


@pytest.fixture
def queue(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventQueue]:
    monkeypatch.setattr(sqs, "WAIT_SECONDS", 0)
    made = open_queue(f"{aws.url}/123456789012/pushes", SenderParts())
    client = made.clients.get()
    client.create_queue(QueueName="pushes", Attributes={"VisibilityTimeout": "0"})
    yield made
    client.delete_queue(QueueUrl=made.url)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Inbox]:
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    yield inbox(Jobs(database))
    database.close()


def event(event_id: str = "13cde686-328b-6117-af20-0e5566167482", **detail: Any) -> dict[str, Any]:
    """As https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html has it."""
    return {
        "version": "0", "id": event_id, "detail-type": "ECR Image Action", "source": "aws.ecr",
        "account": "222222222222", "time": "2019-11-16T01:54:34Z", "region": "eu-west-1", "resources": [],
        "detail": {"result": "SUCCESS", "repository-name": "team/web", "image-digest": digest(),
                   "action-type": "PUSH", "image-tag": "RTB-1-3f2a1b7", **detail},
    }  # fmt: skip


def send(queue: EventQueue, *bodies: str) -> None:
    for body in bodies:
        queue.clients.get().send_message(QueueUrl=queue.url, MessageBody=body)


def left(queue: EventQueue) -> int:
    answer = queue.clients.get().get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
    return int(answer["ApproximateNumberOfMessages"]) + int(answer["ApproximateNumberOfMessagesNotVisible"])


def test_a_push_becomes_one_hint_however_often_it_comes(queue: EventQueue, kept: Inbox) -> None:
    send(queue, *[json.dumps(event())] * 3)
    while take(kept.receiver, queue):
        pass
    (job,) = kept.put()
    hint = parsed(job.name, job.payload)
    assert isinstance(hint, ImageHint)
    assert (job.id, job.key) == ("ecr-13cde686-328b-6117-af20-0e5566167482", "")
    assert [str(name) for name in hint.names()] == [f"{HOST}/team/web:RTB-1-3f2a1b7"]
    assert [(row.source, row.event, row.state, row.verified_by) for row in kept.kept()] == [
        ("ecr", "image-action", "processed", "queue pushes")
    ]
    assert left(queue) == 0


@pytest.mark.parametrize(
    ("body", "state", "says"),
    [
        ("no JSON", "failed", "no JSON"), ("[1]", "failed", "a list"), ('{"a": 1, "a": 2}', "failed", "twice"),
        (json.dumps(event(**{"repository-name": "../x"})), "failed", "is not an image reference"),
        (json.dumps(event(**{"image-tag": "a b"})), "failed", "wrong form"),
        (json.dumps({**event(), "account": "x@evil.example.com/"}), "failed", "is not an image reference"),
        (json.dumps({**event(), "detail": {}}), "failed", "detail.action-type"),
        (json.dumps(event(**{"image-tag": ""})), "ignored", "without a tag"),
        (json.dumps(event(**{"action-type": "DELETE"})), "ignored", "DELETE"),
        (json.dumps(event(result="FAILURE")), "ignored", "FAILURE"),
        (json.dumps({**event(), "detail-type": "ECR Image Scan"}), "ignored", "no event of an image"),
    ],
)  # fmt: skip
def test_what_tells_of_no_push_is_kept_with_the_reason_and_does_not_come_again(
    body: str, state: str, says: str, queue: EventQueue, kept: Inbox
) -> None:
    send(queue, body)
    assert take(kept.receiver, queue) == 1
    (row,) = kept.kept()
    assert row.state == state
    assert says in (row.reason or "")
    assert kept.put() == []
    assert left(queue) == 0


def test_nothing_is_deleted_that_could_not_be_kept(queue: EventQueue, kept: Inbox, tmp_path: Path) -> None:
    send(queue, json.dumps(event()))
    nowhere = Jobs(Database(sqlite_url(tmp_path / "missing" / "hub.sqlite")))
    with pytest.raises(Transient) as raised:
        take(Receiver(nowhere, lambda _: None, lambda: NOW), queue)
    assert raised.value.reason is Reason.DATABASE_UNREACHABLE
    assert left(queue) == 1
    assert take(kept.receiver, queue) == 1
    assert len(kept.put()) == 1


def test_a_queue_that_does_not_answer_is_looked_at_later_and_later(kept: Inbox) -> None:
    time = [100.0]
    gone = open_queue("http://127.0.0.1:9/123456789012/pushes", SenderParts())
    taker = Taker(kept.receiver, gone)
    object.__setattr__(kept.receiver, "telemetry", _Clock(time))
    waits = []
    for _ in range(3):
        with pytest.raises(Exception, match=r"pushes|credentials"):
            taker.look()
        taker.look()  # too early: nothing is asked
        waits.append(taker._not_before - time[0])
        time[0] = taker._not_before
    assert waits == [1.0, 2.0, 4.0]


class _Clock:
    def __init__(self, time: list[float]) -> None:
        self.seconds = lambda: time[0]


def test_it_is_taken_beside_a_listener(queue: EventQueue, kept: Inbox) -> None:
    told = threading.Event()
    send(queue, json.dumps(event()))
    end = kept.jobs.listen(told.set)
    with taking_pushes(kept.receiver, queue):
        assert told.wait(30)
    end()
    assert len(kept.put()) == 1
    with taking_pushes(kept.receiver, None):
        pass


@pytest.mark.parametrize(
    "url",
    [
        "", "pushes", "https://sqs.eu-west-1.amazonaws.com.evil.example.com/123456789012/x",
        "http://sqs.eu-west-1.amazonaws.com/123456789012/x", "https://sqs.eu-west-1.amazonaws.com/1/x",
        "http://169.254.169.254/123456789012/x", "https://u:p@sqs.eu-west-1.amazonaws.com/123456789012/x",
        "https://sqs.eu-west-1.amazonaws.com:8443/123456789012/x", "https://sqs.eu-west-1.amazonaws.com/123456789012/x?a=b",
    ],
)  # fmt: skip
def test_only_a_queue_of_sqs_is_read(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        open_queue(url, SenderParts())
    assert raised.value.faults[0].field == "RTB_HUB_ECR_QUEUE_URL"


def test_a_queue_is_asked_in_its_own_region() -> None:
    made = open_queue("https://sqs.ap-northeast-2.amazonaws.com/123456789012/pushes.fifo"[:-5], SenderParts())
    assert (made.clients.account.region, made.clients.account.endpoint) == ("ap-northeast-2", None)
