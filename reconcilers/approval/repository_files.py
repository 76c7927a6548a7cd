"""Files of a state repository that its Git host reads: who must review, and the workflow that runs the guard."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from generator.model.environment import Environment

CODEOWNERS = ".github/CODEOWNERS"
WORKFLOW = ".github/workflows/guard.yaml"
REQUIREMENTS = ".github/rtb-hub/requirements.txt"
#: Special in a branch filter of a workflow (docs.github.com, workflow syntax: filter pattern cheat sheet) and yet
#: allowed in the name of a branch.
_PATTERN = re.compile(r"([+!])")


def codeowners(environments: Sequence[Environment]) -> str | None:
    """CODEOWNERS of the branch that `environments` live on; None when none of them names a team.

    The last line that fits a file counts, and one owner of those it names suffices. So each environment has its own,
    and all else on the branch, `.github` among it, is for a team of any of them.
    """
    teams = {one.name: f"@{one.spec.approval.team}" for one in environments if one.spec.approval is not None}
    if not teams:
        return None
    lines = ["# Written by 'rtb-hub init': approval.team of the environments on this branch.", f"* {_all(teams)}"]
    if len(environments) > 1:
        lines += [f"/environments/{name}/ {team}" for name, team in sorted(teams.items())]
    return "\n".join(lines) + "\n"


def guard_workflow(template: str, branch: str, version: str) -> str:
    """The workflow for one branch, which installs release `version`."""
    values = {
        "@BRANCH@": json.dumps(_PATTERN.sub(r"\\\1", branch)),
        "@VERSION@": version,
        "@VERSION_PATTERN@": version.replace(".", "\\."),
    }
    return re.sub("|".join(values), lambda match: values[match[0]], template)


def _all(teams: dict[str, str]) -> str:
    return " ".join(sorted(set(teams.values())))
