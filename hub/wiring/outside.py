"""Who is asked beside Git, forge and Jira: registries of images, repositories of code, a queue of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.actions.images import ImageFinder
    from hub.adapters.registry.sqs import EventQueue
    from hub.wiring.composing import Hub
    from reconcilers.ports.sources import Sources


def open_images(ours: Hub) -> ImageFinder | None:
    """What looks up images, as the settings say, for its caller to close; None: they name no registries.

    Raises `ConfigError` (InvalidRegistries) for a file that cannot be read or has mistakes.
    """
    if ours.settings.registries is None:
        return None
    from hub.actions.images import ImageFinder
    from hub.adapters.registry.configured import open_registries

    return ImageFinder(open_registries(ours.settings.registries, ours.sending))


def open_sources(ours: Hub) -> Sources | None:
    """Repositories of code on GitHub, with the hub's keys to the forge; None: there are none that are GitHub's.

    Raises `ConfigError` (InvalidForge) for keys that cannot be used.
    """
    from hub.approval.opening import open_code

    return open_code(ours.settings.forge, ours.settings.github_api, ours.sending)


def open_pushes(ours: Hub) -> EventQueue | None:
    """The queue that tells of pushes to ECR, as the settings say; None: they name none.

    Raises `ConfigError` (InvalidValue) for an address that is none.
    """
    if ours.settings.ecr_queue_url is None:
        return None
    from hub.adapters.registry.sqs import open_queue

    return open_queue(ours.settings.ecr_queue_url, ours.sending)
