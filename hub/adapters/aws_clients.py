"""How clients of AWS ask (within which time, how often again, by which name), and what refusals mean.

boto3 is imported where a client is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.errors import ConfigError, Fault, Reason
from hub import USER_AGENT

#: Codes by which a service says that it will do it later, beside a status of 429, or of 500 and more.
_LATER = frozenset({"InternalFailure", "LimitExceededException", "RequestLimitExceeded", "RequestTimeout",
                    "ServerException", "ServiceUnavailable", "Throttling", "ThrottlingException",
                    "TooManyRequestsException"})  # fmt: skip


def client_config(*, read_seconds: float = 20.0, tries: int = 4) -> Any:
    """Botocore's Config. Raises `ConfigError` (InvalidValue) where boto3 is not installed.

    User agents of AWS's SDKs name the SDK first; what is added stands at the end.
    """
    try:
        from botocore.config import Config
    except ModuleNotFoundError as err:
        fault = Fault("boto3 is not installed, which AWS needs", remedy="pip install 'rtb-ai-hub[aws]'")
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
    return Config(
        connect_timeout=5,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": tries},
        max_pool_connections=8,
        user_agent_extra=USER_AGENT,
    )


def refusal(answer: Mapping[str, Any]) -> tuple[str, bool]:
    """Of a ClientError's `response`: its code, of 80 characters at most, and whether that is for now alone."""
    code = str(answer.get("Error", {}).get("Code", ""))[:80]
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code, code in _LATER or status == 429 or status >= 500
