"""What a channel draws, with the digest by which it is compared: equal content asks nothing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from reconcilers.messages.channels import Drawn


def drawn_of(content: Any) -> Drawn:
    """Content that JSON can hold."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return Drawn(content, hashlib.sha256(text.encode()).hexdigest()[:32])
