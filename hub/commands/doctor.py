"""`rtb-hub doctor`: what is wrong with the state repository and, when asked, with a cluster. Writes to neither."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from generator.errors import ConfigError, Fault, Reason
from hub.actions.doctor import doctor
from hub.actions.doctor_github import check_github, repositories_of
from hub.actions.doctor_services import JiraAccess, check_jira, projects_of
from hub.commands.cluster_options import Options, clusters_for
from hub.output.console import Format, emit
from hub.output.exit_codes import UNHEALTHY
from hub.views.diagnoses import checked_line, diagnosis_data, tell_diagnoses
from hub.views.preview import rule_data
from hub.wiring import Hub, hub
from hub.wiring.telling import open_jira_site
from hub.wiring.telling_github import code_of, github_access
from reconcilers.doctor.checked import CheckedCode, CheckedJira


def run(
    envs: Sequence[str], *, repo: str | None, at: Options | None, output: Format, with_services: bool = False
) -> None:
    """Check, tell, and exit with `UNHEALTHY` when there is an error. `with_services`: what services need outside, too.

    Raises `ConfigError` (InvalidValue) for settings of services that are missing or wrong.
    """
    ours = hub()
    access = _jira(ours) if with_services else None
    code = github_access(ours) if with_services else None
    clusters = clusters_for(ours, at)  # before Git: a wrong name is told at once
    repository, guards = ours.repository(repo), ours.guards(repo)
    found = doctor(envs, repository=repository, guards=guards, clusters=clusters, clock=ours.clock)
    if access is not None:
        projects = projects_of(repository.read().each(envs)[0])
        jira, answered = check_jira(access, projects, clock=ours.clock)
        checked = (CheckedJira(access.site.name, answered),) if answered or not projects else ()
        found = replace(found, findings=(*found.findings, *jira), checked=(*found.checked, *checked))
    if code is not None:
        reading = repository.read()
        named = repositories_of(projects_of(reading.each(envs)[0]), code_of(ours, reading.environments))
        github, answered = check_github(code, named, ours.sending)
        looked = (CheckedCode(answered),) if answered or not named else ()
        found = replace(found, findings=(*found.findings, *github), checked=(*found.checked, *looked))
    data = {
        "findings": [diagnosis_data(finding) for finding in found.findings],
        "checked": [checked_line(one) for one in found.checked],
        "rules": [rule_data(rule, found.held) for rule in found.rules],
        "errors": found.errors,
    }
    emit(data, output, lambda console: tell_diagnoses(console, found.findings, found.checked))
    if found.errors:
        sys.exit(UNHEALTHY)


def _jira(ours: Hub) -> JiraAccess | None:
    site = open_jira_site(ours)
    if site is None and ours.settings.github_messages is not None:
        return None
    if site is None:
        allowed = "RTB_HUB_JIRA_URL, with RTB_HUB_JIRA_EMAIL and RTB_HUB_JIRA_TOKEN; RTB_HUB_GITHUB_MESSAGES"
        raise ConfigError(Reason.INVALID_VALUE, Fault("the settings name nothing that services ask", allowed=allowed))
    return JiraAccess(site, ours.settings.jira_messages is not None)
