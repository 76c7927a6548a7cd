"""What a preview can be made of: blueprints, and the form of a start."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from generator.model.blueprint import DEFAULT, TemplateLibrary
from hub.actions.blueprints import list_blueprints, show_blueprint
from hub.services.api.context import Api, ApiOf, Data
from hub.services.api.limits import StrictRoute
from hub.services.api.reads import state_of
from hub.services.api.shapes import places as shapes
from hub.services.api.shapes.base import tells
from hub.views.settable import FIELDS
from hub.views.start_form import start_form

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
#: Of a component; the rest of an own blueprint's file is read in the repository.
_TOLD = frozenset(found.alias or name for name, found in shapes.BlueprintComponent.model_fields.items())
EnvQuery = Annotated[str, Query(max_length=40, description="whose policy and defaults hold")]


@router.get("/blueprints", responses=tells(shapes.Blueprints), response_model=None)
def blueprints(api: ApiOf, env: EnvQuery = "") -> Data:
    """What a preview can be made of."""
    library = _library(api, env)
    return {
        "blueprints": [
            {
                "name": one.name, "summary": one.spec.summary, "isDefault": one.name == DEFAULT,
                "isOwn": library.is_own(one.name), "components": list(one.spec.components),
            }
            for one in list_blueprints(library).found
        ]
    }  # fmt: skip


@router.get("/blueprints/{name}", responses=tells(shapes.OneBlueprint), response_model=None)
def blueprint(name: Annotated[str, Path(max_length=63)], api: ApiOf, env: EnvQuery = "") -> Data:
    """One blueprint: its components, what can be set, and a schema to make the form of a start of."""
    chosen = state_of(api.snapshot, env).environment if env else None
    found = show_blueprint(name, _library(api, env)).blueprint
    environments = [state.environment for state in api.snapshot.states.values()]
    return {
        "name": found.name, "summary": found.spec.summary, "isDefault": found.name == DEFAULT,
        "components": {
            component: {field: value for field, value in laid_out.described().items() if field in _TOLD}
            for component, laid_out in found.spec.components.items()
        },
        "fields": [{"field": field, "about": words} for field, words in FIELDS.items()],
        "schema": start_form(found, environments, chosen=chosen),
    }  # fmt: skip


def _library(api: Api, env: str) -> TemplateLibrary:
    return state_of(api.snapshot, env).library if env else api.repository.library
