"""Clients of one account and region, and what their answers mean. boto3 is an extra, imported when one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

from generator.errors import ConfigError, Fault, HubError, Reason, Stalled, Transient

T = TypeVar("T")
#: Codes of "there is no such thing", as the services that are asked have them.
_ABSENT = frozenset(
    {
        "NoSuchEntity",
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
    }
)
_LATER = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"})
#: Pages of a listing that are read: beyond that the answer is not whole, and said to be unread.
_PAGES = 200


@dataclass
class Access:
    """Clients by service, each made once. Credentials are those of this process, by boto3's own order."""

    region: str
    _made: dict[str, Any] = field(default_factory=dict, repr=False)
    _session: Any = field(default=None, repr=False)

    def client(self, service: str) -> Any:
        """Raises `ConfigError` (InvalidValue) where boto3 is not installed."""
        if service not in self._made:
            try:
                boto3, config = import_module("boto3"), import_module("botocore.config")
            except ModuleNotFoundError as err:
                fault = Fault(f"{err.name} is not installed", remedy="pip install 'rtb-ai-hub[aws]'")
                raise ConfigError(Reason.INVALID_VALUE, fault) from err
            self._session = self._session or boto3.Session(region_name=self.region)
            bounds = config.Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})
            self._made[service] = self._session.client(service, config=bounds)
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
        self.client(service)  # says where boto3 is not installed
        of = import_module("botocore.exceptions")
        what = f"{service}:{''.join(word.capitalize() for word in operation.split('_'))}"
        try:
            return ask()
        except of.ClientError as err:
            code = str(err.response.get("Error", {}).get("Code", ""))[:80]
            status = err.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code in _ABSENT:
                return None
            raise _failed(what, code, isinstance(status, int) and status >= 500) from err
        except of.NoCredentialsError as err:
            remedy = "sign in to the account, as a role that may read it (SecurityAudit)"
            raise Stalled(
                Reason.CLUSTER_REFUSED, Fault(f"{what}: there are no credentials of AWS", remedy=remedy)
            ) from err
        except of.BotoCoreError as err:
            fault = Fault(f"{what}: AWS does not answer ({type(err).__name__})", remedy="check the network, try again")
            raise Transient(Reason.CLUSTER_UNREACHABLE, fault) from err


def _failed(what: str, code: str, is_fault_of_theirs: bool) -> HubError:
    if code in _LATER or is_fault_of_theirs:
        return Transient(Reason.CLUSTER_UNREACHABLE, Fault(f"{what}: {code}", remedy="try again"))
    return Stalled(Reason.CLUSTER_REFUSED, Fault(f"{what}: {code}", remedy=f"let these credentials ask {what}"))
