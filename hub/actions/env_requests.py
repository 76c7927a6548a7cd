"""Ask for the review of an edited environment where its forge is: a pull request from the branch of the edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generator.errors import HubError
from generator.model.environment import Environment
from hub.actions.env_edit import Edited
from reconcilers.approval.text import code
from reconcilers.plan import one_line
from reconcilers.ports.forge import Forge

#: Of a title, in characters; GitHub takes 256.
_TITLE = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """The open request of one branch: where it is read, or what kept it from being opened. Neither: nobody was asked.

    `lacking`: what this process would have to be given to ask, in words.
    """

    url: str | None = None
    error: HubError | None = None
    lacking: str | None = None


def ask_for_reviews(
    found: Edited,
    by: str,
    *,
    forge: Callable[[Environment], Forge | None],
    lacking: Callable[[Environment], str | None],
) -> dict[str, Opened]:
    """The request of each branch of `found` that is to be reviewed; one that is open already is the same.

    `by`: who asks. Raises nothing: the commits are there, and what kept a forge from being told is told with them.
    """
    return {
        plan.branch: _opened(plan.subject, plan.branch, found.reviews[plan.branch], by, (forge, lacking))
        for plan, _ in found.written
        if plan.branch in found.reviews
    }


def _opened(
    subject: str,
    branch: str,
    environment: Environment,
    by: str,
    parts: tuple[Callable[[Environment], Forge | None], Callable[[Environment], str | None]],
) -> Opened:
    forge_of, lacking_of = parts
    if environment.spec.forge is None:
        return Opened()
    if (lacking := lacking_of(environment)) is not None:
        return Opened(lacking=lacking)
    try:
        forge = forge_of(environment)
        if forge is None:
            return Opened()
        body = f"Asked for by {code(by)}. An administrator merges it as any change of the layout."
        title = one_line(subject)[:_TITLE]
        return Opened(forge.open(branch, environment.spec.branch, title=title, body=body).url)
    except HubError as err:
        return Opened(error=err)
