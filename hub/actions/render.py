"""Render a preview as `start` would commit it. This needs no repository, and loads nothing that reads one."""

from __future__ import annotations

from datetime import datetime

from generator.model.blueprint import TemplateLibrary
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.render.render import Rendering
from reconcilers.lifecycle.start import Starter, StartRequest, draft_of


def render(
    asked: StartRequest, environment: Environment, library: TemplateLibrary, *, starter: Starter, now: datetime
) -> tuple[Preview, Rendering]:
    """Entry and manifests of a preview that is new and alone in its environment.

    Raises `ConfigError` for a wrong request, a template with a mistake, and a rendering that does not validate.
    """
    return starter.rendered(draft_of(asked, environment, library, now=now), environment, library)
