"""From a kubeconfig's context to a connection: the `kubernetes` client reads credentials and TLS; nothing is written.

Credentials from a command (`exec`, as on EKS) are made anew by the client when they expire, so they are asked for with
each request.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.errors import ConfigError, Fault, Reason, nearest

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one API server: its address, a `urllib3.PoolManager`, and the headers that sign a request."""

    server: str
    pool: Any
    headers: Callable[[], Mapping[str, str]]


def connect(context: str, kubeconfig: str) -> Connection:
    """How to reach the cluster of a context. `kubeconfig`: one path, or several with the platform's separator between.

    Raises `ConfigError`: UnknownContext with the known ones, InvalidKubeconfig. Nothing is written to the kubeconfig.
    """
    import urllib3
    from kubernetes import client
    from kubernetes.config import ConfigException, kube_config
    from yaml import YAMLError

    remedy = "name another with --kubeconfig or KUBECONFIG; on EKS: aws eks update-kubeconfig --name CLUSTER"
    try:
        known = _contexts(kubeconfig)
        if context not in known:
            raise _unknown_context(context, known, kubeconfig)
        configuration = client.Configuration()
        kube_config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=kubeconfig, context=context, client_configuration=configuration, persist_config=False
        )
    except (ConfigException, YAMLError, OSError, UnicodeDecodeError, TypeError, KeyError, AttributeError) as err:
        fault = Fault(f"kubeconfig {kubeconfig} cannot be used: {_first_line(err)}", remedy=remedy)
        raise ConfigError(Reason.INVALID_KUBECONFIG, fault) from err
    pool = client.ApiClient(configuration).rest_client.pool_manager
    pool.connection_pool_kw["timeout"] = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)

    def headers() -> dict[str, str]:
        settings: Any = configuration.auth_settings()
        signed = {auth["key"]: auth["value"] for auth in settings.values() if auth["value"]}
        return {"Accept": "application/json", "User-Agent": "rtb-hub", **signed}

    return Connection(configuration.host.rstrip("/"), pool, headers)


def _contexts(kubeconfig: str) -> list[str]:
    """The contexts of all files, sorted. The client's own list needs a current context, which nobody must have."""
    import yaml

    paths = [Path(path).expanduser() for path in kubeconfig.split(os.pathsep) if path]
    found: set[str] = set()
    for path in paths if len(paths) == 1 else filter(Path.exists, paths):  # as kubectl does, several may be missing
        tree = yaml.safe_load(path.read_bytes())  # no stricter than kubectl
        found |= {context["name"] for context in tree["contexts"] or ()}
    return sorted(found)


def _unknown_context(context: str, known: Sequence[str], kubeconfig: str) -> ConfigError:
    fault = Fault(
        f"there is no context {context!r} in {kubeconfig}",
        field="--cluster",
        allowed=", ".join(known) or "none: the file has no contexts",
        nearest=nearest(context, known),
    )
    return ConfigError(Reason.UNKNOWN_CONTEXT, fault)


def _first_line(err: Exception) -> str:
    return f"{type(err).__name__}: {err}".splitlines()[0]
