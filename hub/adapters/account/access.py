"""Clients of one account and region, and what their answers mean. boto3 is an extra, imported when one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

from generator.errors import Fault, HubError, Reason, Stalled, Transient
from hub.adapters.aws_clients import client_config, refusal

T = TypeVar("T")
#: Codes of "there is no such thing", as the services that are asked have them.
_ABSENT = frozenset(
    {
        "NoSuchEntity",
        "NoSuchHostedZone",
        "NoSuchEntityException",
        "NotFoundException",
        "NotFound",
        "ResourceNotFoundException",
        "RepositoryNotFoundException",
        "RepositoryPolicyNotFoundException",
        "InvalidGroup.NotFound",
        "DBInstanceNotFound",
        "DBInstanceNotFoundFault",
        "ReplicationGroupNotFoundFault",
        "NoSuchResourceException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    }
)
#: Codes of "these credentials are not, or no longer, any": no right would help.
_UNKNOWN = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_SIGN_IN = "sign in to the account, as a role that may read it (SecurityAudit)"
#: Pages of a listing that are read: beyond that the answer is not whole, and said to be unread.
_PAGES = 200


@dataclass
class Access:
    """Clients by service, each made once. Credentials are those of this process, by boto3's own order.

    Raises `ConfigError` (InvalidValue) where boto3 is not installed.
    """

    region: str
    _config: Any = field(default_factory=client_config, repr=False)
    _made: dict[str, Any] = field(default_factory=dict, repr=False)
    _session: Any = field(default=None, repr=False)

    def client(self, service: str) -> Any:
        """Raises what boto3 raises."""
        if service not in self._made:
            self._session = self._session or import_module("boto3").Session(region_name=self.region)
            self._made[service] = self._session.client(service, config=self._config)
        return self._made[service]

    def ask(self, service: str, operation: str, **arguments: Any) -> Any | None:
        """An answer; None: there is no such thing. Raises `Stalled` (ClusterRefused), `Transient`."""
        return self._asked(service, operation, lambda: getattr(self.client(service), operation)(**arguments))

    def all(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """Every item of a listing. Raises as `ask`, and `Stalled` where it does not end."""

        def pages() -> Iterator[Any]:
            paginator = self.client(service).get_paginator(operation)
            for number, page in enumerate(paginator.paginate(**arguments)):
                if number == _PAGES:
                    raise Stalled(Reason.CLUSTER_REFUSED, f"{service} {operation}: more than {_PAGES} pages")
                yield from page[key]

        return self._asked(service, operation, lambda: list(pages())) or []

    def account(self) -> str:
        """Whose credentials these are. Raises as `ask`."""
        told = self.ask("sts", "get_caller_identity")
        return str((told or {}).get("Account", ""))

    def _asked(self, service: str, operation: str, ask: Callable[[], T]) -> T | None:
        of = import_module("botocore.exceptions")
        what = f"{service}:{''.join(word.capitalize() for word in operation.split('_'))}"
        try:
            return ask()
        except of.ClientError as err:
            code, is_for_now = refusal(err.response)
            if code in _ABSENT:
                return None
            raise _failed(what, code, is_for_now) from err
        except of.NoCredentialsError as err:
            fault = Fault(f"{what}: there are no credentials of AWS", remedy=_SIGN_IN)
            raise Stalled(Reason.CLUSTER_REFUSED, fault) from err
        except (of.ConnectionError, of.HTTPClientError) as err:
            fault = Fault(f"{what}: AWS does not answer ({type(err).__name__})", remedy="check the network, try again")
            raise Transient(Reason.CLUSTER_UNREACHABLE, fault) from err
        except (of.BotoCoreError, ValueError) as err:  # ValueError: an address of AWS's that is none
            message = f"{what}: what this process has of AWS's settings cannot be used ({type(err).__name__})"
            remedy = f"correct AWS_PROFILE and its like, or the file that they name; {_SIGN_IN}"
            raise Stalled(Reason.CLUSTER_REFUSED, Fault(message, remedy=remedy)) from err


def _failed(what: str, code: str, is_for_now: bool) -> HubError:
    if is_for_now:
        return Transient(Reason.CLUSTER_UNREACHABLE, Fault(f"{what}: {code}", remedy="try again"))
    remedy = _SIGN_IN if code in _UNKNOWN else f"let these credentials ask {what}"
    return Stalled(Reason.CLUSTER_REFUSED, Fault(f"{what}: {code}", remedy=remedy))
