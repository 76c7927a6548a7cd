"""A queue of Amazon SQS that EventBridge puts events into, read by long polling.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html. A message comes at least
once, and again unless it is deleted within the queue's visibility timeout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from generator.errors import ConfigError, Fault, Reason
from hub.adapters.http import SenderParts
from hub.adapters.http.origin import LOOPBACK
from hub.adapters.registry.aws import Account, Clients, failed

#: What one call gives at most, and how long it waits for the first.
MOST_AT_ONCE, WAIT_SECONDS = 10, 5
_HOST = re.compile(r"sqs\.(?P<region>[a-z]{2}(?:-[a-z]+){1,3}-[0-9])\.amazonaws\.com(?:\.cn)?")
_PATH = re.compile(r"/[0-9]{12}/[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came. `receipt` is what deletes it."""

    id: str
    body: bytes
    receipt: str


@dataclass(frozen=True, eq=False)
class EventQueue:
    """One queue. Safe for threads."""

    url: str
    clients: Clients

    @property
    def name(self) -> str:
        """Its name, for people."""
        return self.url.rpartition("/")[2]

    def receive(self) -> tuple[Message, ...]:
        """What is there, waited for `WAIT_SECONDS`. Raises `Stalled` (RegistryRefused), `Transient`."""
        client = self.clients.get()
        try:
            answer = client.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=MOST_AT_ONCE, WaitTimeSeconds=WAIT_SECONDS
            )
        except Exception as err:
            raise failed(f"read the queue {self.name}", err) from err
        return tuple(
            Message(one["MessageId"], one.get("Body", "").encode("utf-8", "surrogatepass"), one["ReceiptHandle"])
            for one in answer.get("Messages", ())
        )

    def delete(self, messages: Sequence[Message]) -> None:
        """Have these not come again; one that is not deleted does. Raises as `receive`."""
        entries = [{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(messages)]
        if not entries:
            return
        try:
            self.clients.get().delete_message_batch(QueueUrl=self.url, Entries=entries)
        except Exception as err:
            raise failed(f"delete what was read of the queue {self.name}", err) from err


def open_queue(url: str, parts: SenderParts) -> EventQueue:
    """The queue at `url`. Nothing is asked yet. Raises `ConfigError` (InvalidValue) for an address that is none."""
    try:
        found = urlsplit(url)
        host, port = found.hostname or "", found.port
    except ValueError:
        found, host, port = urlsplit(""), "", None
    at_aws = _HOST.fullmatch(host)
    is_here = found.scheme == "http" and host in LOOPBACK
    is_plain = not (found.query or found.fragment or found.username or found.password) and _PATH.fullmatch(found.path)
    if not is_plain or not (is_here or (at_aws and found.scheme == "https" and port in (None, 443))):
        allowed = "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
        fault = Fault("the address is none of a queue of SQS", field="RTB_HUB_ECR_QUEUE_URL", allowed=allowed)
        raise ConfigError(Reason.INVALID_VALUE, fault)
    endpoint = f"http://{found.netloc}" if is_here else None
    account = Account(at_aws["region"] if at_aws else "us-east-1", None, endpoint)
    return EventQueue(url, Clients("sqs", account, parts.seconds, WAIT_SECONDS + 15.0))
