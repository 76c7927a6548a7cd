"""Settings from the process environment. A flag, where there is one, wins.

Each field's docstring says what it is, its unit where it has one, and its default with the reason; the reference page
is made from them. The source is a dozen lines here rather than pydantic-settings, which costs more than all that a
command may cost beside its work.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from generator.errors import ConfigError, Fault, Reason, nearest
from hub.settings.contexts import VARIABLE, is_given
from hub.settings.keys import KEYS, PREFIXES, ForgeKeys, IdentityName, forge_keys, key_fields
from hub.settings.secret_files import text_of
from hub.settings.server import TOKEN, TOKEN_FILE, URL
from hub.settings.sign_in import Proxies, PublicUrl, RoleRules, Roles, Trust, TrustedJobs
from hub.settings.slack import SlackSettings
from hub.settings.texts import Contexts, Environments, GitPerson, Person

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

LogLevel = Literal["debug", "info", "warning", "error"]
#: Of messages (`hub.views.messages.words`).
Language = Literal["en", "ko"]
#: Whence a setting is: its variable, the context that is in use, the file that its …_FILE names, or nowhere.
Source = Literal["environment", "context", "file", "default"]
#: Names that begin like ours are ours: one that is none of the settings is a mistake, or another release's.
_OURS = ("RTB_HUB_", "RTB_EXPIRY_")
_NO_HOME = Path("/tmp")  # noqa: S108 - no home at all


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in the password database, as in many containers
        return "unknown"


class Shown(NamedTuple):
    """One setting as it holds: its variable, its value, whence, and what would hold otherwise; empty: none.

    Value and default of what is secret are `set` and `not set`.
    """

    name: str
    value: str
    source: Source
    default: str = ""


class Settings(SlackSettings):
    """What the process environment says, by the names of its variables; an empty one counts as not given."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    repo: str | None = Field(None, alias="RTB_HUB_REPO")
    """The state repository: a path or a URL. Default: the repository of the current folder, as git has it."""
    context: str | None = Field(None, alias=VARIABLE)
    """The context that commands work in where neither an option nor RTB_HUB_REPO or RTB_HUB_SERVER
    says where. Default: the one in use."""
    environments: Path | None = Field(None, alias="RTB_HUB_ENVIRONMENTS")
    """A folder of environments, for commands that need no state repository. Default: those of the state repository,
    else the shipped ones."""
    actor: Person = Field(default_factory=_login, alias="RTB_HUB_ACTOR")
    """Who asks: it is written into entries and commits, and has to be their login at the forge (or an e-mail that it
    maps to their account) where changes are reviewed. Default: the login name, `unknown` where there is none."""
    identity: IdentityName | None = Field(None, alias="RTB_HUB_IDENTITY")
    """`hub` or `expiry`: which of the two a process acts as in gated environments. Default: neither, as for a person,
    who may run both parts."""
    git_name: GitPerson = Field("rtb-hub", alias="RTB_HUB_GIT_NAME")
    """The author's name of what the hub commits. Default: `rtb-hub`."""
    git_email: GitPerson = Field("rtb-hub@rtb-ai-hub.invalid", alias="RTB_HUB_GIT_EMAIL")
    """The author's address of what the hub commits: one that the forge maps to the hub's account. Default:
    `rtb-hub@rtb-ai-hub.invalid`, which is nobody's."""
    log_level: LogLevel | None = Field(None, alias="RTB_HUB_LOG_LEVEL")
    """`debug`, `info`, `warning` or `error`: what is told on standard error beside what a command prints. Default:
    `info` with --watch; else `error`, since a command's own words say what it did."""
    home: Path = Field(_NO_HOME, alias="HOME")
    """Where defaults of others begin. Default: `/tmp`, for containers without a home."""
    cache_home: Path | None = Field(None, alias="XDG_CACHE_HOME")
    """Where caches are. Default: `.cache` in the home."""
    cache: Path = Field(
        default_factory=lambda data: (data.get("cache_home") or data.get("home", _NO_HOME) / ".cache") / "rtb-ai-hub",
        alias="RTB_HUB_CACHE",
    )
    """A folder for mirrors of remote repositories and for parsed entries; it may be removed at any time. Default:
    `rtb-ai-hub` where caches are."""
    kubeconfig: str = Field(
        default_factory=lambda data: str(data.get("home", _NO_HOME) / ".kube" / "config"), alias="KUBECONFIG"
    )
    """Kubeconfig files, several with `:` between. Default: `.kube/config` in the home, as for kubectl."""
    clusters: Contexts = Field("", alias="RTB_HUB_CLUSTERS")
    """Which clusters phases and causes are read from: `ENV=CONTEXT`, several with `,` between, the contexts of
    KUBECONFIG. Default: none; the services tell what Git tells, and commands reach an environment's cluster by AWS."""
    observed: Environments = Field("", alias="RTB_HUB_OBSERVED")
    """Environments, several with `,` between, whose own clusters services read as well, by AWS: `serve` and
    `serve dashboard` for phases, causes and figures, `serve worker` and `tell` for what they tell. Default: none but
    those of `RTB_HUB_CLUSTERS`."""
    pager: str | None = Field(None, alias="RTB_HUB_PAGER")
    """The program that shows long output on a terminal, such as `less`, with LESS=FRX where LESS is not set. Empty or
    `cat`: none. Default: that of PAGER, else none."""
    step_summary: Path | None = Field(None, alias="GITHUB_STEP_SUMMARY")
    """A file that GitHub shows beside a job; `guard` writes to it. Default: none, outside of GitHub's jobs."""
    data_home: Path | None = Field(None, alias="XDG_DATA_HOME")
    """Where data of programs is. Default: `.local/share` in the home."""
    data: Path = Field(
        default_factory=lambda data: (
            (data.get("data_home") or data.get("home", _NO_HOME) / ".local" / "share") / "rtb-ai-hub"
        ),
        alias="RTB_HUB_DATA",
    )
    """A folder that `serve` keeps its database in; one process at a time. Default: `rtb-ai-hub` where data is."""
    database_url: SecretStr | None = Field(None, alias="RTB_HUB_DATABASE_URL")
    """The services' database: `postgresql://user:password@host/name` or `sqlite:///file`. Default: `hub.sqlite` in
    RTB_HUB_DATA."""
    database_url_file: Path | None = Field(None, alias="RTB_HUB_DATABASE_URL_FILE")
    """The file that holds it. Default: none."""
    redis_url: SecretStr | None = Field(None, alias="RTB_HUB_REDIS_URL")
    """Where BullMQ's queues are: `redis://user:password@host:6379/0`, `rediss://` with TLS. Default: none; the queue is
    the database's own."""
    redis_url_file: Path | None = Field(None, alias="RTB_HUB_REDIS_URL_FILE")
    """The file that holds it. Default: none."""
    queue_trust: Literal["open", "signed"] = Field("open", alias="RTB_HUB_QUEUE_TRUST")
    """Which jobs are run that other programs put into BullMQ's queues: `open`, all, or `signed`, those that one of
    RTB_HUB_QUEUE_KEYS signed. Default: `open`; who may put them is then for Redis to say."""
    queue_keys: Path | None = Field(None, alias="RTB_HUB_QUEUE_KEYS")
    """The file of the public keys of these programs, a JWK Set whose `kid` are their names; read when a worker starts.
    Default: none; nothing is signed."""
    server: str | None = Field(None, alias=URL)
    """A hub that runs as a service, by its address: list, show, start and others ask it instead of a
    state repository, as with --server. Default: none."""
    server_token: SecretStr | None = Field(None, alias=TOKEN)
    """The service token that is shown to it. Default: none."""
    server_token_file: Path | None = Field(None, alias=TOKEN_FILE)
    """The file that holds it; read at each request. Default: none."""
    worker_concurrency: Annotated[int, Field(ge=1, le=200)] = Field(20, alias="RTB_HUB_WORKER_CONCURRENCY")
    """How many jobs a worker does at a time that ask a forge or read a history, 1 to 200; what is only committed goes
    together, up to 200 in a commit. Default: 20."""
    github_webhook_secret: SecretStr | None = Field(None, alias="RTB_HUB_GITHUB_WEBHOOK_SECRET")
    """What GitHub signs its deliveries with. Default: none; deliveries of GitHub are answered 503."""
    github_webhook_secret_file: Path | None = Field(None, alias="RTB_HUB_GITHUB_WEBHOOK_SECRET_FILE")
    """The file that holds it; read at each delivery. Default: none."""
    github_webhook_secret_previous: SecretStr | None = Field(None, alias="RTB_HUB_GITHUB_WEBHOOK_SECRET_PREVIOUS")
    """The secret before, taken too while GitHub is given the new one. Default: none."""
    github_webhook_secret_previous_file: Path | None = Field(None, alias="RTB_HUB_GITHUB_WEBHOOK_SECRET_PREVIOUS_FILE")
    """The file that holds it. Default: none."""
    jira_webhook_secret: SecretStr | None = Field(None, alias="RTB_HUB_JIRA_WEBHOOK_SECRET")
    """What a webhook that a Jira administrator made signs with. Default: none; Jira's are answered 503, and come
    again."""
    jira_webhook_secret_file: Path | None = Field(None, alias="RTB_HUB_JIRA_WEBHOOK_SECRET_FILE")
    """The file that holds it; read at each delivery. Default: none."""
    jira_webhook_secret_previous: SecretStr | None = Field(None, alias="RTB_HUB_JIRA_WEBHOOK_SECRET_PREVIOUS")
    """The secret before, taken too while Jira is given the new one. Default: none."""
    jira_webhook_secret_previous_file: Path | None = Field(None, alias="RTB_HUB_JIRA_WEBHOOK_SECRET_PREVIOUS_FILE")
    """The file that holds it. Default: none."""
    jira_url: str | None = Field(None, alias="RTB_HUB_JIRA_URL")
    """The Jira site whose issues are read when it tells of a change: `https://HOST`, of Data Center with its context
    path. Default: none; an issue that hub/services.yaml has a rule for cannot be read."""
    jira_edition: Literal["cloud", "data-center"] = Field("cloud", alias="RTB_HUB_JIRA_EDITION")
    """Which Jira it is: `cloud` or `data-center` (8.14 or later). Default: `cloud`."""
    jira_email: str | None = Field(None, alias="RTB_HUB_JIRA_EMAIL")
    """Of Jira Cloud: the e-mail address of the account that reads there; without RTB_HUB_JIRA_MESSAGES it needs Browse
    Projects alone. Default: none."""
    jira_token: SecretStr | None = Field(None, alias="RTB_HUB_JIRA_TOKEN")
    """The account's API token, of Data Center its personal access token. Default: none."""
    jira_token_file: Path | None = Field(None, alias="RTB_HUB_JIRA_TOKEN_FILE")
    """The file that holds it; read at each use. Default: none."""
    jira_messages: Language | None = Field(None, alias="RTB_HUB_JIRA_MESSAGES")
    """The language in which each preview is told of at its issue, by one comment and one link: `en` or `ko`. What the
    account needs for it: docs/reference/messages.md. Default: none; nothing is written there."""
    github_messages: Language | None = Field(None, alias="RTB_HUB_GITHUB_MESSAGES")
    """The language in which each preview is told of in the pull requests of its code, by a deployment, a check run and
    a comment: `en` or `ko`. What the key needs for it: docs/reference/messages.md. Default: none; nothing is written
    there."""
    gitea_messages: Language | None = Field(None, alias="RTB_HUB_GITEA_MESSAGES")
    """The language in which each preview is told of in the pull requests of its code on Gitea or Forgejo, by a commit
    status and a comment: `en` or `ko`. Default: none; nothing is written there."""
    gitea_url: str | None = Field(None, alias="RTB_HUB_GITEA_URL")
    """The Gitea or Forgejo that the code is on, such as https://git.example.com; its token is RTB_HUB_FORGE_TOKEN.
    Default: none."""
    catch_up_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(5, alias="RTB_HUB_CATCH_UP_MINUTES")
    """How often the listener has a worker ask GitHub and Jira for what did not come by itself, in minutes, 1 to 1440.
    Each time starts a worker that was scaled to none. Default: 5."""
    registries: Path | None = Field(None, alias="RTB_HUB_REGISTRIES")
    """The file that says which registries of images are asked which digest a tag names (docs/reference/registries.md).
    Default: none; images have to be given by digest where an environment asks for one."""
    github_api: str | None = Field(None, alias="RTB_HUB_GITHUB_API")
    """The API of the GitHub whose pull requests start previews by hub/services.yaml, read with the hub's keys to the
    forge; of GitHub Enterprise Server it ends with `/api/v3`. Default: `https://api.github.com` with an App's key; none
    with a token, which may be another forge's."""
    ecr_queue_url: str | None = Field(None, alias="RTB_HUB_ECR_QUEUE_URL")
    """The queue of Amazon SQS that EventBridge tells of pushes to ECR: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`;
    the listener reads it. Default: none; images that are waited for are looked for now and then."""
    slack_signing_secret: SecretStr | None = Field(None, alias="RTB_HUB_SLACK_SIGNING_SECRET")
    """What Slack signs its requests with. Default: none; requests of Slack are answered 503."""
    slack_signing_secret_file: Path | None = Field(None, alias="RTB_HUB_SLACK_SIGNING_SECRET_FILE")
    """The file that holds it; read at each request. Default: none."""
    slack_signing_secret_previous: SecretStr | None = Field(None, alias="RTB_HUB_SLACK_SIGNING_SECRET_PREVIOUS")
    """The secret before, taken too while Slack goes over to the new one. Default: none."""
    slack_signing_secret_previous_file: Path | None = Field(None, alias="RTB_HUB_SLACK_SIGNING_SECRET_PREVIOUS_FILE")
    """The file that holds it. Default: none."""
    public_url: PublicUrl | None = Field(None, alias="RTB_HUB_PUBLIC_URL")
    """Where people reach the hub: `https://HOST`; http for this machine alone. Tokens name it as their issuer, and the
    provider sends people back there. Default: none; `serve` on this machine uses its own address."""
    oidc_issuer: str | None = Field(None, alias="RTB_HUB_OIDC_ISSUER")
    """The OpenID Connect provider that people sign in by: its issuer, as its discovery document says. Default: none."""
    oidc_client_id: str | None = Field(None, alias="RTB_HUB_OIDC_CLIENT_ID")
    """What the hub is called there. Default: none."""
    oidc_client_secret: SecretStr | None = Field(None, alias="RTB_HUB_OIDC_CLIENT_SECRET")
    """Its secret. Default: none, for a public client, which PKCE proves."""
    oidc_client_secret_file: Path | None = Field(None, alias="RTB_HUB_OIDC_CLIENT_SECRET_FILE")
    """The file that holds it; read at each use. Default: none."""
    oidc_groups_claim: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        "groups", alias="RTB_HUB_OIDC_GROUPS_CLAIM"
    )
    """The claim that lists a person's groups; with dots where it lies deeper. Default: `groups`."""
    oidc_name_claim: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        "email", alias="RTB_HUB_OIDC_NAME_CLAIM"
    )
    """The claim that names a person in entries and commits: one that people cannot change themselves, and that the
    forge maps to their account. Default: `email`, where the provider does not call it unverified."""
    oidc_scopes: Annotated[str, Field(pattern=r"^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$", max_length=500)] = Field(
        "openid profile email", alias="RTB_HUB_OIDC_SCOPES"
    )
    """What is asked of the provider, `openid` first. With `offline_access` where a refresh token takes it (Okta, Entra,
    Dex), else people sign in again each hour. Default: `openid profile email`."""
    github_url: str = Field("https://github.com", alias="RTB_HUB_GITHUB_URL")
    """Where people sign in by GitHub. Default: `https://github.com`; else a GitHub Enterprise Server."""
    github_client_id: str | None = Field(None, alias="RTB_HUB_GITHUB_CLIENT_ID")
    """The client ID of the GitHub App that people sign in by. Default: none."""
    github_client_secret: SecretStr | None = Field(None, alias="RTB_HUB_GITHUB_CLIENT_SECRET")
    """Its client secret. Default: none."""
    github_client_secret_file: Path | None = Field(None, alias="RTB_HUB_GITHUB_CLIENT_SECRET_FILE")
    """The file that holds it; read at each use. Default: none."""
    roles: Roles = Field(RoleRules(), alias="RTB_HUB_ROLES")
    """Which groups have which role: `ROLE=GROUP,GROUP; ROLE=…` of viewer, developer, operator, admin and approver, or a
    JSON object of lists. A group is `oidc:GROUP` or `github:ORGANISATION/TEAM`; without its provider where there is one
    alone. `*` is whoever signs in by OpenID Connect. Default: nobody has any."""
    key_file: Path | None = Field(None, alias="RTB_HUB_KEY_FILE")
    """A file of Fernet keys, one a line, that signing keys and what providers gave are encrypted by: by the first, and
    any of them decrypts. Default: none; `serve` on this machine makes `key` in RTB_HUB_DATA."""
    jwt_algorithm: Literal["EdDSA", "RS256"] = Field("EdDSA", alias="RTB_HUB_JWT_ALGORITHM")
    """What access tokens are signed by: `EdDSA` or `RS256`. Default: `EdDSA`, which is shorter and quicker."""
    jwks_url: str | None = Field(None, alias="RTB_HUB_JWKS_URL")
    """Where the dashboard reads the public keys that access tokens are verified by. Default: below the public URL."""
    actions_issuer: str = Field("https://token.actions.githubusercontent.com", alias="RTB_HUB_ACTIONS_ISSUER")
    """Who issues the tokens of GitHub Actions' jobs. Default: `https://token.actions.githubusercontent.com`."""
    actions_trust: Trust = Field(TrustedJobs(), alias="RTB_HUB_ACTIONS_TRUST")
    """Jobs whose tokens are exchanged, as a JSON list of objects: repositoryId, ref (or environment, or both), scopes,
    environments. Default: none are."""
    proxies: Proxies | None = Field(None, alias="RTB_HUB_PROXIES")
    """Subnets of the load balancer, with commas between: it alone is believed where a request comes from. Default:
    nobody is."""
    forge: ForgeKeys = ForgeKeys()
    _environ: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _seen: set[str] = PrivateAttr(default_factory=set)

    def secret(self, name: str) -> str | None:
        """A secret of the services, such as `database_url`: its value, else what its file holds just now.

        Raises `ConfigError` (InvalidValue) for a file that cannot be read.
        """
        value: SecretStr | None = getattr(self, name)
        path: Path | None = getattr(self, f"{name}_file")
        if value is not None:
            found: str | None = value.get_secret_value()
        elif path is None:
            return None
        else:
            found = text_of(path, type(self).model_fields[f"{name}_file"].alias or "")
        if found:
            self._seen.add(found)
        return found

    @property
    def cluster_contexts(self) -> dict[str, str]:
        """The context of each environment whose cluster the services read."""
        pairs = (one.partition("=") for one in filter(None, self.clusters.split(",")))
        return {name.strip(): context.strip() for name, _, context in pairs}

    @property
    def observed_environments(self) -> tuple[str, ...]:
        """The environments whose own clusters the services look at."""
        return tuple(filter(None, self.observed.split(",")))

    @property
    def environ(self) -> Mapping[str, str]:
        """The process environment without keys: what is handed to git, which keeps what it needs of it."""
        return self._environ

    def secrets(self) -> tuple[str, ...]:
        """The keys that this process holds, and held: what no log may tell."""
        return tuple(sorted({*self.forge.seen(), *self._seen}, key=len, reverse=True))

    def shown(self) -> Iterator[Shown]:
        """Every variable that this process reads, with what holds and whence; of a secret whether it is set."""
        given = {one.alias: getattr(self, name) for name, one in self._aliased() if name in self.model_fields_set}
        for name, one in self._aliased():
            source: Source = "environment" if name in self.model_fields_set else "default"
            if source == "environment" and is_given(one.alias or ""):
                source = "context"
            if source == "default" and getattr(self, f"{name}_file", None) is not None:
                source = "file"
            without = type(self).model_validate({alias: v for alias, v in given.items() if alias != one.alias})
            if f"{name}_file" in type(self).model_fields:
                yield Shown(one.alias or "", "not set" if self.secret(name) is None else "set", source, "not set")
            else:
                yield Shown(one.alias or "", *(_text(getattr(self, name)), source, _text(getattr(without, name))))
        held = self.forge.read()
        for name in KEYS:
            source = "environment" if getattr(self.forge, name) is not None else "default"
            if source == "default" and getattr(self.forge, f"{name}_file") is not None:
                source = "file"
            value = "set" if getattr(held, name) is not None else "not set"
            yield Shown(PREFIXES[self.identity or "hub"] + name.upper(), value, source, "not set")

    def _aliased(self) -> Iterator[tuple[str, FieldInfo]]:
        return ((name, one) for name, one in type(self).model_fields.items() if one.alias)

    def unknown(self) -> Iterator[tuple[str, str]]:
        """Variables that are named like settings and are none, each with the setting it is close to, or nothing.

        They are tolerated, since another release may know them; a log tells of them.
        """
        known = setting_names()
        for name in sorted(self._environ):
            if name.startswith(_OURS) and name not in known:
                yield name, nearest(name, [one for one in known if one[:10] == name[:10]])  # RTB_HUB_ and two more


