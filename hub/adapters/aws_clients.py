"""How clients of AWS ask: within which time, how often again, by which name. boto3 is imported where one is made."""

from __future__ import annotations

from typing import Any

from generator.errors import ConfigError, Fault, Reason
from hub import USER_AGENT


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
