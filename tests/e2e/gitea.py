"""A real Gitea on a free loopback port, with SQLite: accounts, an organisation, teams, a repository, tokens, protection.

Nothing is shared between two of them but the program. Needs no root, and works as root.
"""

from __future__ import annotations

import base64
import getpass
import json
import os
import secrets
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import ComponentError, Process, free_port
from toolchain import Toolchain

ORGANISATION, REPOSITORY = "acme", "state"
_ADMIN = "root-admin"
_UNITS = ("repo.code", "repo.pulls", "repo.issues")


class RefusedError(RuntimeError):
    """Gitea answered a call with another status than 2xx."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status, self.said = status, said


@dataclass(frozen=True)
class Account:
    """A person's or a machine's account with the password and a token of all its rights."""

    login: str
    email: str
    password: str
    token: str


class Gitea:
    """Started by `with`. `folder` holds its data and its log."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self.folder, self.tools = folder, tools
        self.port = free_port()
        self.process = Process(
            "gitea",
            [tools.program("gitea"), "web", "--config", folder / "app.ini"],
            folder / "gitea.log",
            self._environment(),
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Gitea:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "app.ini").write_text(self._configuration(), encoding="utf-8")
        try:
            self.start()
            password = secrets.token_hex(16)
            self._command(
                "admin", "user", "create", "--admin", "--username", _ADMIN, "--password", password,
                "--email", f"{_ADMIN}@example.com", "--must-change-password=false",
            )  # fmt: skip
            token = self._token(_ADMIN, password, ["all"])
            self.admin = Account(_ADMIN, f"{_ADMIN}@example.com", password, token)
            self.call("POST", "/orgs", {"username": ORGANISATION, "visibility": "private"})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()

    def start(self) -> None:
        """Start it, also again after `process.stop()`: accounts and repositories are still there."""
        self.process.start()
        self.process.wait(self._is_up)

    # What there is

    def account(self, login: str) -> Account:
        """A new account."""
        password, email = secrets.token_hex(16), f"{login}@example.com"
        new = {"username": login, "email": email, "password": password, "must_change_password": False}
        self.call("POST", "/admin/users", new)
        return Account(login, email, password, self._token(login, password, ["all"]))

    def token(self, account: Account, *scopes: str) -> str:
        """Another token of the account, of these scopes only, such as read:organization."""
        return self._token(account.login, account.password, scopes)

    def revoke(self, account: Account, token: str) -> None:
        """Make a token of the account invalid."""
        owned = self.call("GET", f"/users/{account.login}/tokens?limit=50", basic=account)
        name = next(one["name"] for one in owned if one["token_last_eight"] == token[-8:])
        self.call("DELETE", f"/users/{account.login}/tokens/{name}", basic=account)

    def repository(self, name: str = REPOSITORY, *, is_empty: bool = False) -> None:
        """A new private repository of the organisation, with a first commit on main unless it is to be empty."""
        new = {"name": name, "private": True, "auto_init": not is_empty, "default_branch": "main"}
        self.call("POST", f"/orgs/{ORGANISATION}/repos", new)

    def team(self, name: str, members: Sequence[Account], *, permission: str = "write", to: str | None = None) -> int:
        """A new team of the organisation with its members, which may use the repository `to`; returns its id."""
        new = {"name": name, "permission": permission, "units": list(_UNITS)}
        number = int(self.call("POST", f"/orgs/{ORGANISATION}/teams", new)["id"])
        for member in members:
            self.call("PUT", f"/teams/{number}/members/{member.login}")
        if to:
            self.call("PUT", f"/teams/{number}/repos/{ORGANISATION}/{to}")
        return number

    def git_url(self, account: Account, name: str = REPOSITORY) -> str:
        """Where this account clones and pushes."""
        return f"http://{account.login}:{account.token}@127.0.0.1:{self.port}/{ORGANISATION}/{name}.git"

    # Talking to it

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        by: Account | None = None,
        basic: Account | None = None,
    ) -> Any:
        """One call of its API, by the administrator unless somebody is named. Raises `RefusedError`."""
        signed = f"token {(by or self.admin).token}" if basic is None else _basic(basic.login, basic.password)
        return self._request(method, path, body, signed)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, authorization: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": authorization}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise RefusedError(error.code, error.read().decode(errors="replace")) from None
        return json.loads(text) if text else None

    def _token(self, login: str, password: str, scopes: Sequence[str]) -> str:
        new = {"name": secrets.token_hex(4), "scopes": list(scopes)}
        return str(self._request("POST", f"/users/{login}/tokens", new, _basic(login, password))["sha1"])

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _command(self, *arguments: str) -> None:
        command = [self.tools.program("gitea"), "--config", self.folder / "app.ini", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ComponentError(f"gitea {' '.join(arguments[:3])}: {done.stdout}{done.stderr}")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "USER": getpass.getuser(),
            "GITEA_WORK_DIR": str(self.folder),
        }

    def _configuration(self) -> str:
        """No front end, no mail, no timers; the least work for a password; bound to loopback."""
        data = self.folder / "data"
        return f"""\
APP_NAME = rtb-hub
RUN_USER = {getpass.getuser()}
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {self.port}
ROOT_URL = {self.url}/
STATIC_ROOT_PATH = {self.tools.sources_of("gitea")}
APP_DATA_PATH = {data}
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = false
[database]
DB_TYPE = sqlite3
PATH = {data}/gitea.db
[repository]
ROOT = {data}/repositories
[security]
INSTALL_LOCK = true
SECRET_KEY = {secrets.token_hex(16)}
INTERNAL_TOKEN = {secrets.token_hex(32)}
PASSWORD_HASH_ALGO = pbkdf2_v1
[service]
DISABLE_REGISTRATION = true
[webhook]
ALLOWED_HOST_LIST = loopback
[actions]
ENABLED = false
[packages]
ENABLED = false
[mailer]
ENABLED = false
[oauth2]
ENABLED = false
[cron]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[queue]
TYPE = channel
[log]
MODE = console
LEVEL = Warn
"""


def _basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()
