"""Equal digests of inputs mean equal manifests: whatever changes a manifest or the policy on it changes the digest."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel, ValidationError

from generator.errors import ConfigError, Reason
from generator.model.blueprint import TemplateLibrary
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.render.render import PreviewRenderer
from generator.validate.policy import PolicySettings
from worlds.builders import COMPONENTS, LIBRARY, digest, environment, preview

Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)
RENDERER = PreviewRenderer(LIBRARY)
#: The only fields of an environment that can make its manifests, or the verdict on them, others.
SEEN = {
    ("metadata", "name"),
    ("spec", "account"),
    ("spec", "region"),
    ("spec", "domain"),
    ("spec", "cluster", "kubernetes"),
    ("spec", "limits", "cpu"),
    ("spec", "limits", "memory"),
    ("spec", "limits", "storage"),
    ("spec", "isolation", "securityGroups"),
    ("spec", "isolation", "loadBalancerCidrs"),
    ("spec", "isolation", "egress"),
    ("spec", "secrets", "store"),
    ("spec", "secrets", "prefixes"),
    ("spec", "images", "pinned"),
    ("spec", "images", "registries"),
    ("spec", "compute", "allowed"),
}
MANIFEST = "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"


def fields(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Path and value of each field: lists, and mappings by free names without an item, are one."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from fields(value, (*path, key))
    else:
        yield path, tree


def others(value: Any) -> Iterator[Any]:
    """Values of the same kind, some of which a model takes."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1, value * 2)
        case list():
            more = ("another", "10.9.0.0/20", "sg-09999999999999999", {"cidr": "10.9.0.0/20", "ports": [53]})
            yield from [value[:1]] if len(value) > 1 else ([*value, item] for item in more)
            yield from ([other, *value[1:]] for item in value[:1] for other in others(item))
        case dict():
            yield from ({"web": {"cpu": "500m"}}, {"team": "web"})
        case str():
            yield from {
                "fargate": ["spot"],
                "internal": ["internet-facing"],
                "ELBSecurityPolicy-TLS13-1-2-2021-06": ["ELBSecurityPolicy-TLS13-1-3-2021-06"],
                "true": ["false"],
                "USD": ["EUR"],
                "correct": ["report"],
                "Asia/Seoul": ["Europe/Berlin"],
                "/": ["/x"],
                "make": ["exists"],
                "goes-on": ["stops"],
            }.get(value, [])
            for at, old in reversed(list(enumerate(value))):
                for new in "23a":
                    if old != new and old.isalnum() and old.isdigit() == new.isdigit():
                        yield value[:at] + new + value[at + 1 :]


def changed(model: M, path: Path, value: Any) -> M | None:
    """`model` with another value at `path`; None when it does not take it."""
    tree = copy.deepcopy(model.model_dump(mode="json", by_alias=True, exclude_none=True))
    if path in (("spec", "account"), ("spec", "region")):  # ARNs are of the same
        for of_arn in (tree["spec"]["cluster"], tree["spec"]["exposure"]):
            of_arn.update(json.loads(json.dumps(of_arn).replace(tree["spec"][path[1]], value)))
    node: Any = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    try:
        return type(model).model_validate(tree)
    except ValidationError:
        return None


def variants(model: M, path: Path, value: Any) -> list[M]:
    """`model` with other values at `path`, at least one."""
    found = [one for one in (changed(model, path, other) for other in others(value)) if one is not None]
    assert found, f"no other value is known for {path}"
    return found[:3]


def seen_by_people(env: Environment) -> list[Any]:
    """All that an environment's previews are: texts, and the policy on them, of each blueprint."""
    entries = [preview(environment(), blueprint=blueprint) for blueprint in COMPONENTS]
    policies = [PolicySettings.for_preview(entry, env) for entry in entries]
    texts = [RENDERER.render(entry, env).text for entry in entries]
    spec = env.spec
    return [texts, policies, spec.cluster.kubernetes, spec.compute.allowed, spec.secrets.prefixes, spec.limits.cpu]


def bases(env: Environment, renderer: PreviewRenderer = RENDERER, release: str = "1") -> dict[str, str]:
    return {blueprint: renderer.basis(blueprint, env, release) for blueprint in COMPONENTS}


ENVIRONMENT = environment()


@pytest.mark.parametrize(
    ("path", "value"),
    [pytest.param(*field, id=".".join(map(str, field[0]))) for field in fields(ENVIRONMENT.as_tree())],
)
def test_a_field_of_the_environment_changes_the_digest_if_it_can_be_seen(path: Path, value: Any) -> None:
    if path in (("apiVersion",), ("kind",)):
        return  # there is one value
    before = bases(ENVIRONMENT)
    for env in variants(ENVIRONMENT, path, value):
        after = bases(env)
        assert [after[name] != before[name] for name in COMPONENTS] == [path in SEEN] * len(COMPONENTS)
        if path not in SEEN:
            assert seen_by_people(env) == seen_by_people(ENVIRONMENT)


