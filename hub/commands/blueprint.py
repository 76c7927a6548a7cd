"""`rtb-hub blueprint`: list, show, check and render what a preview can be made of."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.cost.pricing import money
from generator.errors import ConfigError, Fault, HubError, Location, Reason
from generator.model.blueprint import DEFAULT, Blueprint, TemplateLibrary
from generator.model.blueprint import FILE as BLUEPRINT
from generator.values.counting import counted
from generator.values.formats import check_dns_label
from hub.actions.blueprints import (
    ListedBlueprints,
    Tried,
    list_blueprints,
    sample_request,
    show_blueprint,
    try_blueprint,
)
from hub.actions.environments import EnvironmentSet
from hub.actions.render import render as render_preview
from hub.commands.pairs import pairs, settings_of
from hub.commands.standard_input import read_stdin
from hub.output.console import Format, emit, printable
from hub.output.remedies import fault_line
from hub.views.settable import FIELDS
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

    from hub.actions.importing.model import NotTaken
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class Source:
    """Where blueprints and environments come from."""

    repo: str | None = None
    environments: Path | None = None
    blueprints: Path | None = None

    def found(self, ours: Hub) -> EnvironmentSet:
        """Environments and blueprints. Raises what reading them raises."""
        return ours.environments(repo=self.repo, folder=self.environments).with_blueprints(self.blueprints)


def list_all(source: Source, *, output: Format) -> None:
    """Print one row a blueprint, and what is wrong with those that cannot be read."""
    ours = hub()
    library = source.found(ours).library(ours.library)
    listed = list_blueprints(library)
    data: dict[str, Any] = {
        "blueprints": [
            {
                "name": b.name,
                "summary": b.spec.summary,
                "default": b.name == DEFAULT,
                "own": library.is_own(b.name),
                "components": list(b.spec.components),
            }
            for b in listed.found
        ],
        "unreadable": [
            {"name": name, "faults": [fault_line(fault) for fault in err.faults]} for name, err in listed.failed.items()
        ],
    }
    emit(data, output, lambda console: _tell_list(console, listed, library))


def _tell_list(console: Console, listed: ListedBlueprints, library: TemplateLibrary) -> None:
    from rich.text import Text

    from hub.output.columns import tell_table

    rows = [(_titled(b.name, library), ", ".join(b.spec.components), b.spec.summary) for b in listed.found]
    tell_table(console, ("BLUEPRINT", "COMPONENTS", "WHAT FOR"), rows, wrapped="WHAT FOR")
    for name, err in listed.failed.items():
        console.print(Text(f"{name} cannot be read:", "yellow"))
        _tell_faults(console, err.faults)


def _titled(name: str, library: TemplateLibrary) -> str:
    if name == DEFAULT:
        return f"{name} (default)"
    return f"{name} (own)" if library.is_own(name) else name


def show(name: str, source: Source, *, output: Format) -> None:
    """Print a blueprint: components with their defaults, what can be set, templates."""
    ours = hub()
    library = source.found(ours).library(ours.library)
    shown = show_blueprint(name, library)
    blueprint, templates = shown.blueprint, shown.templates
    data = {
        "name": name,
        "summary": blueprint.spec.summary,
        "own": library.is_own(name),
        "components": {component: laid_out.described() for component, laid_out in blueprint.spec.components.items()},
        "fields": FIELDS,
        "templates": list(templates),
    }
    emit(data, output, lambda console: _print(console, blueprint, templates))


def _print(console: Console, blueprint: Blueprint, templates: tuple[str, ...]) -> None:
    from rich.text import Text

    from hub.output.columns import tell_table

    console.print(Text.assemble((blueprint.name, "bold"), f": {blueprint.spec.summary}"))
    rows = []
    for name, laid_out in blueprint.spec.components.items():
        tree = laid_out.described()
        defaults = ", ".join(f"{field}={tree[field]}" for field in FIELDS if field in tree)
        given = laid_out.image is not None or laid_out.image_of is not None
        needed = "given" if given and laid_out.required else "needed" if laid_out.required else "optional"
        rows.append((name, laid_out.role, needed, defaults, laid_out.summary))
    tell_table(console, ("COMPONENT", "ROLE", "IMAGE", "DEFAULTS", "WHAT IT IS"), rows, wrapped="WHAT IT IS")
    console.print("\nSet with --set COMPONENT.FIELD=TEXT:")
    tell_table(console, ("FIELD", "WHAT IT IS"), [*FIELDS.items()], wrapped="WHAT IT IS")
    console.print("\nTemplates (a file of the same name below environments/NAME/templates/preview/ replaces one):")
    for template in templates:
        console.print(f"  {template}")


def check(names: tuple[str, ...], source: Source, *, env: str | None, output: Format) -> None:
    """Render blueprints in each environment and check the outcome; raises the error of the first that is wrong.

    Names none: all of the team's own. What is wrong with each is printed before.
    """
    ours = hub()
    found = source.found(ours)
    library = found.library(ours.library)
    chosen = names or tuple(name for name in library.blueprint_names() if library.is_own(name))
    environments = [found.get(each)[0] for each in ((env,) if env else found.names)]
    places = [(environment, found.library(ours.library, environment)) for environment in environments]
    tried: dict[str, tuple[Tried, ...]] = {}
    failed: dict[str, HubError] = {}
    for name in chosen:
        try:
            tried[name] = tuple(
                one
                for environment, own in places
                for one in try_blueprint(name, environment, own, starter=ours.starter, now=ours.clock())
            )
        except ConfigError as err:
            failed[name] = err
    told = {name: err.faults for name, err in failed.items()}
    emit(_checked_data(tried, told), output, lambda console: _tell_checked(console, tried, told))
    for error in failed.values():
        raise error
    if wrong := [name for name, each in tried.items() if any(one.faults for one in each)]:
        message = f"{counted(len(wrong), 'blueprint')} of {len(chosen)} cannot be used as it is: {', '.join(wrong)}"
        raise ConfigError(Reason.INVALID_BLUEPRINT, Fault(message, remedy="see what is told of each above"))


def _checked_data(tried: dict[str, tuple[Tried, ...]], told: dict[str, tuple[Fault, ...]]) -> dict[str, Any]:
    return {
        "blueprints": [
            *(
                {
                    "name": name,
                    "ok": not any(one.faults for one in each),
                    "faults": [],
                    "environments": [
                        {
                            "environment": one.environment,
                            "compute": one.compute,
                            "objects": one.objects,
                            "perHour": str(one.price.per_hour)
                            if one.price and one.price.per_hour is not None
                            else None,
                            "faults": [fault_line(fault) for fault in one.faults],
                        }
                        for one in each
                    ],
                }
                for name, each in tried.items()
            ),
            *(
                {"name": name, "ok": False, "faults": [fault_line(fault) for fault in faults], "environments": []}
                for name, faults in told.items()
            ),
        ]
    }


def _tell_checked(console: Console, tried: dict[str, tuple[Tried, ...]], told: dict[str, tuple[Fault, ...]]) -> None:
    from rich.text import Text

    if not tried and not told:
        console.print("the state repository has no blueprint of your own; '--blueprints DIR' checks those of a folder")
        console.print("'rtb-hub blueprint new' writes a first one")
    for name, each in tried.items():
        for one in each:
            where = f" in {one.environment} on {one.compute}"
            if one.faults:
                console.print(Text.assemble(("✗ ", "red"), (name, "bold"), where))
                _tell_faults(console, one.faults)
                continue
            cost = one.price
            price = "" if cost is None or cost.per_hour is None else f", {money(cost.per_hour, cost.currency)} an hour"
            console.print(Text.assemble(("✓ ", "green"), (name, "bold"), f"{where}: {one.objects} objects{price}"))
    for name, faults in told.items():
        console.print(Text.assemble(("✗ ", "red"), (name, "bold")))
        _tell_faults(console, faults)


def new(name: str, *, to: Path, output: Format) -> None:
    """Write a first blueprint with one service. Raises `ConfigError` (TargetNotEmpty) when it is there already."""
    _check_name(name)
    _put(_SCAFFOLD.replace("NAME", name), name, to)
    _tell_written(name, to, (), output)


def import_from(paths: Sequence[Path], *, name: str, values: Sequence[Path], to: Path, output: Format) -> None:
    """Write a first blueprint of what a team has, and tell what of it was not taken, and why.

    Raises `ConfigError`: for what none can be made of, and (TargetNotEmpty) when the blueprint is there already.
    """
    from hub.actions.importing.sources import check_blueprint
    from hub.actions.importing.sources import import_from as imported_from

    _check_name(name)
    ours = hub()
    imported = imported_from(paths, name, values, environ=ours.settings.environ, stdin=read_stdin)
    check_blueprint(imported, name, paths, ours.library)
    _put(imported.text, name, to)
    _tell_written(name, to, imported.not_taken, output)


def _check_name(name: str) -> None:
    """Raise `ConfigError` for what is no name of a blueprint, or that of a shipped one."""
    try:
        check_dns_label(name)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, "NAME")) from err
    if name in hub().library.blueprint_names():
        fault = Fault(f"{name!r} is the name of a blueprint that rtb-hub has", field="NAME", remedy="name it otherwise")
        raise ConfigError(Reason.INVALID_VALUE, fault)


def _put(text: str, name: str, to: Path) -> None:
    """Write `to/name/blueprint.yaml`, which is not there yet."""
    path = to / name / BLUEPRINT
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as err:
        fault = Fault("is there already", Location(str(path)), remedy="name it otherwise, or remove it first")
        raise ConfigError(Reason.TARGET_NOT_EMPTY, fault) from err


def _tell_written(name: str, to: Path, left: tuple[NotTaken, ...], output: Format) -> None:
    path = to / name / BLUEPRINT
    data = {"file": str(path), "notTaken": [{"service": o.service, "what": o.what, "why": o.why} for o in left]}

    def people(console: Console) -> None:
        from rich.text import Text

        from hub.output.columns import tell_table

        console.print(Text.assemble(("✓ ", "green"), (str(path), "bold"), ": written"))
        if left:
            console.print("not taken, or to be looked at:")
            tell_table(console, ("SERVICE", "WHAT", "WHY"), [(o.service, o.what, o.why) for o in left], wrapped="WHY")
        console.print(f"next: rtb-hub blueprint check {name} --blueprints {shlex.quote(str(to))}")

    emit(data, output, people)


_SCAFFOLD = """\
# Every field: 'rtb-hub schema blueprint', docs/reference/blueprints.md.
apiVersion: blueprint.rtb-ai-hub/v1
kind: Blueprint
metadata:
  name: NAME
