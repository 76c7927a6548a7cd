"""What an account is asked by, and what is said where it cannot be: of credentials, of settings, of the network."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generator.errors import HubError, Reason, Stalled, Transient
from hub import USER_AGENT
from hub.adapters.account.access import Access
from worlds.accounts import REGION
from worlds.commands import rtb_hub

exceptions = pytest.importorskip("botocore.exceptions")
SIGN_IN = "sign in to the account, as a role that may read it (SecurityAudit)"


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of AWS's settings, and keys of nobody's."""
    file = tmp_path / "config"
    file.write_text("[default]\n", encoding="utf-8")
    given = {"AWS_CONFIG_FILE": file, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return file


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_PROFILE", "nobodys", "ProfileNotFound"),
        ("AWS_CONFIG_FILE", "[profile", "ConfigParseError"),
        ("AWS_ENDPOINT_URL", "nowhere", "ValueError"),
    ],
)
def test_settings_that_cannot_be_used_are_said_to_be_so(
    name: str, value: str, said: str, aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "AWS_CONFIG_FILE":
        aws.write_text(value, encoding="utf-8")
    else:
        monkeypatch.setenv(name, value)
    ran = rtb_hub("account", "check", "--env", "int")
    assert f"sts:GetCallerIdentity: what this process has of AWS's settings cannot be used ({said})" in ran.err
    assert f"correct AWS_PROFILE and its like, or the file that they name; {SIGN_IN}" in ran.err
    assert ran.out == ""


def failing(err: Exception, monkeypatch: pytest.MonkeyPatch) -> HubError:
    def raising() -> Any:
        raise err

    monkeypatch.setattr(Access, "client", lambda _self, _service: SimpleNamespace(get_caller_identity=raising))
    with pytest.raises(HubError) as told:
        Access(REGION).account()
    return told.value


def refused(code: str, status: int = 403) -> Exception:
    answer = {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error: Exception = exceptions.ClientError(answer, "GetCallerIdentity")
    return error


@pytest.mark.parametrize(
    ("err", "kind", "remedy"),
    [
        (refused("ExpiredToken"), Stalled, SIGN_IN),
        (refused("InvalidClientTokenId"), Stalled, SIGN_IN),
        (refused("AccessDenied"), Stalled, "let these credentials ask sts:GetCallerIdentity"),
        (refused("Throttling", 400), Transient, "try again"),
        (refused("Any", 429), Transient, "try again"),
        (refused("Any", 503), Transient, "try again"),
        (exceptions.NoCredentialsError(), Stalled, SIGN_IN),
        (exceptions.ReadTimeoutError(endpoint_url="https://sts"), Transient, "check the network, try again"),
        (
            exceptions.ConnectTimeoutError(endpoint_url="https://u:secret@example.com"),
            Transient,
            "check the network, try again",
        ),
    ],
)
def test_each_failure_says_what_to_do(
    err: Exception, kind: type[HubError], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = failing(err, monkeypatch)
    assert (type(told), [str(fault.remedy) for fault in told.faults]) == (kind, [remedy])
    assert "secret" not in told.words


def test_an_sso_session_that_ended_is_signed_in_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    told = failing(exceptions.UnauthorizedSSOTokenError(), monkeypatch)
    assert told.reason is Reason.CLUSTER_REFUSED
    assert str(told.faults[0].remedy).endswith(SIGN_IN)


def test_aws_is_told_who_asks(aws: Path) -> None:
    assert Access(REGION).client("sts").meta.config.user_agent_extra == USER_AGENT
