"""Pricing what a start would make, and the blueprints it would be made of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from generator.errors import ConfigError, Reason
from hub.actions.blueprints import list_blueprints, show_blueprint
from hub.actions.price import price
from worlds.acting import STARTER
from worlds.builders import LIBRARY, NOW, environment, start_request


def test_every_component_of_the_blueprint_counts_whatever_images_are_given() -> None:
    asked = start_request(settings=(("api.memory", "512Mi"),))
    bare = replace(asked, request=replace(asked.request, images={}))
    found = price(bare, environment(), starter=STARTER, clock=lambda: NOW)
    assert [pod.pods.name for pod in found.price.pods] == ["api", "web"]
    assert found.price.per_hour == Decimal("0.0309450")
    assert found == price(asked, environment(), starter=STARTER, clock=lambda: NOW)


def test_a_spot_preview_has_no_price_of_its_own() -> None:
    found = price(start_request(compute="spot"), environment(), starter=STARTER, clock=lambda: NOW)
    assert (found.price.per_hour, found.price.total) == (None, None)


def test_what_a_start_would_refuse_has_no_price() -> None:
    with pytest.raises(ConfigError) as caught:
        price(start_request(ttl="9999h"), environment(), starter=STARTER, clock=lambda: NOW)
    assert caught.value.reason is Reason.OVER_LIMIT


def test_blueprints_are_listed_and_shown_with_what_they_render_with() -> None:
    names = [one.name for one in list_blueprints(LIBRARY)]
    assert {"web", "web-api", "web-api-postgres"} <= set(names)
    shown = show_blueprint("web", LIBRARY)
    assert shown.blueprint.name == "web"
    assert shown.templates
    assert set(shown.templates) <= set(LIBRARY.files)
    with pytest.raises(ConfigError) as caught:
        show_blueprint("wep", LIBRARY)
    assert caught.value.reason is Reason.UNKNOWN_BLUEPRINT
