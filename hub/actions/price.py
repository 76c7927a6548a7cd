"""What a preview would cost: the pods it asks for, as they are billed, an hour and for its lease."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from generator.cost.pricing import PreviewPrice
from generator.model.blueprint import DEFAULT, TemplateLibrary
from generator.model.entry import Preview
from generator.model.environment import Environment
from hub.actions.render import render
from hub.views.preview import entry_price
from reconcilers.lifecycle.start import Starter, StartRequest


@dataclass(frozen=True, slots=True)
class Priced:
    """The preview that would be started, and its price."""

    environment: Environment
    preview: Preview
    price: PreviewPrice


def price(
    asked: StartRequest, environment: Environment, library: TemplateLibrary, *, starter: Starter, now: datetime
) -> Priced:
    """The price of what a start of `asked` would make by `library`: every pod, every component of the blueprint.

    Images are not read. Raises `ConfigError` for what a start would refuse.
    """
    blueprint = library.blueprint(asked.blueprint or DEFAULT)
    registry = next(iter(environment.spec.images.registries), "").rstrip("/")
    image = f"{registry}/none" if registry else "none"
    images = dict.fromkeys(blueprint.spec.components, f"{image}@sha256:{'0' * 64}")  # no price depends on an image
    request = replace(asked.request, images=images)
    preview, _ = render(replace(asked, request=request), environment, library, starter=starter, now=now)
    return Priced(environment, preview, entry_price(preview, environment))
