"""Which rule of `hub/services.yaml` holds for a Jira project in each environment.

An environment's rule stands on its own branch, as its policy does.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.errors import HubError
from generator.model.services import SERVICES_FILE, ProjectRule, Services, read_services
from reconcilers.ports.git import Snapshot
from reconcilers.state.policies import Environments, Observed


def project_rules(environments: Environments, project: str) -> Mapping[str, ProjectRule]:
    """The rule of a project (`RTB`) by environment, sorted; empty where no file names it.

    Raises `ConfigError` (UnreadableYaml, InvalidServices) for a file with mistakes; where no rule is found, what keeps
    a branch or an environment from being read that may have one.
    """
    found = {
        name: services.projects[project]
        for services in rules_by_branch(environments).values()
        if project in services.projects
        for name in services.projects[project].environments
    }
    if not found:
        _raise_unread(environments)
    return {name: found[name] for name in sorted(found)}


def ruled_projects(environments: Environments) -> frozenset[str]:
    """The projects that any file has a rule for by which issues start previews.

    Raises as `project_rules`, for whatever cannot be read: a project may be named there alone.
    """
    files = rules_by_branch(environments).values()
    found = frozenset(name for one in files for name, rule in one.projects.items() if rule.start_on is not None)
    _raise_unread(environments)
    return found


def _raise_unread(environments: Environments) -> None:
    unread = [one for one in environments.found.values() if isinstance(one, HubError)]
    for err in (*environments.unreadable.values(), *unread):
        raise err


def every_rule(environments: Environments) -> tuple[ProjectRule, ...]:
    """The rules of all projects, of every branch that can be read. Raises `ConfigError` for a file with mistakes."""
    return tuple(rule for services in rules_by_branch(environments).values() for rule in services.projects.values())


def code_by_project(environments: Environments) -> dict[str, tuple[str, ...]]:
    """The repositories of code that any file names for a project (`RTB`), sorted; of two cases of a name one.

    Raises `ConfigError` for a file with mistakes.
    """
    found: dict[str, dict[str, str]] = {}
    for services in rules_by_branch(environments).values():
        for project, rule in services.projects.items():
            for name in rule.code:
                found.setdefault(project, {}).setdefault(name.casefold(), name)
    return {project: tuple(sorted(names.values())) for project, names in found.items()}


def rules_by_branch(environments: Environments) -> dict[str, Services]:
    """The file of each branch that has one. Raises `ConfigError` (UnreadableYaml, InvalidServices) for mistakes."""
    seen = [one for one in environments.found.values() if isinstance(one, Observed)]
    homes = {one.environment.name: None if one.environment.spec.gated else one.environment.spec.branch for one in seen}
    snapshots: dict[str, Snapshot] = {one.snapshot.branch: one.snapshot for one in seen}
    files = {}
    for branch, snapshot in snapshots.items():
        text = snapshot.read([SERVICES_FILE]).get(SERVICES_FILE)
        if text is not None:
            unread = {name: branch for name, one in environments.found.items() if isinstance(one, HubError)}
            files[branch] = read_services(text, homes={**homes, **unread}, branch=branch)
    return files
