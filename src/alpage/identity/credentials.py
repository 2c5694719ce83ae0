"""Credentials of machines: how they are made, recognised, derived and kept.

Each is `alp_<kind>_` + 43 characters of base 62 (256 bits) + 6 of a CRC-32 over all that stands before. The checksum
refuses garbage before anything is looked up. Only an HMAC is kept, under a key that is not in the database (the
pepper), with the last four characters for people to tell them apart. What must be read again (signing keys, TOTP
secrets) is sealed under a key derived from the same pepper.
"""

import hmac
import secrets
import string
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Literal

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from alpage.settings import Settings

Kind = Literal["pat", "at", "rt", "cs", "dc", "rat", "ap", "ac", "se", "ot", "ci"]
"""Personal token, access token, refresh token, client secret, device code, registration access token, application
password, authorization code, browser session, one-time ticket, client assertion id."""

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_BITS, SECRET_LENGTH = 256, 43
CHECKSUM_LENGTH = 6
SEALED = {"alg": "dir", "enc": "A256GCM"}


def new_secret(kind: Kind) -> str:
    """A credential of a kind, in the clear."""
    return _complete(kind, _base62(secrets.randbits(SECRET_BITS), SECRET_LENGTH))


def derive_secret(pepper: bytes, kind: Kind, *parts: str) -> str:
    """The credential of a kind that follows from others: the same for the same parts, and of use to nobody else."""
    digest = hmac.new(pepper, "\0".join((kind, *parts)).encode(), sha256).digest()
    return _complete(kind, _base62(int.from_bytes(digest), SECRET_LENGTH))


def checksum(body: str) -> str:
    """The last six characters of a credential: the CRC-32 of all before, in base 62."""
    return _base62(zlib.crc32(body.encode()), CHECKSUM_LENGTH)


def is_well_formed(secret: str, kind: Kind | None = None) -> bool:
    """Whether this could be a credential at all, and of this kind."""
    return (
        secret.startswith(f"alp_{kind}_" if kind else "alp_")
        and secret.isascii()
        and checksum(secret[:-CHECKSUM_LENGTH]) == secret[-CHECKSUM_LENGTH:]
    )


def keyed_hash(pepper: bytes, secret: str) -> str:
    """A credential as it is kept."""
    return hmac.new(pepper, secret.encode(), sha256).hexdigest()


def read_pepper(path: Path) -> bytes:
    """The key of all credentials, made on first use and kept in a file only its owner reads."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().strip().encode()


def pepper_of(settings: Settings) -> bytes:
    """The key of the credentials of a platform."""
    return settings.pepper.encode() or read_pepper(settings.data / "pepper")


def derive_key(pepper: bytes, purpose: str) -> bytes:
    """A key of 256 bits for one purpose."""
    return hmac.new(pepper, f"key for {purpose}".encode(), sha256).digest()


def seal(pepper: bytes, purpose: str, content: bytes) -> str:
    """The content as it may lie in the database: encrypted, and safe against changes."""
    return jwe.encrypt_compact(SEALED, content, OctKey.import_key(derive_key(pepper, purpose)))


def unseal(pepper: bytes, purpose: str, sealed: str) -> bytes:
    """The content of what `seal` made. Raises ValueError for anything else."""
    try:
        content = jwe.decrypt_compact(sealed, OctKey.import_key(derive_key(pepper, purpose))).plaintext
    except JoseError:
        raise ValueError("this was not sealed here") from None
    return content or b""


def _complete(kind: Kind, random: str) -> str:
    body = f"alp_{kind}_{random}"
    return body + checksum(body)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
