"""Puts the real parts together: which state repository, its store, the starter with its checks, clients of others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason
from generator.model.blueprint import TemplateLibrary
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.model.lifecycle import ForgePolicy
from generator.render.render import Rendering
from generator.validate.validation import PolicySettings, Validator
from hub import __version__, assets
from hub.settings import Settings
from hub.telemetry.telemetry import SILENT, Telemetry
from reconcilers.lifecycle.start import Starter

if TYPE_CHECKING:
    from hub.actions.doctor_forge import Guards
    from hub.actions.environments import EnvironmentSet
    from hub.actions.init import InitParts
    from hub.actions.laid_out_files import LaidOutFiles
    from hub.actions.parts import Parts
    from hub.actions.repository import Repository
    from hub.adapters.git.history import GitHistory
    from hub.adapters.git.reader import GitReader
    from hub.adapters.git.store import GitRepository
    from hub.adapters.http import SenderParts
    from hub.adapters.known_environments import KnownEnvironments
    from hub.adapters.kubernetes.cluster import Cluster
    from hub.adapters.local_forge.forge import LocalForge
    from hub.approval.requests import Requests
    from hub.approval.review_process import ReviewProcess
    from hub.retrying import Turns
    from hub.store.database import Database
    from hub.writing.writer import Writer
    from reconcilers.approval.push_rules import PushRules
    from reconcilers.causes.exposure import Reached
    from reconcilers.ports.deliveries import Deliveries
    from reconcilers.ports.forge import Forge
    from reconcilers.ports.git import EntryCache, GitStore, VerifiedMemo
    from reconcilers.ports.issues import Issues
    from reconcilers.state.reading import Reading


def utc_now() -> datetime:
    """The time, to the second: what entries hold."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Hub:
    """Settings, clock and the parts made from them, each made when it is first asked for."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    telemetry: Telemetry = SILENT

    @cached_property
    def library(self) -> TemplateLibrary:
        """The shipped templates."""
        return TemplateLibrary(assets.template_files())

    @cached_property
    def validator(self) -> Validator:
        """The validator, with schemas read when a kind first comes up."""
        return Validator(assets.generator_data)

    @cached_property
    def starter(self) -> Starter:
        """Plans starts, and refuses a rendering that does not validate."""
        return Starter(self.check, __version__)

    @cached_property
    def entry_cache(self) -> EntryCache:
        """What was made of entries, kept below the cache folder."""
        from hub.adapters.sqlite.entry_cache import SqliteEntryCache, code_version

        return SqliteEntryCache(self.settings.cache / "entries", version=code_version())

    @cached_property
    def verified_memo(self) -> VerifiedMemo:
        """Which manifests were found to be what their entries render to, kept below the cache folder."""
        from hub.adapters.sqlite.entry_cache import code_version
        from hub.adapters.sqlite.verified_memo import SqliteVerifiedMemo

        return SqliteVerifiedMemo(self.settings.cache / "drift" / "verified.sqlite", version=code_version())

    def reading(self, store: GitStore) -> Reading:
        """The environments of a repository, each with its state or why it cannot be read; see there.

        One that was there when the repository was read last, with previews, is among those that cannot.
        """
        return self._read_with(store).read()

    def _read_with(self, store: GitStore) -> Repository:
        from hub.actions.repository import Repository

        return Repository(store, self.library, self.entry_cache, self._known_environments(store))

    def _known_environments(self, store: GitStore) -> KnownEnvironments | None:
        """What is kept of a repository's environments; None for a store that is no Git repository."""
        from hub.adapters.git.store import GitRepository
        from hub.adapters.known_environments import KnownEnvironments

        if not isinstance(store, GitRepository):
            return None
        place = str(store.git.directory or store.location)
        if place not in self._known:
            name = hashlib.sha256(place.encode()).hexdigest()[:24]
            self._known[place] = KnownEnvironments(self.settings.cache / "environments" / f"{name}.json")
        return self._known[place]

    @cached_property
    def _known(self) -> dict[str, KnownEnvironments]:
        return {}

    def store(self, repo: str | None) -> GitStore:
        """The state repository: `repo` (a flag), else RTB_HUB_REPO, else the one of the current folder."""
        return self._repository(repo)

    def repository(self, repo: str | None) -> Repository:
        """The state repository that `store` gives for `repo`, with what its environments are read with."""
        return self._read_with(self.store(repo))

    def environments(self, *, repo: str | None, folder: Path | None) -> EnvironmentSet:
        """The folder (a flag), else a repository that was named, else RTB_HUB_ENVIRONMENTS, else the shipped ones.

        Raises `ConfigError` (InvalidEnvironment) when a named folder has no environments, and what the store raises.
        """
        from hub.actions.environments import environments_of, given_environments

        if folder is None and (location := repo or self.settings.repo):
            return environments_of(self.store(location))
        return given_environments(folder or self.settings.environments)

    def writer(self, store: GitStore) -> Writer:
        """Writes requests to `store`: what `hub.writing.committer.GroupCommitter` shares between callers."""
        from hub.writing.writer import Writer

        kept, turns = self.entry_cache, self.turns_of(store)
        return Writer(store, self.library, self.clock, cache=kept, telemetry=self.telemetry, turns=turns)

    def turns_of(self, store: GitStore) -> Turns | None:
        """In what order those on this machine write to `store`; None: it knows of none."""
        from hub.adapters.git.store import GitRepository

        return store.turns if isinstance(store, GitRepository) else None

    def parts(self, repo: str | None) -> Parts:
        """What actions on previews of a state repository are put together from; `repo` as for `store`."""
        return self.parts_of(self.store(repo))

    def parts_of(self, store: GitStore) -> Parts:
        """What actions on previews of a state repository that was opened are put together from."""
        from hub.actions.parts import Parts

        return Parts(
            store, partial(self.reading, store), self.writer(store), self.starter, self.requests(store), self.clock
        )

    @cached_property
    def laid_out_files(self) -> LaidOutFiles:
        """What `init` lays out beside previews."""
        from hub.actions.laid_out_files import LaidOutFiles

        return LaidOutFiles(self.library, self.validator)

    def init_parts(self) -> InitParts:
        """What laying out a state repository takes."""
        from hub.actions.init import InitParts

        return InitParts(self.laid_out_files, self.store, self.settings.environ, self.clock)

    def local_forges(self, store: GitStore) -> Callable[[str], LocalForge]:
        """Opens the local forge beside a bare repository for an account. Raises `ConfigError` (InvalidForge) then."""
        from hub.adapters.local_forge.forge import open_local_forge

        environ = self.settings.environ
        return lambda account: open_local_forge(
            self.repository_path(store.location), actor=account, clock=self.clock, environ=environ
        )

    def requests(self, store: GitStore) -> Requests:
        """The requests of a state repository at the forges of its environments."""
        from hub.approval.requests import Requests

        return Requests(
            partial(self.reading, store),
            lambda environment: self.forge(environment, store.location),
            partial(self.review_process, store),
            self.clock,
        )

    def _repository(self, repo: str | None) -> GitRepository:
        from hub.adapters.git.opening import open_store
        from hub.adapters.git.store import Identity

        location = repo or self.settings.repo or str(Path.cwd())
        if location not in self._repositories:
            identity = Identity(self.settings.git_name, self.settings.git_email)
            self._repositories[location] = open_store(
                location,
                cache=self.settings.cache,
                environ=self.settings.environ,
                identity=identity,
                telemetry=self.telemetry,
            )
        return self._repositories[location]

    @cached_property
    def _repositories(self) -> dict[str, GitRepository]:
        """Those that were opened, by location."""
        return {}

    def push_rules(self, repo: str | None) -> tuple[str, PushRules] | None:
        """The path that pushes to the state repository arrive at, and what is refused there. None: not a path.

        Raises `Stalled` (RepositoryRefused) when Git gives no answer.
        """
        from hub.adapters.git.push_rules import rules_of

        path = self._pushed_to(self._repository(repo))
        return (str(path), rules_of(path, environ=self.settings.environ, telemetry=self.telemetry)) if path else None

    def repository_path(self, repo: str | None) -> Path:
        """The bare repository that pushes to the state repository arrive at. Raises `ConfigError` (InvalidForge)."""
        repository = self._repository(repo)
        path = self._pushed_to(repository)
        if path is None:
            remedy = "name a bare repository by its path, or another kind of forge in the environment's file"
            fault = Fault(f"{repository.location} is no bare repository here, so it has no local forge", remedy=remedy)
            raise ConfigError(Reason.INVALID_FORGE, fault)
        return path

    def _forge_repository(self, repo: str | None) -> tuple[Path, GitReader | None]:
        """`repository_path`, and what reads it when it is the state repository itself, which is open."""
        path, repository = self.repository_path(repo), self._repository(repo)
        return path, repository.reader if path == repository.git.directory else None

    def _pushed_to(self, repository: GitRepository) -> Path | None:
        from hub.adapters.git.push_rules import pushed_to, remote_path

        directory = repository.git.directory
        if repository.mirror is not None:
            return remote_path(repository.mirror.directory, repository.mirror.url)
        if not repository.has_remote:
            return directory if repository.work_tree is None else None
        return pushed_to(directory, environ=self.settings.environ, telemetry=self.telemetry) if directory else None

    def history(self, repo: str | None) -> GitHistory:
        """What is in the state repository as it is here: nothing is fetched."""
        return self.history_of(self._repository(repo))

    def history_of(self, store: GitStore) -> GitHistory:
        """What is in a state repository that was opened, as it is here.

        Not opened again by its location: that of a remote one lacks the credentials, and so names another mirror.
        """
        from hub.adapters.git.history import GitHistory
        from hub.adapters.git.store import GitRepository

        return GitHistory(store.reader) if isinstance(store, GitRepository) else self.history(store.location)

    def forge(self, environment: Environment, repo: str | None) -> Forge | None:
        """Where an environment's requests are reviewed, seen by this process's identity; None: its file names none.

        Opened once: it knows what it has read, and whether that changed. Raises `ConfigError` (InvalidForge) for keys
        that are missing or of both identities, and what opening it raises.
        """
        policy = environment.spec.forge
        if policy is None:
            return None
        from hub.approval.opening import ForgeOpener

        key = (policy.model_dump_json(), repo)
        if key not in self._forges:
            opener = ForgeOpener(
                self.settings, self.clock, lambda: self._forge_repository(repo), lambda: self.sending, self.telemetry
            )
            self._forges[key] = opener.open(policy)
        return self._forges[key]

    def guards(self, repo: str | None) -> Guards:
        """What keeps the branches of a state repository, as this process sees it."""
        from hub.actions.doctor_forge import Guards
        from hub.approval.opening import lacking_keys

        settings = self.settings
        return Guards(
            push_rules=lambda: self.push_rules(repo),
            forge=lambda environment: self.forge(environment, repo),
            lacking=lambda policy: lacking_keys(policy, settings),
            email=settings.git_email,
            is_mixed=settings.forge.is_mixed,
            is_identity=settings.identity is not None,
        )

    def review_process(self, store: GitStore, forge: Forge) -> ReviewProcess:
        """Where the requests of an environment are asked for and decided upon, at `forge`."""
        from hub.approval.examiner import Examiner
        from hub.approval.review_process import ReviewProcess

        examiner = Examiner(self.history_of(store), self.check, self.starter.version, self.clock)
        return ReviewProcess(store, forge, examiner, self.clock)

    @cached_property
    def _forges(self) -> dict[tuple[str, str | None], Forge]:
        return {}

    @cached_property
    def sending(self) -> SenderParts:
        """What all senders of HTTP requests share."""
        from hub.adapters.http import Network, SenderParts

        network = Network.of(self.settings.environ)
        return SenderParts(network, clock=self.clock, observe=self.telemetry.http_call)

    def cluster(self, context: str, kubeconfig: str | None) -> Cluster:
        """The cluster of a kubeconfig context. `kubeconfig`: a flag, else KUBECONFIG, else ~/.kube/config."""
        from hub.adapters.kubernetes.cluster import open_cluster

        return open_cluster(context, kubeconfig=kubeconfig or self.settings.kubeconfig, parts=self.sending)

    def database(self) -> Database:
        """The services' database, as the settings say. Its schema is not looked at.

        Raises `ConfigError` (InvalidValue) for a URL that is none, and where the services are not installed.
        """
        from hub.wiring.services import open_database

        return open_database(self.settings)

    def issues(self) -> Issues | None:
        """Jira's issues, as the settings say; None: they name no site. Raises `ConfigError` (InvalidValue)."""
        from hub.wiring.services import open_issues

        return open_issues(self.settings, lambda: self.sending)

    def deliveries(self, policy: ForgePolicy) -> Deliveries | None:
        """What a forge delivered to the App of this process's keys; None: another kind of forge, or no such key.

        Raises `ConfigError` (InvalidForge) for keys that cannot be used.
        """
        from hub.wiring.services import open_deliveries

        return open_deliveries(self.settings, policy, lambda: self.sending)

    def ask_page(self, host: str, path: str) -> str:
        """Why the page of a preview at `host` is not its own yet; empty when it is."""
        from hub.adapters.preview_page import why_not_served

        return why_not_served(host, path, self.sending)

    def reach(self, host: str) -> Reached:
        """What asking the address of a preview at `host` comes to, now."""
        from hub.adapters.preview_page import reach

        return reach(host, self.sending, at=self.clock())

    def check(self, rendering: Rendering, preview: Preview, environment: Environment) -> None:
        """Raise `ConfigError` (ManifestInvalid) with every finding by the environment's version and policy."""
        settings = PolicySettings.for_preview(preview, environment)
        versions = [environment.spec.cluster.kubernetes]
        findings = self.validator.validate(rendering.manifests, kubernetes=versions, settings=settings)
        faults = [Fault(str(finding), remedy=finding.remedy) for finding in findings if finding.severity == "error"]
        if faults:
            raise ConfigError(Reason.MANIFEST_INVALID, faults)
