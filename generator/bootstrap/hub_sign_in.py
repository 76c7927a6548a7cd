"""What the sign-in service and who verifies its tokens are given."""

from __future__ import annotations

import json
from collections.abc import Mapping

from generator.model.hosting import HubServices

#: Reached by pods of its own namespace, for the public keys: its Service listens on port 80.
JWKS_URL = "http://rtb-hub-auth/api/auth/.well-known/jwks.json"


def verifying_variables(hub: HubServices) -> Mapping[str, str]:
    """Of the dashboard: whose tokens it takes, and where their public keys are. It has no signing key."""
    return {**_place(hub), "RTB_HUB_JWKS_URL": JWKS_URL}


def sign_in_variables(hub: HubServices, folder: str) -> Mapping[str, str]:
    """Of the sign-in service; its secrets by their files in `folder`."""
    found = {**_place(hub), "RTB_HUB_KEY_FILE": f"{folder}/key"}
    given = hub.sign_in
    if given is None:
        return found
    if given.oidc is not None:
        found |= {
            "RTB_HUB_OIDC_ISSUER": given.oidc.issuer,
            "RTB_HUB_OIDC_CLIENT_ID": given.oidc.client_id,
            "RTB_HUB_OIDC_CLIENT_SECRET_FILE": f"{folder}/oidc-client-secret",
            "RTB_HUB_OIDC_GROUPS_CLAIM": given.oidc.groups_claim,
            "RTB_HUB_OIDC_NAME_CLAIM": given.oidc.name_claim,
            "RTB_HUB_OIDC_SCOPES": given.oidc.scopes,
        }
    if given.github is not None:
        found |= {
            "RTB_HUB_GITHUB_CLIENT_ID": given.github.client_id,
            "RTB_HUB_GITHUB_CLIENT_SECRET_FILE": f"{folder}/github-client-secret",
            "RTB_HUB_GITHUB_URL": given.github.url,
        }
    if given.roles:
        found["RTB_HUB_ROLES"] = json.dumps(given.roles)
    if given.actions:
        jobs = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in given.actions]
        found["RTB_HUB_ACTIONS_TRUST"] = json.dumps(jobs)
    return found


def sign_in_secrets(hub: HubServices) -> Mapping[str, str]:
    """File → property of its secrets: its encryption key, and what providers gave it."""
    found = {"key": "key"}
    if hub.sign_in is not None and hub.sign_in.oidc is not None:
        found["oidc-client-secret"] = "oidc-client-secret"
    if hub.sign_in is not None and hub.sign_in.github is not None:
        found["github-client-secret"] = "github-client-secret"
    return found


def _place(hub: HubServices) -> dict[str, str]:
    return {
        "RTB_HUB_PUBLIC_URL": f"https://{hub.host}",
        "RTB_HUB_PROXIES": ",".join(map(str, hub.load_balancer_cidrs)),
    }
