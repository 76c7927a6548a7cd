"""The blueprints of docs/examples, each with the manifests that it renders to. `pytest --update-golden` rewrites them."""

from __future__ import annotations

import pytest

from generator.render.render import PreviewRenderer
from hub.actions.blueprints import sample_request
from hub.settings import Settings
from hub.wiring import Hub
from reconcilers.lifecycle.start import draft_of
from worlds.builders import NOW, environment
from worlds.own_blueprints import with_own
from worlds.places import ROOT, TESTS

EXAMPLES = ROOT / "docs" / "examples" / "blueprints"
GOLDEN = TESTS / "golden" / "blueprints"
NAMES = sorted(path.name for path in EXAMPLES.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_an_example_renders_to_what_was_reviewed_and_passes_every_check(name: str, update_golden: bool) -> None:
    library = with_own({name: (EXAMPLES / name / "blueprint.yaml").read_text(encoding="utf-8")})
    hub = Hub(Settings())
    for env in map(environment, ("int", "stg", "prd")):
        preview = draft_of(sample_request(name, library, env, by="alice"), env, library, now=NOW)
        rendering = PreviewRenderer(library).render(preview, env)
        hub.check(rendering, preview, env)
        if env.name == "int":
            file = GOLDEN / f"{name}.yaml"
            if update_golden:
                file.parent.mkdir(exist_ok=True)
                file.write_text(rendering.text, encoding="utf-8")
            assert file.read_text(encoding="utf-8") == rendering.text


def test_no_golden_file_is_left_over() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == NAMES
