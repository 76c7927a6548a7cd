"""`rtb-hub doctor`: what is wrong with the state repository and, when asked, with a cluster. Writes to neither."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hub.actions.doctor import doctor
from hub.commands.cluster_options import Options, clusters_for
from hub.output.console import Format, emit
from hub.output.exit_codes import UNHEALTHY
from hub.views.diagnoses import checked_line, diagnosis_data, tell_diagnoses
from hub.views.preview import rule_data
from hub.wiring import hub


def run(envs: Sequence[str], *, repo: str | None, at: Options | None, output: Format) -> None:
    """Check, tell, and exit with `UNHEALTHY` when there is an error."""
    ours = hub()
    clusters = clusters_for(ours, at)  # before Git: a wrong name is told at once
    repository, guards = ours.repository(repo), ours.guards(repo)
    found = doctor(envs, repository=repository, guards=guards, clusters=clusters, clock=ours.clock)
    data = {
        "findings": [diagnosis_data(finding) for finding in found.findings],
        "checked": [checked_line(one) for one in found.checked],
        "rules": [rule_data(rule, found.held) for rule in found.rules],
        "errors": found.errors,
    }
    emit(data, output, lambda console: tell_diagnoses(console, found.findings, found.checked))
    if found.errors:
        sys.exit(UNHEALTHY)