@pytest.mark.parametrize("blueprint", COMPONENTS)
def test_a_field_of_the_entry_changes_its_digest_unless_it_is_of_the_lease(blueprint: str) -> None:
    env = environment("int")
    settings = (("web.env.A", "1"), ("web.secrets.B", "preview/int/app/b#x"), ("web.command", "sh"), ("web.args", "-c"))
    entry = preview(env, blueprint=blueprint, settings=(*settings, ("web.runAsUser", "1000")))
    before = RENDERER.inputs_digest(entry, env, "1")
    told = 0
    for path, value in fields(entry.model_dump(mode="json", by_alias=True, exclude_none=True)):
        if path in (("apiVersion",), ("kind",), ("spec", "blueprint"), ("spec", "lease", "extensions")):
            continue
        if value in ({}, []) and path[-1] in ("env", "secrets", "command", "args"):
            continue  # web has them
        is_seen = path[:2] != ("spec", "lease") or path[2] == "requestedBy"
        for one in variants(entry, path, value):
            assert (RENDERER.inputs_digest(one, env, "1") != before) is is_seen, path
            told += 1
    assert told > 20


def test_another_blueprint_or_release_has_another_digest() -> None:
    found = [d for release in ("1", "2") for d in bases(ENVIRONMENT, release=release).values()]
    assert len(set(found)) == len(found) == 2 * len(COMPONENTS)


def test_how_an_entry_is_written_and_stamped_makes_no_difference() -> None:
    entry = preview(ENVIRONMENT, settings=(("web.env.A", "1"), ("web.env.B", "2")))
    rendering = RENDERER.render(entry, ENVIRONMENT)
    stamped = RENDERER.stamped(entry, rendering, ENVIRONMENT, "1")
    tree = stamped.model_dump(mode="json", by_alias=True, exclude_none=True)
    tree["spec"]["components"] = dict(reversed(tree["spec"]["components"].items()))
    tree["spec"]["components"]["web"]["env"] = {"B": "2", "A": "1"}
    tree["spec"]["rendered"]["digest"] = digest("f")
    other = Preview.model_validate(tree)
    assert stamped.spec.rendered is not None
    assert RENDERER.inputs_digest(other, ENVIRONMENT, "1") == stamped.spec.rendered.inputs
    assert RENDERER.render(other, ENVIRONMENT) == rendering


SHARED = {"templates/_shared/names.j2": "{% macro a() %}a{% endmacro %}"}


@pytest.mark.parametrize("path", [p for p in LIBRARY.files if p.startswith("templates/preview/")] + [*SHARED])
def test_a_template_changes_the_digest_of_its_blueprints_alone(path: str) -> None:
    files = {**LIBRARY.files, **SHARED}
    before = PreviewRenderer(TemplateLibrary(files))
    after = PreviewRenderer(TemplateLibrary({**files, path: files[path] + "\n# more\n"}))
    folder = path.split("/")[-2]
    wanted = {name: folder in (name, "_common", "_shared") for name in COMPONENTS}
    old, new = bases(ENVIRONMENT, before), bases(ENVIRONMENT, after)
    assert {name: new[name] != old[name] for name in COMPONENTS} == wanted


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("templates/preview/web-api/more.yaml.j2", {"web-api"}),
        ("templates/preview/_common/more.yaml.j2", set(COMPONENTS)),
        ("environments/base/templates/preview/web/more.yaml.j2", {"web"}),
        ("environments/int/templates/preview/_common/service.yaml.j2", set(COMPONENTS)),
        ("environments/stg/templates/preview/_common/more.yaml.j2", set()),
        ("templates/argocd/more.yaml.j2", set()),
    ],
)
def test_a_new_template_or_overlay_changes_what_it_is_rendered_into(path: str, wanted: set[str]) -> None:
    after = PreviewRenderer(TemplateLibrary({**LIBRARY.files, path: MANIFEST}))
    old, new = bases(ENVIRONMENT), bases(ENVIRONMENT, after)
    assert {name for name in COMPONENTS if new[name] != old[name]} == wanted
    entries = {name: preview(ENVIRONMENT, blueprint=name) for name in COMPONENTS}
    differ = {
        n for n, e in entries.items() if after.render(e, ENVIRONMENT).text != RENDERER.render(e, ENVIRONMENT).text
    }
    assert differ == wanted


def test_a_renderer_does_not_remember_an_environment_that_changed() -> None:
    renderer = PreviewRenderer(LIBRARY)
    first, second = environment(domain="a.example.com"), environment(domain="b.example.com")
    assert renderer.basis("web", first, "1") != renderer.basis("web", second, "1")
    assert renderer.basis("web", first, "1") == PreviewRenderer(LIBRARY).basis("web", first, "1")


def test_an_unknown_blueprint_has_no_digest() -> None:
    with pytest.raises(ConfigError) as caught:
        RENDERER.basis("nosuch", ENVIRONMENT, "1")
    assert caught.value.reason == Reason.UNKNOWN_BLUEPRINT
