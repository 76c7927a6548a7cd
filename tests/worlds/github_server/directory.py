"""Accounts, teams and Apps: the calls that do not concern a repository's content."""

from __future__ import annotations

import time

import jwt

from worlds.github_server.handlers import Answer, ApiError, Call, Handlers, route
from worlds.github_server.state import App, Key, State, now, stamp

#: GitHub refuses an App's token that lasts longer, and allows for a minute of drift.
APP_TOKEN_SECONDS, DRIFT_SECONDS = 600, 60


def app_of(state: State, token: str) -> App:
    """The App that signed a JWT. Raises `ApiError` 401 as GitHub does."""
    try:
        number = int(jwt.decode(token, options={"verify_signature": False})["iss"])
        app = state.apps[number]
        claims = jwt.decode(token, app.public_key, algorithms=["RS256"], options={"verify_iat": False})
    except (jwt.PyJWTError, KeyError, ValueError) as err:
        raise ApiError(401, "A JSON web token could not be decoded") from err
    if claims["exp"] - time.time() > APP_TOKEN_SECONDS + DRIFT_SECONDS:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


@route("get /app", "app")
def own_app(self: Handlers, call: Call) -> Answer:
    assert call.key.app is not None
    return 200, self.views.app(call.key.app)


@route("get /repos/{owner}/{repo}/installation", "app")
def installation(self: Handlers, call: Call) -> Answer:
    assert call.key.app is not None
    if not call.key.app.is_installed:
        raise ApiError(404, "Not Found")
    return 200, self.views.installation(call.key.app)


@route("post /app/installations/{installation_id}/access_tokens", "app")
def access_token(self: Handlers, call: Call) -> Answer:
    app = call.key.app
    assert app is not None
    if not app.is_installed or app.installation != int(call.parameters["installation_id"]):
        raise ApiError(404, "Not Found")
    token = f"ghs_{self.state.next_id()}{app.slug}"
    self.state.keys[token] = Key(app.bot, app)
    expires = stamp(now().replace(year=now().year + 1))
    return 201, {
        "token": token,
        "expires_at": expires,
        "permissions": app.permissions,
        "repository_selection": "selected",
    }


@route("get /user", "user")
def own_user(self: Handlers, call: Call) -> Answer:
    if call.key.app is not None:
        raise ApiError(403, "Resource not accessible by integration")
    return 200, self.views.public_user(call.key.account)


@route("get /users/{username}")
def user(self: Handlers, call: Call) -> Answer:
    account = self.state.named(call.parameters["username"])
    if account is None:
        raise ApiError(404, "Not Found")
    return 200, self.views.public_user(account)


@route("get /user/{account_id}")
def user_by_id(self: Handlers, call: Call) -> Answer:
    wanted = int(call.parameters["account_id"])
    account = next((one for one in self.state.accounts.values() if one.id == wanted), None)
    if account is None:
        raise ApiError(404, "Not Found")
    return 200, self.views.public_user(account)


@route("get /orgs/{org}/teams", "members")
def teams(self: Handlers, call: Call) -> Answer:
    return 200, [self.views.team(slug) for slug in self.state.teams]


@route("get /orgs/{org}/teams/{team_slug}", "members")
def team(self: Handlers, call: Call) -> Answer:
    return 200, self.views.team(_slug(self.state, call), schema="team-full")


@route("get /orgs/{org}/teams/{team_slug}/members", "members")
def members(self: Handlers, call: Call) -> Answer:
    _, logins = self.state.teams[_slug(self.state, call)]
    return 200, [self.views.user(self.state.accounts[login]) for login in sorted(logins)]


def _slug(state: State, call: Call) -> str:
    slug = call.parameters["team_slug"]
    if call.parameters["org"] != state.owner or slug not in state.teams:
        raise ApiError(404, "Not Found")
    return slug


@route("get /apps/{app_slug}")
def app_by_slug(self: Handlers, call: Call) -> Answer:
    slug = call.parameters["app_slug"]
    found = next((one for one in self.state.apps.values() if one.slug == slug), None)
    if found is None:
        raise ApiError(404, "Not Found")
    return 200, self.views.app(found)


@route("get /orgs/{org}/members/{username}", "members")
def member(self: Handlers, call: Call) -> Answer:
    account = self.state.named(call.parameters["username"])
    return (204 if account and account.login in self.state.members else 404), None


@route("get /search/users")
def search_users(self: Handlers, call: Call) -> Answer:
    """By parts of words, as GitHub searches: what is found has to be looked at."""
    words = call.query["q"].removesuffix(" in:email").partition("@")[0].casefold()
    found = [one for one in self.state.accounts.values() if words in one.login or words in one.profile_email]
    items = [self.views.searched(one) for one in found]
    return 200, {"total_count": len(items), "incomplete_results": False, "items": items}


@route("get /repos/{owner}/{repo}/collaborators")
def collaborators(self: Handlers, call: Call) -> Answer:
    if not call.key.may("contents", "write"):
        raise ApiError(403, "Must have push access to view repository collaborators.")
    wanted = call.query.get("permission", "")
    found = [one for one in self.state.accounts.values() if one.role == (wanted or one.role) != "none"]
    return 200, [self.views.collaborator(one) for one in found]


@route("get /repos/{owner}/{repo}/collaborators/{username}")
def is_collaborator(self: Handlers, call: Call) -> Answer:
    account = self.state.named(call.parameters["username"])
    return (204 if account and account.role != "none" else 404), None
