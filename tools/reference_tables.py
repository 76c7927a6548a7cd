"""Write the tables and examples of docs/reference/ from the code: `python tools/reference_tables.py [DIR]`.

A page says where by `<!-- made: NAME -->` … `<!-- end -->`, and `BLOCKS` below what each name gives. The rest of a page
is written by hand. A test compares, so a page cannot drift from the code.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from generator.errors import Reason
from generator.model.blueprint import DEFAULT, TemplateLibrary
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.model.inputs import EnvironmentInputs
from generator.model.json_schemas import schema
from generator.model.overlay import read_environment
from generator.render.asked import Request
from generator.render.context import template_values
from generator.validate.rules import RULES
from generator.values.naming import IssueKey
from hub import assets
from hub.adapters.github.messages.deployments import STATES
from hub.adapters.pull_requests.verdicts import verdict_of
from hub.cli.app import app
from hub.cli.help import INTERRUPTED
from hub.output.exit_codes import (
    CODES,
    DECLINED,
    DIFFERENT,
    INTERNAL,
    NEEDS_A_PERSON,
    NOT_AS_SEEN,
    OK,
    REFUSED,
    UNHEALTHY,
    USAGE,
)
from hub.output.remedies import words
from hub.settings import PREFIXES, ForgeKeys, Settings
from hub.settings.slack import SlackSettings
from hub.telemetry.events import BOUND, EVENTS
from hub.telemetry.metrics import METRICS, Label
from hub.views.messages.brief import as_last_known, brief_of
from hub.views.messages.document import document_of
from hub.views.messages.markdown import markdown_of
from hub.views.messages.plain import plain_of
from hub.views.messages.words import LANGUAGES
from hub.views.preview import describe
from hub.views.why import FOR_WHOM
from reconcilers.causes import engine
from reconcilers.causes.model import PATIENCE, Layer, Rule
from reconcilers.lifecycle.start import StartRequest, draft_of, entry_text
from reconcilers.messages.model import Message

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "docs" / "reference"
_BLOCK = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NOW = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)
_LIBRARY = TemplateLibrary(assets.template_files())
REASONS = {
    Reason.INVALID_ISSUE_KEY: "the key is not a Jira key such as RTB-123",
    Reason.UNKNOWN_ENVIRONMENT: "there is no such environment",
    Reason.UNKNOWN_BLUEPRINT: "there is no such blueprint",
    Reason.UNKNOWN_COMPONENT: "the blueprint has no such component",
    Reason.INVALID_VALUE: "an option or a field has a value that is not allowed",
    Reason.IMAGE_NOT_PINNED: "an image is named by a tag where a digest is asked for",
    Reason.IMAGE_NOT_THERE: "no registry has an image of this tag; a job waits for it, and gives up after an hour",
    Reason.IMAGE_UNFIT: "an image is not for linux/amd64, which previews run on, or is no image of a container",
    Reason.OVER_LIMIT: "more CPU, memory or time than the environment allows one preview",
    Reason.INVALID_ENVIRONMENT: "an `environment.yaml` has mistakes, or the folder holds no environment",
    Reason.INVALID_BLUEPRINT: "a `blueprint.yaml` has mistakes",
    Reason.INVALID_SERVICES: "`hub/services.yaml` has mistakes",
    Reason.INVALID_REGISTRIES: "the file that RTB_HUB_REGISTRIES names has mistakes, or cannot be read",
    Reason.TEMPLATE_INVALID: "a template has a mistake, or says what a template may not",
    Reason.TEMPLATE_UNBOUNDED: "a template does not come to an end",
    Reason.MANIFEST_INVALID: "what was rendered, or what `validate` was shown, breaks a schema or the policy",
    Reason.UNREADABLE_YAML: "a file is not YAML, or has keys twice, tags or the like",
    Reason.FILE_UNUSABLE: "a file or folder cannot be read or written, or standard output is full or closed",
    Reason.NOT_A_STATE_REPOSITORY: "there is no Git repository, or no state repository in it",
    Reason.REPOSITORY_DIRTY: "the repository's work tree has changes of its own",
    Reason.LAYOUT_VERSION: "the state repository is of another release's layout",
    Reason.BRANCH_MOVED: "the branch kept moving while the change was planned; ask again",
    Reason.REPOSITORY_UNREACHABLE: "the repository cannot be reached, or not be read whole; try again",
    Reason.REPOSITORY_REFUSED: "a hook, a rule or a lock of the repository refused the commit",
    Reason.REPOSITORY_DENIED: "the remote refuses the credentials: none, wrong, expired, or not allowed to do this",
    Reason.UNREADABLE_ENTRY: "an entry has mistakes",
    Reason.PREVIEW_NOT_FOUND: "there is no preview of this issue in this environment",
    Reason.TARGET_NOT_EMPTY: "the folder to be made is not empty, or the repository is somebody else's",
    Reason.CAPACITY_EXHAUSTED: "no room: previews, Fargate vCPUs or target groups",
    Reason.INVALID_KUBECONFIG: "a kubeconfig cannot be used",
    Reason.UNKNOWN_CONTEXT: "there is no such context, of the kubeconfig or of `rtb-hub context`",
    Reason.INVALID_FORGE: "the forge's address or key cannot be used as it is given",
    Reason.CLUSTER_UNREACHABLE: "a cluster cannot be read now",
    Reason.CLUSTER_REFUSED: "a cluster refuses: credentials, rights, certificate, no Argo CD",
    Reason.NOT_IN_TIME: "`wait`: the time is up",
    Reason.PREVIEW_FAILED: "`wait`: the preview failed, is stuck or gone",
    Reason.FORGE_UNREACHABLE: "the forge cannot be reached now, or does not answer as it should",
    Reason.FORGE_DENIED: "the forge refuses the hub's account: its key, its rights, no such team, archived",
    Reason.FORGE_REFUSED: "the forge refuses this for good: the repository moved or is gone, nothing to ask for",
    Reason.FORGE_LIMITED: "a rate limit of the forge holds for longer than the hub waits",
    Reason.JIRA_UNREACHABLE: "Jira cannot be reached now, or does not answer as it should",
    Reason.JIRA_REFUSED: "Jira refuses the hub's account or its question: the token, its rights, no such project",
    Reason.JIRA_LIMITED: "a rate limit of Jira holds for longer than the hub waits",
    Reason.SLACK_UNREACHABLE: "Slack cannot be reached now, or does not answer as it should",
    Reason.SLACK_REFUSED: "Slack refuses the hub's app or its message: the token, its scopes, the channel",
    Reason.SLACK_LIMITED: "a rate limit of Slack holds for longer than the hub waits",
    Reason.REGISTRY_UNREACHABLE: "a registry of images does not answer as it should, or limits requests",
    Reason.REGISTRY_REFUSED: "a registry of images refuses the hub, or is none that the hub may ask",
    Reason.REQUEST_NOT_FOUND: "the forge has no request of that number",
    Reason.MERGE_REFUSED: "the forge refuses to merge: a conflict, or a rule that is not satisfied",
    Reason.MERGE_NOT_READY: "the forge is still computing whether the request can be merged",
    Reason.FROZEN: "nothing starts there until a freeze ends or is lifted",
    Reason.CLOCK_BEHIND: "the clock here is over an hour behind the newest commit of the branch",
    Reason.GIT_UNUSABLE: "there is no git on the PATH, or it is too old",
    Reason.DATABASE_UNREACHABLE: "the services' database cannot be reached now, or is busy for too long",
    Reason.DATABASE_REVISION: "the services' database has the schema of another release, or none",
    Reason.IN_USE: "another process has the port or the data folder",
    Reason.NOT_SIGNED_IN: "a service: nobody is signed in, or the token is wrong, expired or revoked",
    Reason.NOT_ALLOWED: "a service: who asks has no right to this",
    Reason.TOO_MANY_REQUESTS: "a service: more requests than are allowed at a time",
    Reason.NOT_FOUND: "a service has no such thing: an operation, a job, a freeze, a token, a page",
    Reason.SERVER_UNREACHABLE: "the hub at --server (RTB_HUB_SERVER) does not answer, or not to the end",
    Reason.SERVER_REFUSED: "what answers at --server is no hub of this release, or its certificate is not accepted",
    Reason.PROVIDER_UNREACHABLE: "whom people sign in by, or the hub's own sign-in, does not answer: it is tried again",
    Reason.PROVIDER_REFUSED: "whom people sign in by does not take the hub's word, or its answer does not hold",
    Reason.ENVIRONMENT_MISSING: "an environment that was there, with previews, is not any more",
    Reason.UNEXPECTED: "a mistake of rtb-hub itself, caught so that the rest goes on; the log has its traceback",
}


def main() -> None:
    """Rewrite the pages in place."""
    for page in sorted((Path(sys.argv[1]) if len(sys.argv) > 1 else HOME).glob("*.md")):
        page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")


def rewritten(text: str) -> str:
    """A page with its made blocks made anew. Raises `KeyError` for a block that nothing makes."""
    return _BLOCK.sub(lambda match: f"{match[1]}{BLOCKS[match[2]]()}\n{match[3]}", text)


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in (headings, *rows)]
    lines.insert(1, re.sub(r"[^|]+", "---", lines[0]))
    return "\n".join(lines)


def fields(name: str) -> str:
    """Every field of a file, by its JSON Schema."""
    tree = schema(name)
    rows = _fields(tree, tree.get("$defs", {}), "")
    return table(("field", "value", "default", "meaning"), rows)


def commands() -> str:
    """Every command with its arguments and options."""
    return "\n\n".join(_command(name, command) for name, command in _commands("rtb-hub", app))


def exit_codes() -> str:
    """Every exit code."""
    rows = [(str(OK), "", "done"), (str(INTERNAL), "", "a mistake of rtb-hub itself, with its traceback")]
    rows += [
        (str(USAGE), "`WrongUsage`", "an unknown command or option, or a value that it cannot take"),
        (str(DIFFERENT), "", "`diff`: differences"),
    ]
    rows += [
        (str(UNHEALTHY), "", "`doctor`: errors; `orphans`: any"),
        (str(REFUSED), "", "`guard`: the change is refused"),
    ]
    rows += [(str(NEEDS_A_PERSON), "", "`reconcile`: something is left that a person has to look at")]
    rows += [(str(NOT_AS_SEEN), "", "`extend --if-ends`: it ends at another time, and nothing was added")]
    rows += [(str(DECLINED), "", "the question on the terminal was not answered by yes, and nothing was changed")]
    rows += [(str(INTERRUPTED), "", "Ctrl-C; at a question, nothing was changed")]
    rows += [(str(code), f"`{reason}`", REASONS[reason]) for reason, code in CODES.items()]
    return table(("code", "reason", "meaning"), sorted(rows, key=lambda row: int(row[0])))


def entry_example() -> str:
    """An entry as `start` writes it, but for the stamp of its rendering."""
    return f"```yaml\n{entry_text(_sample()[0])}```"


def environment_example() -> str:
    """The overlay of int, as shipped."""
    return f"```yaml\n{assets.environment_files()['environments/int/environment.yaml']}```"


def preview_json() -> str:
    """The fields of a preview in JSON, with an example."""
    preview, environment = _sample()
    return table(("field", "example"), _leaves(describe(preview, environment, now=_NOW), "", {"components": "web"}))


def values() -> str:
    """The values that templates see, with an example."""
    preview, environment = _sample()
    tree = template_values(preview, EnvironmentInputs.of(environment), _LIBRARY.blueprint(DEFAULT))
    shown = {**tree, "components": tree["components"][-1:], **{name: [] for name, _ in _LISTS}}
    rows = [row for row in _leaves(shown, "", {}) if row[0].strip("`") not in dict(_LISTS)]
    return table(("value", "example"), [*rows, *((f"`{name}`", text) for name, text in _LISTS + _OPTIONAL)])


_LISTS = (
    ("services", "those of `components` whose role is service"),
    ("deployed", "those of `components` that are a Deployment: services, workers, databases"),
    ("served", "those of `components` with a Service"),
    ("jobs", "those of `components` whose role is job"),
    ("scheduled", "those of `components` whose role is scheduled"),
    ("exposed", "those of `services` with a path, the longest path first"),
    ("configured", "those of `components` with plain variables"),
    ("hosts", "the hosts that are exposed: `host`, and `components`, the longest path first"),
    ("secretive", "those of `components` with secrets"),
    ("generating", "those of `components` with `generated`, key → text"),
    ("withFiles", "those of `components` with `files`, key → text"),
    ("pullSecrets", "credentials of registries: `name`, and `key` and `property` in the store"),
)
_OPTIONAL = (
    ("database", "the blueprint's database; only there when it has one"),
    ("job", "the blueprint's job; only there when it has one"),
)


def event_rows() -> str:
    """Every event of the log."""
    rows = [(f"`{e.name}`", e.level, ", ".join(f"`{name}`" for name in e.fields), e.meaning) for e in EVENTS]
    return table(("event", "level", "fields", "meaning"), rows)


def metric_rows() -> str:
    """Every metric, with its labels and the values they may have."""
    rows = [(f"`{one.name}`", one.kind, "; ".join(map(_label, one.labels)), one.meaning) for one in METRICS]
    return table(("metric", "kind", "labels", "meaning"), rows)


def _label(label: Label) -> str:
    values = label.about or " ".join(f"`{value}`" for value in label.values or ())
    return f"`{label.name}`: {values}"


def setting_rows() -> str:
    """Every variable of the process environment that is read, by the docstrings of its fields."""
    told = {
        **documented("SlackSettings"),
        **documented("Settings"),
        **{f"keys.{name}": text for name, text in documented("ForgeKeys").items()},
    }
    fields = sorted(Settings.model_fields.items(), key=lambda one: one[0] in SlackSettings.model_fields)
    names = {name: one.alias for name, one in fields if one.alias}
    names |= {f"keys.{name}": PREFIXES["hub"] + name.upper() for name in ForgeKeys.model_fields if name != "is_mixed"}
    rows = []
    for name, variable in names.items():
        meaning, _, default = told[name].partition(" Default: ")
        rows.append((f"`{variable}`", default.rstrip("."), meaning))
    return table(("variable", "default", "meaning"), rows)


def documented(name: str) -> dict[str, str]:
    """The docstrings of the fields of a class in hub/settings: what stands below each."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "hub" / "settings").glob("*.py"))]
    (found,) = [
        node for text in texts for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == name
    ]
    told: dict[str, str] = {}
    for node, after in itertools.pairwise(found.body):
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and is_text:
            told[node.target.id] = " ".join(str(after.value.value).split())
    return told


