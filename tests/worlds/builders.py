"""Builders: whole, valid inputs of which a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from generator.model.blueprint import DEFAULT, TemplateLibrary
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.model.overlay import read_environment
from generator.render.asked import Request
from generator.render.render import PreviewRenderer, Rendering
from generator.values.naming import IssueKey
from hub import assets
from reconcilers.lifecycle.start import StartRequest, draft_of

NOW = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)
LIBRARY = TemplateLibrary(assets.template_files())
_RENDERER = PreviewRenderer(LIBRARY)
COMPONENTS = {
    "web": ("web",),
    "web-api": ("web", "api"),
    "web-api-postgres": ("web", "api", "postgres", "seed"),
}


def digest(letter: str = "a") -> str:
    """A digest of the right form."""
    return "sha256:" + letter * 64


def image(name: str, letter: str = "a") -> str:
    """A pinned image reference."""
    return f"registry.example.com/{name}@{digest(letter)}"


def environment(name: str = "int", **spec: Any) -> Environment:
    """A shipped environment, with fields of its spec replaced (in the names files use)."""
    tree = _shipped(name).as_tree()
    own = tree["spec"]["exposure"]["certificates"]
    tree["spec"].update(spec)
    if "exposure" in spec and "account" not in spec:  # another environment's are of another account
        tree["spec"]["exposure"] = {**spec["exposure"], "certificates": own}
    return Environment.model_validate(tree)


@cache
def _shipped(name: str) -> Environment:
    files = assets.environment_files()
    layers = (f"environments/{layer}/environment.yaml" for layer in ("base", name))
    return read_environment(name, {path: files[path] for path in layers})[0]


def start_request(key: str = "RTB-123", blueprint: str = DEFAULT, **fields: Any) -> StartRequest:
    """What somebody asks for: a pinned image for each component of the blueprint, and `fields` of `Request`."""
    images = {name: image(name) for name in COMPONENTS[blueprint]}
    ttl = fields.pop("ttl", None)
    office_hours = fields.pop("office_hours", None)
    requested_by = fields.pop("requested_by", "alice")
    request = Request(**{"images": images, "branch": "feature/login", **fields})
    return StartRequest(IssueKey.parse(key), requested_by, request, blueprint, ttl, office_hours)


def preview(env: Environment | None = None, key: str = "RTB-123", blueprint: str = DEFAULT, **fields: Any) -> Preview:
    """An entry as `start` writes it, without its stamp of rendering."""
    asked = start_request(key, blueprint, **fields)
    return draft_of(asked, env or environment(), LIBRARY, now=NOW)


def render(entry: Preview, env: Environment | None = None) -> Rendering:
    """The entry's manifests."""
    return _RENDERER.render(entry, env or environment(entry.spec.environment))
