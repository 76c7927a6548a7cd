"""What a Git host reads of the branch of a state repository: the guard's workflow, and whom it asks for reviews."""

from __future__ import annotations

from collections.abc import Sequence

from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from hub import __version__, assets
from reconcilers.approval.repository_files import CODEOWNERS, REQUIREMENTS, WORKFLOW, codeowners, guard_workflow


def branch_files(library: TemplateLibrary, branch: str, on_it: Sequence[Environment]) -> dict[str, str]:
    """Texts by path. Where no environment names a team, a CODEOWNERS there stays."""
    owners = codeowners(on_it)
    return {
        WORKFLOW: guard_workflow(library.files["templates/repository/guard.yaml"], branch, __version__),
        REQUIREMENTS: assets.requirements(),
        **({CODEOWNERS: owners} if owners else {}),
    }
