"""Running `git`: a clean environment, bounded time and output, no prompts, no credentials in messages.

The command rather than a library: it brings credential helpers, ssh, proxies and locking (docs/adr/0006).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from generator.errors import Fault, Reason, Stalled, Transient
from hub.adapters.git.version import check_git, no_git
from hub.telemetry.telemetry import SILENT, GitOutcome, Telemetry

LOCAL_SECONDS = 60
REMOTE_SECONDS = 120
_SAID = 1000
#: What of the caller's environment git may see. GIT_DIR and its like would point it somewhere else.
_KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|SSH_AUTH_SOCK|XDG_CONFIG_HOME|SSL_CERT_(FILE|DIR)|(http|https|no|all)_proxy"
    r"|GIT_(SSH|SSH_COMMAND|SSL_CAINFO|ASKPASS|CONFIG_(GLOBAL|NOSYSTEM|COUNT|KEY_[0-9]+|VALUE_[0-9]+))|SSH_ASKPASS",
    re.IGNORECASE,
)
#: What a person's own configuration may not change (git-config(1)).
_SETTINGS = (
    # Nobody's hooks or maintenance run on what is only plumbing here; a server's hooks do run.
    *("core.hooksPath=/dev/null", "gc.auto=0", "maintenance.auto=false"),
    # What is written and printed is read again: in UTF-8, one form for all, and nothing said between.
    *("i18n.commitEncoding=UTF-8", "i18n.logOutputEncoding=UTF-8", "trailer.separators=:"),
    *("log.showSignature=false", "log.follow=false", "log.diffMerges=separate"),
    # Only the branch that is meant is sent or taken.
    *("push.followTags=false", "push.recurseSubmodules=no", "fetch.recurseSubmodules=false", "submodule.recurse=false"),
    # A request is judged by the merge that a forge makes.
    *("merge.renames=true", "merge.directoryRenames=conflict", "merge.renormalize=false"),
)
#: Of a bare repository that is named, not come upon: as good as --git-dir, and Git still looks at whose it is.
_NAMED_ITSELF = "safe.bareRepository=all"
#: A password may hold any sign that should have been encoded: all goes up to the last '@' before a quotation mark, over
#: line breaks too where nothing before them says that the address ended.
_USERINFO = re.compile(r"(?<=://)(?:[^\s'\"/@:]*:[^'\"/\n]*(?:\n[^'\"\n]*){1,5}|[^'\"\n]*)@")
#: Of an address that lacks its scheme, or a part of it: up to the last '@' before a space. `@sha256:` is an image's.
_WITHOUT_SCHEME = re.compile(r"(?<![\w/:.@-])((?:https?|ssh):?/{1,2})?[^\s'\"/@:]+:[^\s'\"]*@(?!sha256:)(?=[\w.\[-])")
_QUERY = re.compile(r"(?<=[\w/])\?[^\s'\"]*")


@dataclass(frozen=True, slots=True)
class Result:
    """Exit code, standard output as bytes, and standard error as text without credentials."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text, without its last line break."""
        return self.out.decode("utf-8", "replace").rstrip("\n")


def without_credentials(text: str) -> str:
    """`text` without user names, passwords, tokens and query strings in URLs."""
    return _QUERY.sub("", _WITHOUT_SCHEME.sub(r"\1", _USERINFO.sub("", text)))


