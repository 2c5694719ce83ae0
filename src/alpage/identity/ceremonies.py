"""The ceremonies of WebAuthn: what a browser is given, and whether its answer proves anything.

The library is loaded on first use: it takes 5 MB that a platform without passkeys can do without (measured).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from alpage.settings import Settings

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

CEREMONY_SECONDS = 300
RELYING_PARTY = "Alpage"  # what browsers call the platform


class UnprovenError(Exception):
    """An answer that proves nothing."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user as his devices know him."""

    handle: bytes  # says nothing about him, and is the same for all his passkeys
    login: str
    display_name: str


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A passkey as it is kept; its id and key in base64url."""

    credential_id: str
    transports: tuple[str, ...] = ()
    public_key: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """What a new passkey has shown of itself."""

    key: KnownKey
    is_backed_up: bool
    sign_count: int


@dataclass(frozen=True, slots=True)
class Options:
    """What a browser is given: JSON for `navigator.credentials`, and the challenge in it, in base64url."""

    content: dict[str, Any]
    challenge: str


def relying_party(settings: Settings) -> tuple[str, str]:
    """What passkeys belong to: the login's host name, and the origin its pages have."""
    parts = urlsplit(settings.issuer)
    return parts.hostname or "", f"{parts.scheme}://{parts.netloc}".lower()


def registration_options(settings: Settings, person: Person, known: Iterable[KnownKey]) -> Options:
    """What `navigator.credentials.create` takes."""
    from webauthn import generate_registration_options  # noqa: PLC0415 - loaded on first use
    from webauthn.helpers.structs import (  # noqa: PLC0415 - as above
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=relying_party(settings)[0],
        rp_name=RELYING_PARTY,
        user_id=person.handle,
        user_name=person.login,
        user_display_name=person.display_name,
        timeout=CEREMONY_SECONDS * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[_descriptor(key) for key in known],
    )
    return Options(_content(options), to_text(options.challenge))


def check_registration(settings: Settings, challenge: str, response: Mapping[str, Any]) -> Registered:
    """What a new passkey has shown. Raises UnprovenError."""
    from webauthn import verify_registration_response  # noqa: PLC0415 - loaded on first use

    rp_id, origin = relying_party(settings)
    try:
        verified = verify_registration_response(
            credential=dict(response),
            expected_challenge=to_bytes(challenge),
            expected_rp_id=rp_id,
            expected_origin=origin,
        )
        transports = _known_transports(response["response"].get("transports") or ())
    except Exception as error:  # the library lets those of its decoders through, and what it decodes may be anything
        raise UnprovenError from error
    key = KnownKey(to_text(verified.credential_id), transports, to_text(verified.credential_public_key))
    return Registered(key, verified.credential_backed_up, verified.sign_count)


def sign_in_options(settings: Settings, known: Iterable[KnownKey] | None) -> Options:
    """What `navigator.credentials.get` takes: for one of the known keys, or for whoever has one, verified."""
    from webauthn import generate_authentication_options  # noqa: PLC0415 - loaded on first use
    from webauthn.helpers.structs import UserVerificationRequirement as Verification  # noqa: PLC0415 - as above

    options = generate_authentication_options(
        rp_id=relying_party(settings)[0],
        timeout=CEREMONY_SECONDS * 1000,
        allow_credentials=None if known is None else [_descriptor(key) for key in known],
        user_verification=Verification.REQUIRED if known is None else Verification.PREFERRED,
    )
    return Options(_content(options), to_text(options.challenge))


def check_sign_in(
    settings: Settings, challenge: str, response: Mapping[str, Any], public_key: str, handle: bytes, *, verified: bool
) -> int:
    """The counter of the passkey that has answered; it is compared by who keeps the last one. Raises UnprovenError.

    `verified`: whether the device must have verified its user.
    """
    from webauthn import verify_authentication_response  # noqa: PLC0415 - loaded on first use

    rp_id, origin = relying_party(settings)
    try:
        answer = verify_authentication_response(
            credential=dict(response),
            expected_challenge=to_bytes(challenge),
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=to_bytes(public_key),
            credential_current_sign_count=0,
            require_user_verification=verified,
        )
        said = response["response"].get("userHandle")
        is_theirs = not said or to_bytes(said) == handle
    except Exception as error:  # as above
        raise UnprovenError from error
    if not is_theirs:
        raise UnprovenError
    return answer.new_sign_count


def to_text(value: bytes) -> str:
    """Bytes in base64url, without padding, as WebAuthn writes them."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    """The bytes of what `to_text` wrote. Raises ValueError for what is no base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _content(options: Any) -> dict[str, Any]:
    from webauthn.helpers import options_to_json_dict  # noqa: PLC0415 - loaded on first use

    return options_to_json_dict(options)


def _descriptor(key: KnownKey) -> "PublicKeyCredentialDescriptor":
    from webauthn.helpers.structs import (  # noqa: PLC0415 - loaded on first use
        AuthenticatorTransport,
        PublicKeyCredentialDescriptor,
    )

    transports = [AuthenticatorTransport(name) for name in key.transports]
    return PublicKeyCredentialDescriptor(id=to_bytes(key.credential_id), transports=transports or None)


def _known_transports(said: Iterable[Any]) -> tuple[str, ...]:
    """The ways a device says it can be reached, as far as they are known."""
    from webauthn.helpers.structs import AuthenticatorTransport  # noqa: PLC0415 - loaded on first use

    given = set(said)
    return tuple(transport.value for transport in AuthenticatorTransport if transport.value in given)
