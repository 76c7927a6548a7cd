"""`rtb-hub doctor`: what is wrong with the state repository and, when asked, with a cluster. Writes to neither."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Literal

from generator.errors import ConfigError, Fault, Reason
from hub.actions.doctor import doctor
from hub.actions.doctor_gitea import check_gitea
from hub.actions.doctor_github import check_github, repositories_of
from hub.actions.doctor_services import JiraAccess, SlackAccess, check_jira, check_slack, projects_of
from hub.actions.doctor_traffic import check_traffic
from hub.commands.cluster_options import Options, clusters_for
from hub.output.console import Format, emit
from hub.output.exit_codes import UNHEALTHY
from hub.settings.slack import channels_of
from hub.views.diagnoses import checked_line, diagnosis_data, tell_diagnoses
from hub.views.preview import rule_data
from hub.wiring import Hub, hub
from hub.wiring.services import existing_database, jira_account
from hub.wiring.slack import open_slack_site
from hub.wiring.telling import open_jira_site
from hub.wiring.telling_gitea import gitea_code
from hub.wiring.telling_github import code_of, github_access
from hub.wiring.traffic import traffic_of
from reconcilers.doctor.checked import CheckedCode, CheckedJira, CheckedSlack
from reconcilers.doctor.repository import Diagnosis

_CodeCheck = Callable[[Sequence[str]], tuple[list[Diagnosis], tuple[str, ...]]]


def run(  # noqa: PLR0913 - what there is to look at
    envs: Sequence[str],
    *,
    repo: str | None,
    at: Options | None,
    output: Format,
    with_services: bool = False,
    with_account: bool = False,
) -> None:
    """Check, tell, and exit with `UNHEALTHY` when there is an error.

    `with_services`: what services need outside, too. `with_account`: the AWS account that the credentials are of, too.
    Raises `ConfigError` (InvalidValue) for settings of services that are missing or wrong.
    """
    ours = hub()
    jira, slack = _services(ours) if with_services else (None, None)
    code = _code(ours) if with_services else None
    clusters = clusters_for(ours, at)  # before Git: a wrong name is told at once
    repository, guards = ours.repository(repo), ours.guards(repo)
    found = doctor(envs, repository=repository, guards=guards, clusters=clusters, clock=ours.clock)
    if jira is not None:
        projects = projects_of(repository.read().each(envs)[0])
        findings, answered = check_jira(jira, projects, clock=ours.clock)
        checked = (CheckedJira(jira.site.name, answered),) if answered or not projects else ()
        found = replace(found, findings=(*found.findings, *findings), checked=(*found.checked, *checked))
    if code is not None:
        reading = repository.read()
        named = repositories_of(projects_of(reading.each(envs)[0]), code_of(ours)(reading.environments))
        forge, check_code = code
        findings, answered = check_code(named)
        looked = (CheckedCode(forge, answered),) if answered or not named else ()
        found = replace(found, findings=(*found.findings, *findings), checked=(*found.checked, *looked))
    if slack is not None:
        findings, team = check_slack(slack, clock=ours.clock)
        workspaces = (CheckedSlack(team, len(slack.channels)),) if team is not None else ()
        found = replace(found, findings=(*found.findings, *findings), checked=(*found.checked, *workspaces))
    if with_services:
        found = replace(found, findings=(*found.findings, *_own_tokens(ours)))
    if with_account:
        from hub.actions.account import render_account
        from hub.actions.doctor_account import check_accounts

        environments = ours.environments(repo=repo, folder=None)
        accounts = [render_account(environments, name) for name in envs or environments.names]
        wrong, compared = check_accounts(accounts, clock=ours.clock)
        found = replace(found, findings=(*found.findings, *wrong), checked=(*found.checked, *compared))
    if at is not None:
        states, _ = repository.read().each(envs)
        traffic = check_traffic(
            [one.environment for one in states], lambda one: traffic_of(one, ours.clock), now=ours.clock()
        )
        found = replace(found, findings=(*found.findings, *traffic))
    data = {
        "findings": [diagnosis_data(finding) for finding in found.findings],
        "checked": [checked_line(one) for one in found.checked],
        "rules": [rule_data(rule, found.held) for rule in found.rules],
        "errors": found.errors,
    }
    emit(data, output, lambda console: tell_diagnoses(console, found.findings, found.checked))
    if found.errors:
        sys.exit(UNHEALTHY)


def _own_tokens(ours: Hub) -> list[Diagnosis]:
    database = existing_database(ours.settings)
    if database is None:
        return []
    from hub.actions.doctor_own_tokens import check_own_tokens

    with closing(database):
        return check_own_tokens(database, clock=ours.clock)


def _code(ours: Hub) -> tuple[Literal["GitHub", "Gitea"], _CodeCheck] | None:
    """On which forge the code is, and what checks the hub's key there; None: nobody is told in pull requests."""
    github, gitea = github_access(ours), gitea_code(ours)
    if github is not None:
        return "GitHub", lambda names: check_github(github, names, ours.sending)
    return None if gitea is None else ("Gitea", lambda names: check_gitea(gitea, names))


def _services(ours: Hub) -> tuple[JiraAccess | None, SlackAccess | None]:
    site, workspace, settings = open_jira_site(ours), open_slack_site(ours), ours.settings
    if site is None and workspace is None and not (settings.github_messages or settings.gitea_messages):
        allowed = (
            "RTB_HUB_JIRA_URL, with RTB_HUB_JIRA_EMAIL and RTB_HUB_JIRA_TOKEN; RTB_HUB_GITHUB_MESSAGES;"
            " RTB_HUB_GITEA_MESSAGES; RTB_HUB_SLACK_TOKEN"
        )
        raise ConfigError(Reason.INVALID_VALUE, Fault("the settings name nothing that services ask", allowed=allowed))
    tells = settings.jira_messages is not None
    jira = JiraAccess(site, tells, jira_account(settings).token) if site is not None else None
    if workspace is None:
        return jira, None
    is_rotated = (settings.secret("slack_token") or "").startswith("xoxe.")
    channels = {*channels_of(settings.slack_channels).values(), *filter(None, (settings.slack_platform,))}
    is_proved = settings.secret("slack_signing_secret") is not None
    asked = (settings.slack_buttons, is_proved, settings.public_url)
    return jira, SlackAccess(workspace, tuple(sorted(channels)), is_rotated, *asked)