@dataclass(frozen=True, slots=True)
class Git:
    """`git` in one repository. `directory` None: in none.

    `inherited`: descriptors each git holds while it runs. `is_git_directory`: `directory` is the repository itself, and
    none above it is looked for when it is damaged. `configuration`: settings (`core.fsync=none`) beside those it reads.
    `telemetry` is told of each process.
    """

    environ: Mapping[str, str]
    directory: Path | None = None
    local_seconds: float = LOCAL_SECONDS
    remote_seconds: float = REMOTE_SECONDS
    inherited: tuple[int, ...] = ()
    is_git_directory: bool = False
    configuration: tuple[str, ...] = ()
    telemetry: Telemetry = field(default=SILENT, repr=False, compare=False)

    def inheriting(self, descriptor: int) -> Git:
        """The same, each git of it holding `descriptor`: a lock that is not free before the last of them ended."""
        return replace(self, inherited=(*self.inherited, descriptor))

    def configured(self, setting: str) -> Git:
        """The same, with a setting that holds for this only."""
        return replace(self, configuration=(*self.configuration, setting))

    def run(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> Result:
        """Run to the end. Raises `Transient` when it takes too long, `Stalled` when there is no git."""
        return self._run(arguments, stdin, extra or {}, self.local_seconds)

    def ask(self, *arguments: str) -> Result:
        """Run a command that answers yes by exit code 0 and no by 1. Raises `Stalled` when it gives no answer."""
        result = self.run(*arguments)
        if result.code not in (0, 1):
            raise Stalled(Reason.REPOSITORY_REFUSED, f"git {arguments[0]} failed: {said(result)}")
        return result

    def remote(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Result:
        """Run a command that talks to a remote."""
        return self._run(arguments, b"", extra or {}, self.remote_seconds)

    def must(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> Result:
        """Run, and raise `Stalled` (RepositoryRefused) with what git said when it fails."""
        result = self.run(*arguments, stdin=stdin, extra=extra)
        if result.code != 0:
            remedy = "fix the problem git reports (disk space, permissions, damaged objects) and run this again"
            raise Stalled(Reason.REPOSITORY_REFUSED, f"git {arguments[0]} failed: {said(result)}", remedy=remedy)
        return result

    def _run(self, arguments: Sequence[str], stdin: bytes, extra: Mapping[str, str], seconds: float) -> Result:
        begin = self.telemetry.seconds()
        process = self._process(arguments, extra)
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired as expired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            self._tell(arguments, "timeout", begin)
            raise not_in_time(arguments[0], seconds) from expired
        self._tell(arguments, "ok" if process.returncode == 0 else "nonzero", begin)
        return result_of(process.returncode, out, err)

    def _tell(self, arguments: Sequence[str], outcome: GitOutcome, begin: float) -> None:
        self.telemetry.git_process(_subcommand(arguments), outcome, seconds=self.telemetry.seconds() - begin)

    def started(self, *arguments: str, extra: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A git that runs, with pipes to it. Raises `Stalled` when there is none. Who asks for it ends it."""
        begin = self.telemetry.seconds()
        process = self._process(arguments, extra or {})
        self._tell(arguments, "kept", begin)
        return process

    def _process(self, arguments: Sequence[str], extra: Mapping[str, str]) -> subprocess.Popen[bytes]:
        option = "--git-dir" if self.is_git_directory else "-C"
        where = [option, str(self.directory)] if self.directory else []
        named = (_NAMED_ITSELF,) if self.directory and (self.directory / "HEAD").is_file() else ()
        settings = (word for setting in (*_SETTINGS, *named, *self.configuration) for word in ("-c", setting))
        command = ["git", *where, *settings, *arguments]
        environ = self._environment(extra)
        try:
            check_git(environ.get("PATH", os.defpath))
            return subprocess.Popen(  # noqa: S603 - a list, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environ,
                start_new_session=True,
                pass_fds=self.inherited,
            )
        except Stalled:
            self._tell(arguments, "missing", self.telemetry.seconds())
            raise
        except FileNotFoundError as err:  # it was there when its version was asked for
            self._tell(arguments, "missing", self.telemetry.seconds())
            raise no_git() from err

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in self.environ.items() if _KEPT.fullmatch(name)}
        quiet = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_SSH_VARIANT": "ssh"}
        quiet["GIT_NO_REPLACE_OBJECTS"] = "1"  # what a commit names, not what somebody put in its place
        if "GIT_SSH_COMMAND" not in kept and "GIT_SSH" not in kept:
            quiet["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes -o ConnectTimeout=20"
        return {**kept, **quiet, **extra}


def _subcommand(arguments: Sequence[str]) -> str:
    """`gc` of `-c gc.auto=0 gc --quiet`."""
    place = 0
    while arguments[place] == "-c":
        place += 2
    return arguments[place]


def result_of(code: int, out: bytes, err: bytes) -> Result:
    """What a git that ended came to."""
    return Result(code, out, without_credentials(err.decode("utf-8", "replace")).strip())


def not_in_time(command: str, seconds: float) -> Transient:
    """The error of a git that had to be ended."""
    fault = Fault(f"git {command} did not end within {seconds:g} s", remedy="try again")
    return Transient(Reason.REPOSITORY_UNREACHABLE, fault)


def said(result: Result) -> str:
    """The last of what git wrote, on one line: whole words, bounded."""
    text = " ".join(result.err.split())
    if len(text) > _SAID:
        text = f"… {text[-_SAID:].partition(' ')[2]}"
    return text or f"exit code {result.code}"
