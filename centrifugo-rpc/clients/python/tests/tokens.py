"""Connection tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any


def signed(secret: str, **claims: Any) -> str:
    """A JWT, HS256, an hour long unless `exp` says otherwise."""
    claims = {"exp": int(time.time()) + 3600, **claims}
    payload = ".".join(
        _encoded(json.dumps(part).encode())
        for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    )
    signature = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    return f"{payload}.{_encoded(signature)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