def rule_rows() -> str:
    """Every rule of validation."""
    rows = [(f"`{name}`", rule.refuser, rule.says) for name, rule in sorted(RULES.items())]
    return table(("rule", "refused by", "what is wrong"), rows)


def custom_kinds() -> str:
    """Whose definitions are bundled, in which version, under which licence, and for which kinds."""
    sources = json.loads(assets.generator_data("crds/sources.json"))
    rows = [
        (f"{one['title']} {one['version']}", one["licence"], f"`{one['module']}`", ", ".join(one["kinds"]))
        for one in sources
    ]
    return table(("from", "licence", "Go module", "kinds"), rows)


#: What is looked at in each layer.
LOOKED_AT = {
    Layer.SET: "the condition ErrorOccurred of the environment's ApplicationSet, and whether there is an Application.",
    Layer.PROJECT: "conditions of the Application, and the objects that its last sync could not apply.",
    Layer.ADMISSION: "the Deployment's condition ReplicaFailure, events FailedCreate, what a sync could not apply.",
    Layer.SECRETS: "the ExternalSecret's condition Ready, its newest event UpdateFailed, and its store.",
    Layer.IMAGE: "why a container waits, and the pod's newest event Failed that says more.",
    Layer.CONFIG: "why a container waits, how it ended last, and events FailedMount.",
    Layer.CRASH: "how a container ended last (reason, exit code, last words), events Unhealthy, conditions of Jobs.",
    Layer.SCHEDULING: "the pod's condition PodScheduled, the newest event FailedScheduling of each scheduler.",
    Layer.NETWORK: "events FailedCreatePodSandBox, BranchAllocationFailed, FailedMount, FailedAttachVolume of a pod"
    " that has a node.",
    Layer.READINESS: "events Unhealthy of a running container, readiness gates of the load balancer, NodeNotReady.",
    Layer.LOAD_BALANCER: "the newest event of an Ingress without an address, and events of TargetGroupBindings.",
    Layer.ARGO: "conditions, operation and health of the Application, and the Job of a hook that it waits for.",
    Layer.PROGRESS: "the Deployment's condition Progressing, and how its pods ended.",
    Layer.URL: "its address, asked once with `why --url`, from where the command runs.",
    Layer.REMOVAL: "finalizers, conditions of the namespace and of the Application, pods that do not end.",
}


