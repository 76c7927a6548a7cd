"""A Helm chart of the hub's own objects: those of `generator.bootstrap.hub`, with values in some places.

With the values of its own it gives the very objects (docs/adr/0074-the-chart-is-made-of-rendered-objects.md). What an
environment's file leaves out, it has not; of alerts alone it says whether there are any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from generator.bootstrap.chart_places import GROUPS, IN_LIST, PREFIX, Given, Place, Places
from generator.bootstrap.chart_values import Path, Values, reference
from generator.bootstrap.hub import HEADER, HOME, Files
from generator.model.environment import Environment
from generator.objects.manifest import Manifest
from generator.validate.schemas import VERSIONS
from generator.yaml.writer import dump

NAME = "rtb-hub"
TEMPLATES = PurePosixPath("templates")
_SAID = HEADER.removeprefix("# ").strip()
_OWN_VALUES = "# Keep what differs in a file of your own: helm install --values.\n"
_HELPERS = """\
{{- define "rtb-hub.image" -}}
{{- printf "%s@%s" .Values.images.hub.repository .Values.images.hub.digest -}}
{{- end -}}

{{- define "rtb-hub.authImage" -}}
{{- if .Values.images.auth.repository -}}
{{- printf "%s@%s" .Values.images.auth.repository .Values.images.auth.digest -}}
{{- else -}}
{{- include "rtb-hub.image" . -}}
{{- end -}}
{{- end -}}

{{- define "rtb-hub.loadBalancer" -}}
{{- range .Values.ingress.loadBalancerCidrs }}
- ipBlock:
    cidr: {{ . | toJson }}
{{- end -}}
{{- end -}}

{{- /* The most replicas: a list of the fewest, the most, and the name of the latter. */ -}}
{{- define "rtb-hub.most" -}}
{{- if lt (int (index . 1)) (int (index . 0)) -}}
{{- fail (printf "%s: %v is fewer than minReplicas: %v" (index . 2) (index . 1) (index . 0)) -}}
{{- end -}}
{{- index . 1 -}}
{{- end -}}
"""


def with_alerts(environments: Sequence[Environment]) -> tuple[Environment, ...]:
    """The environments that a chart is rendered of: one can be told by a value to have alerts."""
    return tuple(_with_alerts(one) if one.spec.hub is not None else one for one in environments)


def is_generated(first_line: str) -> bool:
    """Whether a file of a chart is one that `chart_files` gave, by its first line; of those that say so."""
    return _SAID in first_line


def chart_files(files: Files, given: Given, *, version: str) -> dict[str, str]:
    """The texts of a chart by path within it.

    `files`: what `render_hub` makes of what is `given` and of `with_alerts(environments)`.
    `version`: this release's, which is the chart's too (SemVer 2).
    """
    values, manifests = Values(GROUPS), [one for found in files.values() for one in found]
    chart = _Chart(given, values, manifests)
    templates = {
        str(TEMPLATES / path.relative_to(HOME)): HEADER + "".join(map(chart.document, found))
        for path, found in files.items()
    }
    about = {
        "apiVersion": "v2",
        "name": NAME,
        "description": "The hub of preview environments: its scheduled jobs and services",
        "type": "application",
        "version": version,
        "appVersion": version,
        "kubeVersion": f">={VERSIONS[0]}.0-0",
    }
    return {
        "Chart.yaml": HEADER + dump(about),
        "values.yaml": HEADER + _OWN_VALUES + values.defaults(),
        "values.schema.json": values.schema(),
        "templates/_helpers.tpl": f"{{{{- /* {_SAID} */ -}}}}\n{_HELPERS}",
        "templates/NOTES.txt": _notes(manifests, values.below("secrets")),
        **templates,
    }


class _Chart:
    """Writes objects as templates of Helm: what stands there for itself, and what a value stands for."""

    def __init__(self, given: Given, values: Values, manifests: Iterable[Manifest]) -> None:
        self._given, self._values = given, values
        self._marked: list[Place] = []
        self._mark = _unused(dump([one.data for one in manifests]))

    def document(self, manifest: Manifest) -> str:
        """One document, with the line before it."""
        places = Places(manifest, self._given, self._values)
        text = dump(self._placed(manifest.data, (), places)).replace("{{", '{{ "{{" }}')
        text = re.sub(rf"^( *)- {self._mark}([0-9]+)_$", self._entries, text, flags=re.MULTILINE)
        text = re.sub(rf"{self._mark}([0-9]+)_", lambda found: f"{{{{ {self._action(found[1])} | toJson }}}}", text)
        condition = places.condition()
        return f"---\n{text}" if condition is None else f"{{{{- if {condition} }}}}\n---\n{text}{{{{- end }}}}\n"

    def _placed(self, value: Any, keys: Path, places: Places) -> Any:
        if keys and (place := places.of(keys, value)) is not None:
            return self._marker(place)
        if isinstance(value, Mapping):
            return {key: self._placed(one, (*keys, key), places) for key, one in value.items()}
        if not isinstance(value, list | tuple):
            return value
        some = places.of_entries(keys, value) if value else None
        rest = value if some is None else value[some[1] :]
        first = [] if some is None else [self._marker(some[0])]
        return [*first, *(self._placed(one, (*keys, IN_LIST), places) for one in rest)]

    def _marker(self, place: Place) -> str:
        self._marked.append(place)
        return f"{self._mark}{len(self._marked) - 1}_"

    def _action(self, number: str) -> str:
        return self._marked[int(number)].action

    def _entries(self, found: re.Match[str]) -> str:
        if not self._marked[int(found[2])].entries:
            return found[0]
        return f"{found[1]}{{{{- {self._action(found[2])} | nindent {len(found[1])} }}}}"


def _unused(text: str) -> str:
    """A word that a text does not have, written by `dump` as it is."""
    word = "valueOfChart"
    while word in text:
        word += "X"
    return word


def _with_alerts(environment: Environment) -> Environment:
    assert environment.spec.hub is not None  # noqa: S101 - the caller looked
    hub = environment.spec.hub.model_copy(update={"alerts": True})
    return environment.model_copy(update={"spec": environment.spec.model_copy(update={"hub": hub})})


def _notes(manifests: Sequence[Manifest], secrets: Sequence[str]) -> str:
    """What there is to do after an installation, with Secrets of these names."""
    referred = {str(one.metadata.get("name")) for one in manifests if one.kind == "ExternalSecret"}
    routed = [str(one.metadata["name"]) for one in manifests if one.kind == "Service"]
    in_it = f"kubectl -n {{{{ {reference(('namespace', 'name'))} }}}}"
    lines = ["Pods start when these Secrets are there; docs/INSTALL.md says what is in each:", ""]
    for name in secrets:
        made = f"{{{{ if {reference(('externalSecrets', 'enabled'))} }}}} (made from AWS Secrets Manager){{{{ end }}}}"
        lines.append(f"  {{{{ {reference(('secrets', name))} }}}}{made if name in referred else ''}")
    lines += ["", "What there is:", "", f"  {in_it} get pods,cronjobs,jobs"]
    if routed:
        job = "upgrade-{{ .Release.Revision }}"
        lines += [
            "",
            "Services wait until their database has the schema of this release:",
            "",
            f"  {in_it} create job --from cronjob/{PREFIX}upgrade {job}",
            f"  {in_it} wait --for=condition=Complete job/{job} --timeout=5m",
            f"  {in_it} rollout status {' '.join(f'deployment/{name}' for name in routed)} --timeout=5m",
        ]
    return "\n".join(lines) + "\n"
