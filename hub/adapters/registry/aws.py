"""Clients of AWS, made where one is used: boto3 is an extra, and takes as long to import as a command may take.

An account's role is assumed for an hour, and anew before that ends. Credentials of the process itself are found by
boto3's own order: variables, a web identity (IRSA), a pod identity, a profile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from generator.errors import Fault, HubError, Reason, Stalled, Transient
from hub.adapters.aws_clients import client_config, refusal

#: Of an assumed role, in seconds: how long it lasts, and how long before its end another is asked for.
ROLE_SECONDS, RENEW_SECONDS = 3600, 600
_SESSION: Final = "rtb-hub"


@dataclass(frozen=True, slots=True)
class Account:
    """Where a client works: its region, and the role that it assumes (None: the process's own credentials).

    `endpoint` None: AWS's own, or what AWS_ENDPOINT_URL says.
    """

    region: str
    role: str | None = None
    endpoint: str | None = None


@dataclass(eq=False)
class Clients:
    """Clients of one service in one account, remade when their credentials end. Safe for threads.

    `seconds` only go forward.
    """

    service: str
    account: Account
    seconds: Callable[[], float]
    read_seconds: float = 20.0
    _made: tuple[Any, float] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(self) -> Any:
        """A client. Raises what `failed` gives, and `ConfigError` (InvalidValue) where boto3 is not installed."""
        with self._lock:
            if self._made is None or self._made[1] <= self.seconds():
                self._made = self._client()
            return self._made[0]

    def _client(self) -> tuple[Any, float]:
        config, role = client_config(read_seconds=self.read_seconds), self.account.role
        if role is None:
            return self._open(self.service, config, {}), float("inf")
        begin = self.seconds()
        try:
            answer = self._open("sts", config, {}).assume_role(
                RoleArn=role, RoleSessionName=_SESSION, DurationSeconds=ROLE_SECONDS
            )
        except Exception as err:
            raise failed(f"assume {role}", err) from err
        keys = answer["Credentials"]
        shown = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }
        return self._open(self.service, config, shown), begin + ROLE_SECONDS - RENEW_SECONDS

    def _open(self, service: str, config: Any, keys: Mapping[str, str]) -> Any:
        import boto3

        session = boto3.Session(region_name=self.account.region)  # a default one is not safe for threads
        return session.client(service, config=config, endpoint_url=self.account.endpoint, **keys)


def failed(what: str, err: Exception) -> HubError:
    """What an error of boto3 means. `what` goes on after "cannot". Any other exception is raised as it is.

    Only codes are told of what AWS says: its texts name accounts and requests.
    """
    from botocore import exceptions as of

    remedy = "check the network and AWS; it is tried again"
    if isinstance(err, HubError):
        return err
    if isinstance(err, of.ClientError):
        code, is_for_now = refusal(err.response)
        if is_for_now:
            return Transient(Reason.REGISTRY_UNREACHABLE, Fault(f"cannot {what}: AWS answers {code}", remedy=remedy))
        right = "give the hub's role this right, and the role of the registry's account a trust in it"
        return Stalled(Reason.REGISTRY_REFUSED, Fault(f"cannot {what}: AWS answers {code}", remedy=right))
    if isinstance(err, of.NoCredentialsError | of.PartialCredentialsError | of.CredentialRetrievalError):
        right = "give the process a role (IRSA, pod identity) or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        return Stalled(Reason.REGISTRY_REFUSED, Fault(f"cannot {what}: there are no credentials of AWS", remedy=right))
    if isinstance(err, of.BotoCoreError):
        why = type(err).__name__
        return Transient(Reason.REGISTRY_UNREACHABLE, Fault(f"cannot {what}: {why}", remedy=remedy))
    raise err
