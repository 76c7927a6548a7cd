"""From a kubeconfig's context to a sender: the `kubernetes` client reads it, its credentials, TLS and proxy.

That is what the client is kept for (docs/adr/0029); nothing is written. Credentials from a command (`exec`, as on EKS)
are made anew by the client when they expire, and once when the cluster refuses them before; a token's file is read with
each request, so that one that is renewed beside a running hub (a service account's) counts at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from generator.errors import ConfigError, Fault, Reason, Stalled, nearest
from hub.adapters.http import Origin, OriginError, Sender, SenderParts
from hub.adapters.kubernetes.connection import Remedies, api_server


def connect(context: str, kubeconfig: str, parts: SenderParts) -> Sender:
    """A sender to the cluster of a context. `kubeconfig`: one path, or several with the platform's separator between.

    Raises `ConfigError`: UnknownContext with the known ones, InvalidKubeconfig. Nothing is written to the kubeconfig.
    """
    from kubernetes import client
    from kubernetes.config import ConfigException
    from yaml import YAMLError

    remedy = "name another with --kubeconfig or KUBECONFIG; on EKS: aws eks update-kubeconfig --name CLUSTER"
    try:
        known = _contexts(kubeconfig)
        if context not in known:
            raise _unknown_context(context, known, kubeconfig)
        configuration = _load(context, kubeconfig)
        origin = Origin.parse(configuration.host, is_clear_allowed=True)
        token_file = _token_file(context, kubeconfig)
    except (
        ConfigException, YAMLError, OSError, UnicodeDecodeError, TypeError, KeyError, AttributeError, OriginError,
    ) as err:  # fmt: skip
        fault = Fault(f"kubeconfig {kubeconfig} cannot be used: {_first_line(err)}", remedy=remedy)
        raise ConfigError(Reason.INVALID_KUBECONFIG, fault) from err
    of_client = _OfClient(configuration, partial(_load, context, kubeconfig))
    return api_server(
        origin,
        partial(_from_file, token_file, context) if token_file is not None else of_client.authorization,
        parts,
        pool=client.ApiClient(configuration).rest_client.pool_manager,
        remedies=Remedies(
            network=f"check the network, the VPN and 'kubectl --context {context} get --raw /readyz'",
            certificate="check certificate-authority-data of the cluster in the kubeconfig",
            credentials=f"sign in anew and try 'kubectl --context {context} auth whoami'",
        ),
        make=of_client.make if token_file is None else None,
    )


def _load(context: str, kubeconfig: str) -> Any:
    """The client's configuration for a context; a command that makes credentials is run."""
    from kubernetes import client
    from kubernetes.config import kube_config

    configuration = client.Configuration()
    kube_config.load_kube_config(  # type: ignore[no-untyped-call]
        config_file=kubeconfig, context=context, client_configuration=configuration, persist_config=False
    )
    return configuration


class _OfClient:
    """What the client signs requests with. Safe for threads: a command is run once for all that wait for it."""

    def __init__(self, configuration: Any, load: Callable[[], Any]) -> None:
        self._configuration, self._load = configuration, load
        self._lock = threading.RLock()

    def authorization(self) -> str | None:
        """The header; None for nothing but a certificate, or for credentials that could not be made."""
        with self._lock:
            return self._of(self._configuration)

    def make(self) -> None:
        """Read the kubeconfig anew. One that gives no credentials changes nothing: the refusal is told."""
        from kubernetes.config import ConfigException
        from yaml import YAMLError

        with self._lock:
            try:
                made = self._load()
            except (ConfigException, YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError):
                return
            if self._of(made) is not None:
                self._configuration = made

    @staticmethod
    def _of(configuration: Any) -> str | None:
        settings: Any = configuration.auth_settings()
        return next((auth["value"] for auth in settings.values() if auth["value"]), None)


def _from_file(path: Path, context: str) -> str:
    try:
        return f"Bearer {path.read_text(encoding='utf-8').strip()}"
    except (OSError, UnicodeDecodeError) as err:
        message = f"cannot read cluster {context}: its token's file {path} cannot be read"
        remedy = "fix the file that the kubeconfig names, or name another context"
        raise Stalled(Reason.CLUSTER_REFUSED, message, remedy=remedy) from err


def _files(kubeconfig: str) -> Iterator[tuple[Path, Any]]:
    """Each file of a kubeconfig with what is in it, no stricter than kubectl: of several files some may be missing."""
    import yaml

    paths = [Path(path).expanduser() for path in kubeconfig.split(os.pathsep) if path]
    for path in paths if len(paths) == 1 else filter(Path.exists, paths):
        yield path, yaml.safe_load(path.read_bytes())


def _token_file(context: str, kubeconfig: str) -> Path | None:
    """The file that holds the token of a context's user, None when it has none. The first of a name counts."""
    found = [(path, tree) for path, tree in _files(kubeconfig) if isinstance(tree, dict)]
    contexts = [one for _, tree in found for one in tree.get("contexts") or () if one.get("name") == context]
    user = (contexts[0].get("context") or {}).get("user") if contexts else None
    users = [(path, one) for path, tree in found for one in tree.get("users") or () if one.get("name") == user]
    if not users:
        return None
    path, one = users[0]
    named = (one.get("user") or {}).get("tokenFile")
    return path.parent / str(named) if named else None


def _contexts(kubeconfig: str) -> list[str]:
    """The contexts of all files, sorted. The client's own list needs a current context, which nobody must have."""
    return sorted({context["name"] for _, tree in _files(kubeconfig) for context in tree["contexts"] or ()})


def _unknown_context(context: str, known: Sequence[str], kubeconfig: str) -> ConfigError:
    fault = Fault(
        f"there is no context {context!r} in {kubeconfig}",
        field="--cluster",
        allowed=", ".join(known) or "none: the file has no contexts",
        nearest=nearest(context, known),
    )
    return ConfigError(Reason.UNKNOWN_CONTEXT, fault)


def _first_line(err: Exception) -> str:
    if isinstance(err, OSError) and err.strerror:
        return err.strerror
    return f"{type(err).__name__}: {err}".splitlines()[0]
