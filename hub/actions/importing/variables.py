"""Variables of a container of manifests as a blueprint has them: plain ones, and references to secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generator.values.formats import check_env_name, check_secret
from hub.actions.importing.model import GUESSED, Leave, addressed, host_of_url, is_secret, secret_of
from hub.actions.importing.objects import Objects, local_name
from hub.actions.importing.reached import Reached
from hub.actions.importing.trees import Read, mapping_at, mappings_at, text_at

#: How Kubernetes writes another variable's value in one, and how it writes that not.
_OTHER = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
_FIELDS = {"metadata.namespace": "${preview.namespace}"}


@dataclass
class Surroundings:
    """What is around a pod: objects, components by the Services that lead to them, and the images that they run."""

    objects: Objects
    #: Service → component.
    names: Mapping[str, str]
    #: Component of the library → (its name there, its key with a URL or None).
    library: Mapping[str, tuple[str, str | None]]
    reached: dict[str, Reached] = field(default_factory=dict)
    #: Image → the first component that runs it.
    image_of: dict[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """A text of a container as a blueprint has it: Services of the manifests by their names in a preview."""
        host = local_name(host_of_url(text) or "")
        name = self.names.get(host or "", "")
        _, key = self.library.get(name, ("", None))
        if key is not None:
            return f"${{{name}.{key}}}"
        return addressed(text.replace("$", "$$"), self._inside)

    def _inside(self, host: str, port: int) -> str | None:
        service = local_name(host)
        name = self.names.get(service or "")
        if service is None or name is None:
            return None
        if name in self.library:
            return f"{name}:${{{name}.port}}"
        return self.reached[name].inside(service, port, name) if name in self.reached else None


class Variables:
    """The variables of one container: `env` and `secrets` of a blueprint."""

    def __init__(self, surroundings: Surroundings, leave: Leave) -> None:
        self._of, self._leave = surroundings, leave
        self._plain: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self.secrets: dict[str, str] = {}

    def read(self, container: Read, component: str) -> None:
        """Take a container's variables; those of `envFrom` go before `env`, and the last of one name counts."""
        for one in mappings_at(container, "envFrom"):
            self._all_of(one)
        for one in mappings_at(container, "env"):
            name = text_at(one, "name")
            self._forget(name)
            if "valueFrom" in one:
                self._from(name, mapping_at(one, "valueFrom"))
            else:
                self._set(name, text_at(one, "value"), component)

    def _forget(self, name: str) -> None:
        for kept in (self._plain, self.env, self.secrets):
            kept.pop(name, None)

    def _is_name(self, name: str) -> bool:
        try:
            check_env_name(name)
        except ValueError:
            self._leave(f"env: {name[:60]}", "is no name of a variable here: letters, digits and '_'")
            return False
        return True

    def _set(self, name: str, value: str, component: str) -> None:
        if not self._is_name(name):
            return
        self._keep(name, self._expanded(name, value), component, name)

    def _expanded(self, name: str, value: str) -> str:
        """The value with those of other variables in it, as Kubernetes does it."""

        def other(match: re.Match[str]) -> str:
            if match[1] is None:
                return "$"
            if match[1] not in self._plain:
                self._leave(f"env: {name}", f"names the variable {match[1][:60]}, which is no plain one before it")
            return self._plain.get(match[1], match[0])

        return _OTHER.sub(other, value)

    def _from(self, name: str, source: Read) -> None:
        if not self._is_name(name):
            return
        if of := mapping_at(source, "secretKeyRef"):
            self._secret(name, text_at(of, "name"), text_at(of, "key"), "is a secret: put its value into the store")
        elif of := mapping_at(source, "configMapKeyRef"):
            texts = self._of.objects.texts_of(text_at(of, "name"))
            key = text_at(of, "key")
            if texts is None or key not in texts:
                self._leave(
                    f"env: {name}", f"ConfigMap {text_at(of, 'name')} is not among the manifests, or lacks the key"
                )
            else:
                self._keep(name, texts[key], text_at(of, "name"), key)
        elif (path := text_at(source, "fieldRef", "fieldPath")) in _FIELDS:
            self.env[name] = _FIELDS[path]
        else:
            self._leave(f"env: {name}", "its value comes from the cluster: say it in 'env'")

    def _keep(self, name: str, text: str, of: str, key: str) -> None:
        """Take a plain variable, which `of` has as `key`; what looks like a secret becomes one."""
        reference = self._of.text(text)
        if text and (is_secret(name, text) or is_secret(key, None)) and not reference.startswith("${"):
            self._secret(name, of, key, GUESSED)
            return
        self._plain[name], self.env[name] = text, reference

    def _secret(self, name: str, of: str, key: str, why: str) -> None:
        reference = f"{secret_of(of)}#{key}"
        try:
            check_secret(f"preview/x/app/{of}#{key}")
        except ValueError:
            self._leave(f"env: {name}", "is a secret whose name no store takes: say one in 'secrets'")
            return
        self.secrets[name] = reference
        self._leave(f"env: {name}", f"{why}, as {reference}")

    def _all_of(self, source: Read) -> None:
        prefix = text_at(source, "prefix")
        if of := text_at(source, "configMapRef", "name"):
            texts = self._of.objects.texts_of(of)
            if texts is None:
                self._leave(f"envFrom: ConfigMap {of}", "is not among the manifests: put what it has into 'env'")
            for key, text in (texts or {}).items():
                if self._is_name(prefix + key):
                    self._keep(prefix + key, text, of, key)
        for key in self._keys_of(text_at(source, "secretRef", "name")):
            if self._is_name(prefix + key):
                self.env.pop(prefix + key, None)
                self._secret(
                    prefix + key, text_at(source, "secretRef", "name"), key, "is a secret: put its value into the store"
                )

    def _keys_of(self, secret: str) -> Iterator[str]:
        keys = self._of.objects.keys_of(secret) if secret else []
        if keys is None:
            self._leave(f"envFrom: Secret {secret}", "is not among the manifests: name its keys in 'secrets'")
        yield from keys or ()
