"""What components say of themselves and of one another, and what templates give."""

from __future__ import annotations

import pytest

from generator.errors import ConfigError, Reason
from generator.objects.manifest import Manifest, in_wave_order
from generator.render.render import manifests_of
from generator.render.request import check_components
from worlds.builders import LIBRARY, environment, preview


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_two_components_cannot_have_one_path(path: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.path: '/api/?' is the path of api too") as caught:
        preview(settings=(("web.path", path),))
    assert caught.value.reason is Reason.INVALID_VALUE


@pytest.mark.parametrize("setting", [("web.env.PORT", "9000"), ("web.secrets.PORT", "preview/int/a")])
def test_the_port_is_said_once(setting: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"PORT: .*port that probes|PORT: .*probes and Service use"):
        preview(settings=(setting,))
    assert preview(settings=(("web.port", "9000"), ("web.env.PORT", "9000"))).spec.components["web"].port == 9000


def test_an_entry_that_contradicts_itself_is_refused_as_a_request_is() -> None:
    entry = preview()
    same = {name: one.model_copy(update={"path": "/"}) for name, one in entry.spec.components.items()}
    with pytest.raises(ConfigError, match="could never be reached"):
        check_components(same, LIBRARY.blueprint(entry.spec.blueprint), environment())


def test_a_component_is_taken_out_of_reach_and_probed_by_tcp_by_empty_text() -> None:
    web = preview(settings=(("web.path", ""), ("web.healthPath", ""))).spec.components["web"]
    assert (web.path, web.health_path) == (None, None)
    with pytest.raises(ConfigError, match="cpu"):
        preview(settings=(("web.cpu", ""),))


def test_a_list_is_its_objects_and_an_object_needs_metadata() -> None:
    items = [{"kind": "A", "metadata": {"name": "a"}}, {"kind": "B", "metadata": {"name": "b"}}]
    assert [one.kind for one in manifests_of("t.j2", [{"kind": "List", "items": items}])] == ["A", "B"]
    with pytest.raises(ConfigError, match=r"an object without metadata \(ConfigMap\)"):
        manifests_of("t.j2", [{"kind": "ConfigMap"}])
    with pytest.raises(ConfigError, match="not an object"):
        manifests_of("t.j2", ["text"])


@pytest.mark.parametrize("wave", ["first", "1.5", "1_0", "", None, [], 5, {}])
def test_objects_are_put_in_order_whatever_their_waves_say(wave: object) -> None:
    odd = {"kind": "A", "metadata": {"name": "a", "annotations": {"argocd.argoproj.io/sync-wave": wave}}}
    early = {"kind": "B", "metadata": {"name": "b", "annotations": {"argocd.argoproj.io/sync-wave": "-5"}}}
    ordered = in_wave_order([Manifest(odd, "f"), Manifest(early, "f")])
    assert [one.kind for one in ordered] == ["B", "A"]
    with pytest.raises(ValueError, match="is not a whole number"):
        _ = ordered[1].wave