#: Variables that hold secrets of the services, or begin like one.
_SECRETS = tuple(
    one.alias for name, one in Settings.model_fields.items() if one.alias and f"{name}_file" in Settings.model_fields
)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def setting_names() -> tuple[str, ...]:
    """The names of all variables that are read."""
    own = tuple(one.alias for one in Settings.model_fields.values() if one.alias)
    return own + tuple(prefix + name.upper() for prefix in PREFIXES.values() for name in key_fields())


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings once. Raises `ConfigError` with everything that is wrong.

    Its reason is InvalidForge when only files of keys cannot be read, else InvalidValue.
    """
    env = dict(os.environ if environ is None else environ)
    aliases = (one.alias for one in Settings.model_fields.values())
    given: dict[str, Any] = {name: value for name in aliases if name and (value := env.get(name))}
    identity: IdentityName = "expiry" if given.get("RTB_HUB_IDENTITY") == "expiry" else "hub"
    forge = forge_keys(env, identity)
    faults = []
    try:
        forge.read()
    except ConfigError as err:
        faults += [_named(fault, PREFIXES[identity]) for fault in err.faults]
    try:
        settings = Settings.model_validate({**given, "forge": forge})
    except ValidationError as err:
        raise ConfigError(Reason.INVALID_VALUE, [*_faults(err), *faults]) from err
    if faults:
        raise ConfigError(Reason.INVALID_FORGE, faults)
    kept_back = (*PREFIXES.values(), *_SECRETS)
    settings._environ = {name: value for name, value in env.items() if not name.startswith(kept_back)}
    return settings


def _named(fault: Fault, prefix: str) -> Fault:
    return Fault(fault.message, field=prefix + fault.field, remedy=fault.remedy)


def _faults(error: ValidationError) -> Iterator[Fault]:
    for one in error.errors(include_url=False):
        name, context = str(one["loc"][0]), one.get("ctx", {})
        if one["type"] == "literal_error":
            allowed = str(context["expected"]).replace("'", "").replace(" or ", ", ")
            yield Fault(f"{str(one['input'])[:40]!r} is not allowed", field=name, allowed=allowed)
        elif one["type"] != "default_factory_not_called":  # a default that would be made from what is wrong
            yield Fault(one["msg"], field=name)
