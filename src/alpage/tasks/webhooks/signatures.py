"""Signatures of the Standard Webhooks specification (1.0.0, "Signature scheme"), symmetric.

A secret is derived from a key that is not in the database and a random seed that is: whoever has one of them has
nothing (A20).
"""

import hmac
from base64 import b64encode
from collections.abc import Iterable

PREFIX = "whsec_"


def derive(key: bytes, seed: str) -> bytes:
    """The secret of a seed: 256 bits."""
    return hmac.digest(key, seed.encode(), "sha256")


def written(secret: bytes) -> str:
    """A secret as its owner sees it, this once."""
    return PREFIX + b64encode(secret).decode()


def headers(secrets: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that go with a body; each secret that is good now signs."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [f"v1,{b64encode(hmac.digest(secret, signed, 'sha256')).decode()}" for secret in secrets]
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": " ".join(signatures)}
