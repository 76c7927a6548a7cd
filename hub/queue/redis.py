"""Redis as BullMQ's queues need it: which names they have, and that nothing is evicted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import from_url
from redis.exceptions import RedisError

from generator.errors import ConfigError, Fault, Reason

#: The queues, by the name that jobs have in the database. Braces keep a queue on one shard of a cluster.
QUEUES: Final[Mapping[str, str]] = {"jira-queue": "{jira-queue}", "figma-queue": "{figma-queue}"}
_CONNECT_SECONDS, _ANSWER_SECONDS = 2.0, 5.0
#: Longer than BullMQ's workers block, which is 10 seconds at most.
_BLOCKING_SECONDS = 15.0
_ALLOWED = "redis://USER:PASSWORD@HOST:PORT/NUMBER, rediss:// with TLS, or unix:///FILE"


def client(url: str) -> AsyncRedis:
    """A client that gives up soon, so that its caller knows. Raises `ConfigError` (InvalidValue) for another URL."""
    try:
        return from_url(
            url, decode_responses=True, socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_ANSWER_SECONDS
        )
    except ValueError as err:
        raise ConfigError(
            Reason.INVALID_VALUE, Fault("the URL of Redis cannot be used", field="RTB_HUB_REDIS_URL", allowed=_ALLOWED)
        ) from err


def blocking(url: str) -> str:
    """The URL for a client that blocks: it waits for an answer for longer than a worker of BullMQ does for news.

    By itself redis-py 8 gives up after 5 seconds, as long as an idle worker blocks. To BullMQ that is an error, and the
    worker hears nothing until its next try, up to 20 seconds later.
    """
    address, _, query = url.partition("?")
    return f"{address}?socket_timeout={_BLOCKING_SECONDS:g}" + (f"&{query}" if query else "")


def check(url: str) -> bool:
    """Whether Redis answers. Raises `ConfigError` (InvalidValue) for one that may evict, and for a URL that is none."""
    try:
        with Redis.from_url(
            url, decode_responses=True, socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_ANSWER_SECONDS
        ) as one:
            refuse_evicting(one.info("memory"))
    except (RedisError, OSError):
        return False
    except ValueError as err:
        raise ConfigError(
            Reason.INVALID_VALUE, Fault("the URL of Redis cannot be used", field="RTB_HUB_REDIS_URL", allowed=_ALLOWED)
        ) from err
    return True


def refuse_evicting(memory: Any) -> None:
    """Raise `ConfigError` (InvalidValue) where `INFO memory` tells of a policy that drops keys.

    A managed Redis may refuse `CONFIG GET`; it tells its policy here.
    """
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        message = f"Redis drops keys when its memory is full (maxmemory-policy {policy}), and with them jobs in hand"
        remedy = "set maxmemory-policy to noeviction, and give it a Redis of its own"
        raise ConfigError(
            Reason.INVALID_VALUE, Fault(message, field="RTB_HUB_REDIS_URL", allowed="noeviction", remedy=remedy)
        )
