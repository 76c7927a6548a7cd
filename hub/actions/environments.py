"""Environments out of a folder, a state repository, or those that are shipped, and what sets each of their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, HubError, Location, Reason
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.model.overlay import BASE, Explained, Merged, explain, merge, read_environment, unknown_environment
from generator.yaml.reader import load
from hub import assets

if TYPE_CHECKING:
    from hub.actions.repository import Repository
    from reconcilers.ports.git import GitStore, Snapshot

_FILE = "environment.yaml"
#: Where environments come from when no repository or folder is named.
SHIPPED = "shipped with rtb-hub"
#: Blueprints out of a folder hold on every branch.
ANY_BRANCH = ""
#: Folders of templates that an overlay cannot replace.
_UNLAID = {"templates/_shared", "templates/library"}
_MEANT = frozenset({".yaml", ".yml", ".j2"})


@dataclass(frozen=True, slots=True)
class EnvironmentSet:
    """Files of an `environments/` tree by path (`environments/<name>/…`), and where they come from.

    `blueprints`: the team's own, by the branch that they stand on (`ANY_BRANCH`: for all), and by path
    (`blueprints/<name>/…`). `bases`: of a state repository, each branch's own files of `base`, by branch and path;
    where one of them awaits a review, they differ. `homes`: the branch that each environment's own files stand on.
    """

    origin: str
    files: Mapping[str, str]
    blueprints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The environments there are, sorted."""
        found = (PurePosixPath(path) for path in self.files)
        return tuple(sorted({p.parts[1] for p in found if len(p.parts) == 3 and p.name == _FILE} - {BASE}))

    @property
    def overlays(self) -> dict[str, str]:
        """The template overlays among the files."""
        return {path: text for path, text in self.files.items() if PurePosixPath(path).parts[2:3] == ("templates",)}

    def library(self, shipped: TemplateLibrary, environment: Environment | None = None) -> TemplateLibrary:
        """What previews of an environment are rendered from: the shipped templates, its blueprints, overlays.

        None: of all environments that there are, where a blueprint is of the first branch that has it.
        """
        branches = sorted(self.blueprints, reverse=True)
        if environment is not None:
            branches = [ANY_BRANCH, environment.spec.branch]
        own = {path: text for branch in branches for path, text in self.blueprints.get(branch, {}).items()}
        return TemplateLibrary({**shipped.files, **own, **self.overlays})

    def with_blueprints(self, folder: Path | None) -> EnvironmentSet:
        """The same with the blueprints of a folder in place of the repository's; None: as it is."""
        return self if folder is None else replace(self, blueprints={ANY_BRANCH: assets.blueprint_files(folder)})

    def get(self, name: str) -> tuple[Environment, Merged]:
        """One environment. Raises `ConfigError` (UnknownEnvironment, InvalidEnvironment)."""
        if name not in self.names:
            raise unknown_environment(name, self.names)
        files = {**self.files, **self.base_of(self.homes.get(name, ""))}
        return read_environment(name, {path: files[path] for path in _layers(name) if path in files})

    def base_of(self, branch: str) -> Mapping[str, str]:
        """The files of `base` that environments on a branch lie over."""
        return self.bases.get(branch) or {path: text for path, text in self.files.items() if _of_base(path)}


def _of_base(path: str) -> bool:
    return path.startswith(f"environments/{BASE}/")


def given_environments(folder: Path | None) -> EnvironmentSet:
    """Those of a folder, or the shipped ones. Raises `ConfigError` (InvalidEnvironment) when the folder has none."""
    if folder is None:
        return EnvironmentSet(SHIPPED, assets.environment_files())
    found = EnvironmentSet(str(folder), assets.environment_files(folder))
    if not found.names:
        remedy = "name a folder that holds NAME/environment.yaml, and base/environment.yaml below it all"
        raise ConfigError(Reason.INVALID_ENVIRONMENT, Fault(f"{folder} has no environments", remedy=remedy))
    if strays := tuple(_strays(found)):
        raise ConfigError(Reason.INVALID_ENVIRONMENT, strays)
    return found