spec:
  summary: A web server
  components:
    web:
      summary: serves every path
      port: 3000
      path: /
      healthPath: /
      # env:
      #   DATABASE_URL: ${db.DATABASE_URL}
      # needs: [db]
    # worker:
    #   summary: runs beside it, of the same image
    #   role: worker
    #   imageOf: web
    #   args: [worker]
    # db:
    #   use: postgresql
"""


def _tell_faults(console: Console, faults: tuple[Fault, ...]) -> None:
    from rich.text import Text

    for fault in faults:
        console.print(Text(f"    {printable(fault_line(fault))}"), soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Sample:
    """What of a sample preview is chosen: where it is, `NAME=REF` and `PATH=TEXT` as typed."""

    env: str
    images: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def render(name: str, source: Source, sample: Sample, *, to: Path | None) -> None:
    """Render a blueprint as a preview of a sample issue, with a sample image where none is named; validate, print."""
    from generator.render.asked import Request
    from hub.commands.render import put

    ours = hub()
    found = source.found(ours)
    environment, _ = found.get(sample.env)
    library = found.library(ours.library, environment)
    request = Request(pairs("image", [*sample.images]), settings_of([*sample.settings]))
    asked = sample_request(name, library, environment, by=ours.settings.actor, asked=request)
    preview, rendering = render_preview(asked, environment, library, starter=ours.starter, now=ours.clock())
    put(preview, rendering, to)