def causes() -> str:
    """A section a code, by layer."""
    lines = []
    for layer, rules in itertools.groupby(engine.rules(), key=lambda rule: rule.layer):
        title = layer.slug.replace("-", " ")
        lines += [f"### {title[0].upper()}{title[1:]}", "", f"Looked at: {LOOKED_AT[layer]}", ""]
        for rule in rules:
            lines += [f"#### {rule.code}", "", f"{rule.meaning} {_whose(rule)}", ""]
            lines += [*(f"- {_step(words(step))}" for step in rule.steps), ""] if rule.steps else []
    return "\n".join(lines).rstrip()


def _whose(rule: Rule) -> str:
    patience = PATIENCE[rule.layer] if rule.patience is None else rule.patience
    minutes = int(patience.total_seconds() // 60)
    if rule.is_final:
        return f"For {FOR_WHOM[rule.audience]}. Waiting does not help: `failed`."
    when = f" after {minutes} min" if minutes else ""
    return f"For {FOR_WHOM[rule.audience]}. `{rule.overdue}`{when}."


def _step(told: str) -> str:
    """A step with its placeholders as a reader would write them."""
    return re.sub(r"\{(\w+)\}", lambda match: match[1].upper(), told).replace("<environment>", "ENVIRONMENT")


def message_texts() -> str:
    """Every message in every language, as lines of text, those of one phase together."""
    parts = []
    for message in _examples():
        head = f"{message.phase}, {FOR_WHOM[message.cause.audience]}" if message.cause else message.phase
        texts = (plain_of(document_of(message, say)) for say in LANGUAGES.values())
        parts += [f"### {head}{', its removal asked for' if message.is_removal else ''}"]
        parts += [f"```text\n{text}\n```" for text in texts]
    return "\n\n".join(parts)


def _examples() -> list[Message]:
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tests" / "worlds" / "messages.py")
    if spec is None or spec.loader is None:
        raise SystemExit("tests/worlds/messages.py is missing")
    examples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(examples)
    return list(examples.every_message())


def github_rows() -> str:
    """What a deployment and a check run say of each message, and in which words."""
    rows = []
    for message in _examples():
        if message.is_removal:
            continue
        head = f"{message.phase}, {FOR_WHOM[message.cause.audience]}" if message.cause else message.phase
        said = " <br> ".join(brief_of(as_last_known(message), say) for say in LANGUAGES.values())
        verdict = "none" if message.phase == "unseen" else _VERDICTS[verdict_of(as_last_known(message))]
        rows.append((head, f"`{STATES[as_last_known(message).phase]}`", verdict, said))
    return table(("phase", "deployment", "check run", "in words"), rows)


_VERDICTS = {"pending": "`in_progress`", "passed": "`success`", "failed": "`failure`", "neutral": "`neutral`",
             "over": "stays; `cancelled` if in progress"}  # fmt: skip


def github_comments() -> str:
    """A comment of one that runs and of one that failed, as GitHub draws it, in every language."""
    shown = [one for one in _examples() if one.phase in ("running", "failed") and not one.is_removal][:2]
    texts = (markdown_of(document_of(one, say)) for one in shown for say in LANGUAGES.values())
    return "\n\n".join("\n".join(f"> {line}".rstrip() for line in text.split("\n")) for text in texts)


BLOCKS = {
    "causes": causes,
    "entry-example": entry_example,
    "entry-fields": lambda: fields("preview"),
    "environment-example": environment_example,
    "environment-fields": lambda: fields("environment"),
    "blueprint-fields": lambda: fields("blueprint"),
    "registries-fields": lambda: fields("registries"),
    "template-values": values,
    "commands": commands,
    "exit-codes": exit_codes,
    "preview-json": preview_json,
    "events": event_rows,
    "bound": lambda: table(("field", "meaning"), [(f"`{name}`", about) for name, about in BOUND.items()]),
    "messages": message_texts,
    "messages-github": github_rows,
    "messages-github-comments": github_comments,
    "metrics": metric_rows,
    "services-fields": lambda: fields("services"),
    "settings": setting_rows,
    "rules": rule_rows,
    "custom-kinds": custom_kinds,
}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _fields(node: Mapping[str, Any], defs: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    required = node.get("required", ())
    for name, field in node["properties"].items():
        path, inner = f"{prefix}{name}", _inner(field, defs)
        default = "required" if name in required else _default(field.get("default"))
        meaning = field.get("description") or inner[0].get("description", "")
        yield f"`{path}{inner[1]}`", _value(field, defs), default, meaning
        if "properties" in inner[0]:
            yield from _fields(inner[0], defs, f"{path}{inner[1]}.")


def _inner(field: Mapping[str, Any], defs: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The object that a field holds, itself or as the values of a mapping or list, and how its path goes on."""
    node = _resolved(field, defs)
    if isinstance(values := node.get("additionalProperties", node.get("patternProperties")), Mapping):
        values = next(iter(values.values())) if "patternProperties" in node else values
        return _resolved(values, defs), ".<name>"
    if node.get("type") == "array":
        return _resolved(node["items"], defs), "[]"
    return node, ""


def _resolved(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in node:
        return defs[node["$ref"].rpartition("/")[2]]
    for option in node.get("anyOf", ()):
        if option.get("type") != "null":
            return _resolved(option, defs)
    return node


def _value(field: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    node, (inner, path) = _resolved(field, defs), _inner(field, defs)
    if path and "properties" not in inner:
        return f"{'list' if path == '[]' else 'mapping'} of {_value(inner, defs)}"
    if "properties" in inner:
        return {"": "mapping", "[]": "list of mappings", ".<name>": "mapping by name"}[path]
    if "const" in node or "enum" in node:
        return " or ".join(f"`{value}`" for value in node.get("enum", [node.get("const")]))
    match node.get("type"):
        case "integer":
            return f"{node['minimum']} to {node['maximum']}"
        case "boolean":
            return "`true` or `false`"
    if examples := node.get("examples"):
        return f"such as {', '.join(f'`{example}`' for example in examples)}"
    return f"`{node['pattern']}`" if "pattern" in node else "text"


def _default(value: Any) -> str:
    return "none" if value in (None, {}, [], "") else f"`{_shown(value)}`"


def _sample() -> tuple[Preview, Environment]:
    """A preview of int, and int."""
    files = assets.environment_files()
    layers = (f"environments/{layer}/environment.yaml" for layer in ("base", "int"))
    environment, _ = read_environment("int", {path: files[path] for path in layers})
    images = {
        name: f"registry.example.com/{name}@sha256:{letter * 64}" for name, letter in (("web", "a"), ("api", "b"))
    }
    settings = (("web.env.LOG_LEVEL", "debug"), ("web.secrets.TOKEN", "preview/int/app/web#token"))
    request = Request(images, settings, branch="feature/RTB-123-login")
    asked = StartRequest(IssueKey.parse("RTB-123"), "alice", request)
    return draft_of(asked, environment, _LIBRARY, now=_NOW), environment


def _leaves(tree: Any, path: str, only: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(path, example) of everything in `tree`; `only` picks one of the names of a mapping by names."""
    if isinstance(tree, Mapping) and path.rpartition(".")[2] not in _WHOLE:
        for key, value in tree.items():
            chosen = {"<name>": value[only[key]]} if key in only else value
            yield from _leaves(chosen, f"{path}.{key}" if path else key, only)
    elif isinstance(tree, list) and tree and isinstance(tree[0], Mapping):
        yield from _leaves(tree[0], f"{path}[]", only)
    else:
        yield f"`{path}`", f"`{_shown(tree)}`"


#: Mappings that templates print whole.
_WHOLE = frozenset({"labels", "selector", "podLabels", "env", "resources"})
_WHOLE |= {"startupProbe", "readinessProbe", "livenessProbe"}


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value)}]"
    words = {"None": "null", "True": "true", "False": "false"}
    shown = words.get(str(value), str(value))
    return shown if len(shown) <= 100 else shown[:99] + "…"


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", child) if hasattr(child, "commands") else [(f"{path} {name}", child)]


def _command(path: str, command: Any) -> str:
    text = inspect.cleandoc(command.help or "")
    about, _, example = text.partition("\n\nExample: ")
    parts = [f"### {path}", "\n\n".join(" ".join(part.split()) for part in about.split("\n\n"))]
    if example:
        parts.append(f"Example: `{' '.join(example.split())}`")
    rows = [_parameter(parameter) for parameter in command.params]
    return "\n\n".join([*parts, table(("argument or option", "default", "meaning"), rows)])


def _parameter(parameter: click.Parameter) -> tuple[str, str, str]:
    told = parameter.to_info_dict()
    metavar = parameter.metavar or "|".join(told["type"].get("choices", ())) or "TEXT"
    is_flag = told.get("is_flag", False)
    names = [f"{name} {metavar}" for name in (*parameter.opts, *parameter.secondary_opts)]
    if is_flag:
        names = [*parameter.opts, *parameter.secondary_opts]
    elif isinstance(parameter, click.Argument):
        names = [metavar]
    default = told["default"]
    shown = "required" if parameter.required else "" if default in (None, "") or is_flag else f"`{default}`"
    return ", ".join(f"`{name}`" for name in names), shown, parameter.help or ""


if __name__ == "__main__":
    main()