def _strays(found: EnvironmentSet) -> Iterator[Fault]:
    """Files among template overlays that are meant as templates and would never be read as such."""
    folders = {str(PurePosixPath(path).parent) for path in assets.template_files()} - _UNLAID
    for path in found.overlays:
        place = PurePosixPath(*PurePosixPath(path).parts[2:])
        if place.suffix not in _MEANT or (str(place.parent) in folders and place.name.endswith(".yaml.j2")):
            continue
        if place.name == "blueprint.yaml":
            remedy = "remove it: an overlay replaces and adds templates, not blueprints"
        elif str(place.parent) in folders:
            remedy = f"call it {place.name.partition('.')[0]}.yaml.j2"
        else:
            remedy = f"move it to one of {', '.join(sorted(folders))}"
        yield Fault("is a template that is never used", Location(path), remedy=remedy)


def environments_of(store: GitStore, snapshots: Mapping[str, Snapshot] | None = None) -> EnvironmentSet:
    """Those that a state repository carries, as `snapshots` have it (None: as it is now); none when it is not laid out.

    Raises what the store raises.
    """
    from reconcilers.state.entries import read_listed
    from reconcilers.state.policies import blueprint_files, blueprint_text, is_policy, own_snapshots

    on: dict[str, dict[str, str]] = {}
    blueprints: dict[str, dict[str, str]] = {}
    for branch, snapshot in own_snapshots(store.snapshots() if snapshots is None else snapshots).items():
        found = read_listed(snapshot, blueprint_files(snapshot))
        blueprints[branch] = {str(path): blueprint_text(content) for path, content in found.items()}
        paths = [PurePosixPath(file) for file in snapshot.listing(PurePosixPath("environments")) if is_policy(file)]
        on[branch] = {
            str(path): content.decode("utf-8", "surrogateescape")
            for path, content in read_listed(snapshot, paths).items()
        }
    homes = _homes(on)
    bases = {branch: {p: text for p, text in on[branch].items() if _of_base(p)} for branch in set(homes.values())}
    files = {path: text for base in bases.values() for path, text in base.items()}
    files |= {
        path: text
        for name, branch in homes.items()
        for path, text in on[branch].items()
        if path.startswith(f"environments/{name}/")
    }
    return EnvironmentSet(store.location, files, blueprints, bases, homes)


def _homes(on: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The branch that each environment lives on: the one that its file there names, as when previews are read.

    Whatever else was pushed, such as a change that awaits a review, is nobody's home. An environment that lives nowhere
    is taken from where others live, so that its file can be told of, and mended.
    """
    lives, strays = dict[str, str](), dict[str, str]()
    for branch, files in sorted(on.items()):
        for name in EnvironmentSet("", files).names:
            found = lives if _branch_of(name, files) == branch else strays
            found.setdefault(name, branch)
    inhabited = set(lives.values()) or set(on)
    return {**{name: branch for name, branch in strays.items() if branch in inhabited}, **lives}


def _branch_of(name: str, files: Mapping[str, str]) -> Any:
    """The branch that an environment names; None: what its files say cannot be read."""
    try:
        layers = [load(files[path], path) for path in _layers(name) if path in files]
    except ConfigError:
        return None
    spec = merge(layers).data.get("spec")
    return spec.get("branch") if isinstance(spec, Mapping) else None


def _layers(name: str) -> tuple[str, str]:
    return f"environments/{BASE}/{_FILE}", f"environments/{name}/{_FILE}"


@dataclass(frozen=True, slots=True)
class ShownEnvironment:
    """One environment, overlays merged, and each of its values with the place that set it."""

    environment: Environment
    values: tuple[Explained, ...]


def list_environments(
    found: EnvironmentSet, repository: Repository | None = None
) -> tuple[tuple[Environment, ...], Mapping[str, HubError]]:
    """All of them, sorted by name, and why others cannot be read, by theirs.

    Those that `repository` misses, and branches of it that cannot be read, are among the others. Raises what it does.
    """
    read: dict[str, Environment] = {}
    failed = {} if repository is None else dict(repository.read().environments.each()[1])
    for name in found.names:
        try:
            read[name] = found.get(name)[0]
        except ConfigError as err:
            failed[name] = err
    return tuple(read.values()), {name: failed[name] for name in sorted(failed)}


def show_environment(found: EnvironmentSet, name: str) -> ShownEnvironment:
    """One of them. Raises `ConfigError` (UnknownEnvironment, InvalidEnvironment)."""
    environment, merged = found.get(name)
    return ShownEnvironment(environment, tuple(explain(environment, merged)))
