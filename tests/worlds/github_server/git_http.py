"""Git over HTTP beside the API: real pushes, refused where a ruleset says so."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

from worlds.github_server import rules
from worlds.github_server.state import Key

if TYPE_CHECKING:
    from worlds.github_server.server import GitHubServer

HOOK = """#!/bin/sh
refuse() { echo "error: GH013: Repository rule violations found for $1." >&2; exit 1; }
case " $DENY_push " in *" $1 "*) refuse "$1" ;; esac
case $3 in *[!0]*) ;; *) case " $DENY_delete " in *" $1 "*) refuse "$1" ;; esac; exit 0 ;; esac
case $2 in *[!0]*) ;; *) exit 0 ;; esac
git merge-base --is-ancestor "$2" "$3" && exit 0
case " $DENY_rewrite " in *" $1 "*) refuse "$1" ;; esac
"""


def install_hook(path: Path) -> None:
    """Make the repository one that can be pushed to, under the rules."""
    subprocess.run(["git", "-C", path, "config", "http.receivepack", "true"], check=True)
    hook = path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK, encoding="utf-8")
    hook.chmod(0o755)


def serve_git(server: GitHubServer, http: BaseHTTPRequestHandler, raw: bytes) -> None:
    """Answer one request of git by `git http-backend`. The token is the password; the user's name does not matter."""
    key = _key(server, http.headers.get("Authorization", ""))
    if key is None:
        http.send_response(401)
        http.send_header("WWW-Authenticate", 'Basic realm="git"')
        http.send_header("Content-Length", "0")
        http.end_headers()
        return
    if http.headers.get("Transfer-Encoding") == "chunked":
        raw = _chunks(http)
    if http.headers.get("Content-Encoding") == "gzip":
        raw = gzip.decompress(raw)
    is_push = "git-receive-pack" in http.path
    if is_push and (not key.may("contents", "write") or server.state.is_archived):
        http.send_response(403)
        http.send_header("Content-Length", "0")
        http.end_headers()
        return
    before = server.git.heads()
    head, _, content = _backend(server, http, raw, key).partition(b"\r\n\r\n")
    for branch, commit in server.git.heads().items():
        if before.get(branch) != commit:
            rules.pushed(server.state, server.git, key.app or key.account, branch)
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    http.send_response(int(headers.pop("Status", "200").split()[0]))
    for name, value in {**headers, "Content-Length": str(len(content))}.items():
        http.send_header(name, value)
    http.end_headers()
    http.wfile.write(content)


def _key(server: GitHubServer, authorization: str) -> Key | None:
    if not authorization.startswith("Basic "):
        return None
    password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")[2]
    return server.state.keys.get(password)


def _chunks(http: BaseHTTPRequestHandler) -> bytes:
    body = b""
    while size := int(http.rfile.readline(), 16):
        body += http.rfile.read(size)
        http.rfile.readline()
    http.rfile.readline()
    return body


def _backend(server: GitHubServer, http: BaseHTTPRequestHandler, raw: bytes, key: Key) -> bytes:
    path, _, query = http.path.partition("?")
    _, _, rest = path.partition(".git/")
    env = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(server.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{rest}",
        "QUERY_STRING": query,
        "REQUEST_METHOD": http.command,
        "CONTENT_TYPE": http.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(raw)),
        "GIT_PROTOCOL": http.headers.get("Git-Protocol", ""),
        "REMOTE_USER": key.account.login,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        **{f"DENY_{kind}": " ".join(refs) for kind, refs in rules.denied_pushes(server.state, key).items()},
    }
    return subprocess.run(["git", "http-backend"], input=raw, env=env, capture_output=True, check=True).stdout
