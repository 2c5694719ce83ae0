"""Devices: access for what has no browser of its own (RFC 8628).

The device shows a short code, a person types it on the login's page and allows or refuses it there, and the device asks
until he has. What a person types is short: the page that takes it counts wrong guesses.
"""

from secrets import choice
from typing import Any, cast

from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import TokenEndpointMixin
from authlib.oauth2.rfc8628 import AuthorizationPendingError, ExpiredTokenError, SlowDownError
from sqlalchemy import Row, bindparam, insert, or_, select, update

from alpage.api.envelope import Response
from alpage.identity import security_events, sessions
from alpage.identity.applications import Application
from alpage.identity.credentials import is_well_formed, keyed_hash, new_secret
from alpage.identity.devices import DeviceAuthorization
from alpage.identity.grants import Grant
from alpage.identity.oauth import issuing, storage
from alpage.identity.oauth.clients import METHODS
from alpage.identity.oauth.issuing import Access
from alpage.identity.oauth.parameters import split
from alpage.identity.oauth.server import Issuing, LoginRequest, Server
from alpage.identity.scopes import OFFLINE
from alpage.storage.database import Transaction

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
WAITS_SECONDS = 600
INTERVAL_SECONDS = 5
USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words (RFC 8628, 6.1)
USER_CODE_LENGTH = 8
PAGE = "/device"


# the verbs of the page


def find(
    transaction: Transaction, pepper: bytes, user_code: str, now: int
) -> "tuple[DeviceAuthorization, Application] | None":
    """The device that shows this code and waits, and its application; however the code was typed."""
    values = {"digest": _user_code_hash(pepper, user_code), "now": now}
    found = transaction.session.execute(_BY_USER_CODE, values).one_or_none()
    if found is None:
        return None
    return cast("tuple[DeviceAuthorization, Application]", tuple(found))


def approve(
    transaction: Transaction, device: DeviceAuthorization, session: sessions.Session, scopes: list[str], now: int
) -> bool:
    """Gives the device some of the scopes it asks for. False: somebody has answered it before."""
    application = transaction.session.get_one(Application, device.application_id)
    grant = Grant(
        user_id=session.user_id,
        application_id=application.id,
        grant_type=DEVICE,
        name=application.name,
        scopes=scopes,
        authenticated_at=session.authenticated_at,
        methods=session.methods,
        created_at=now,
    )
    transaction.session.add(grant)
    transaction.session.flush()
    if not _answer(transaction, device.id, grant_id=grant.id, refused_at=None):
        transaction.session.delete(grant)
        return False
    _note(transaction, "access_given", device, session, now, scopes=scopes)
    return True


def refuse(transaction: Transaction, device: DeviceAuthorization, session: sessions.Session, now: int) -> bool:
    """Tells the device no. False: somebody has answered it before."""
    refused = _answer(transaction, device.id, grant_id=None, refused_at=now)
    if refused:
        _note(transaction, "access_refused", device, session, now, scopes=device.scopes)
    return refused


def _answer(transaction: Transaction, device_id: int, *, grant_id: int | None, refused_at: int | None) -> bool:
    values = {"device": device_id, "grant": grant_id, "refused": refused_at}
    return transaction.execute(_ANSWER, values).one_or_none() is not None


def _note(
    transaction: Transaction,
    kind: security_events.Kind,
    device: DeviceAuthorization,
    session: sessions.Session,
    now: int,
    *,
    scopes: list[str],
) -> None:
    security_events.note(
        transaction,
        kind,
        user_id=session.user_id,
        now=now,
        ip=session.ip,
        user_agent=session.user_agent,
        application_id=device.application_id,
        scopes=scopes,
        device_ip=device.ip,
    )


# what the device asks


def begin(server: Server, request: LoginRequest) -> Response:
    """The codes of a device that begins to wait (RFC 8628, 3.1). Raises OAuth2Error."""
    client = server.authenticate_client(request, METHODS)
    if not client.check_grant_type(DEVICE):
        raise UnauthorizedClientError("this application is not registered for it")
    offline = [OFFLINE] if request.parameters.get("access_type") == "offline" else []
    registered = [scope for scope in client.application.scopes if scope != OFFLINE]
    scopes = client.named([*(split(request.parameters.get("scope")) or registered), *offline])
    if not scopes or not all(map(client.may_ask_for, scopes)):
        raise InvalidScopeError
    for resource in request.parameters.resources:
        known = resource in request.provider.own_resources
        if not known and issuing.known_resource(request.transaction, resource) is None:
            raise issuing.InvalidTargetError("there is no such resource")
    pepper, secret, user_code = request.provider.pepper, new_secret("dc"), _new_user_code()
    row = {
        "application_id": client.id,
        "device_hash": keyed_hash(pepper, secret),
        "user_code_hash": _user_code_hash(pepper, user_code),
        "scopes": scopes,
        "resources": list(request.parameters.resources) or None,
        "ip": request.http.ip[:45],
        "interval_seconds": INTERVAL_SECONDS,
        "created_at": request.now,
        "expires_at": request.now + WAITS_SECONDS,
    }
    request.transaction.execute(_BEGIN, row)
    page = request.provider.address(PAGE)
    answer = {
        "device_code": secret,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={user_code}",
        "expires_in": WAITS_SECONDS,
        "interval": INTERVAL_SECONDS,
    }
    return server.handle_response(200, answer, ())


class DeviceGrant(Issuing, TokenEndpointMixin):
    """`grant_type=urn:ietf:params:oauth:grant-type:device_code`."""

    GRANT_TYPE = DEVICE

    def validate_token_request(self) -> None:
        """Settles what the tokens are, once somebody allowed them. Raises OAuth2Error, also while nobody has yet."""
        request = self.request
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(DEVICE):
            raise UnauthorizedClientError("this application is not registered for it")
        device = self._device(request.required("device_code"), client.id)
        grant = self._grant(device)
        key = self.bound_key(client)
        if request.transaction.execute(_CONSUME, {"device": device.id, "now": request.now}).one_or_none() is None:
            raise InvalidGrantError("the device_code was used before")
        access = Access(
            client=client,
            grant=grant,
            scopes=grant.granted,
            resource=issuing.choose_resource(request.provider, request.parameters.resources, device.resources),
            key_thumbprint=key,
            ends=OFFLINE in device.scopes or not request.provider.settings.tokens_without_end,
        )
        request.access = issuing.with_refresh_token(
            request.provider, request.transaction, access, device.resources, request.now
        )

    def create_token_response(self) -> tuple[int, Any, Any]:
        """The answer."""
        return 200, self.generate_token(), ()

    def _device(self, secret: str, application_id: int) -> "Row[Any]":
        request = self.request
        digest = keyed_hash(request.provider.pepper, secret) if is_well_formed(secret, "dc") else ""
        device = request.transaction.execute(_BY_DEVICE_CODE, {"digest": digest}).one_or_none()
        if device is None or device.application_id != application_id:
            raise InvalidGrantError("there is no such device_code")
        if device.consumed_at is not None:
            raise InvalidGrantError("the device_code was used before")
        if device.expires_at <= request.now:
            raise ExpiredTokenError
        return device

    def _grant(self, device: Any) -> Any:
        """The grant somebody gave the device. Raises what it is told while nobody has."""
        request = self.request
        if device.refused_at is not None:
            raise AccessDeniedError
        if device.grant_id is None:
            if request.transaction.execute(_POLL, {"device": device.id, "now": request.now}).one_or_none() is None:
                request.transaction.execute(_SLOW_DOWN, {"device": device.id, "now": request.now})
                raise SlowDownError
            raise AuthorizationPendingError
        grant = storage.find_grant(request.transaction, device.grant_id)
        if grant is None or not storage.is_alive(grant, request.now_of(grant.user_id)):
            raise AccessDeniedError
        return grant


def _new_user_code() -> str:
    letters = "".join(choice(USER_CODE_LETTERS) for _ in range(USER_CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def _user_code_hash(pepper: bytes, user_code: str) -> str:
    letters = "".join(letter for letter in user_code.upper() if letter in USER_CODE_LETTERS)
    return keyed_hash(pepper, f"user code {letters}")


_BEGIN = insert(DeviceAuthorization.__table__)  # type: ignore[arg-type]  # a declared table is a table
_BY_USER_CODE = (
    select(DeviceAuthorization, Application)
    .join(Application, Application.id == DeviceAuthorization.application_id)
    .where(
        DeviceAuthorization.user_code_hash == bindparam("digest"),
        DeviceAuthorization.expires_at > bindparam("now"),
        DeviceAuthorization.grant_id.is_(None),
        DeviceAuthorization.refused_at.is_(None),
        Application.revoked_at.is_(None),
    )
)
_BY_DEVICE_CODE = select(DeviceAuthorization.__table__).where(DeviceAuthorization.device_hash == bindparam("digest"))
_ANSWER = (
    update(DeviceAuthorization)
    .where(
        DeviceAuthorization.id == bindparam("device"),
        DeviceAuthorization.grant_id.is_(None),
        DeviceAuthorization.refused_at.is_(None),
    )
    .values(grant_id=bindparam("grant"), refused_at=bindparam("refused"))
    .returning(DeviceAuthorization.id)
    .execution_options(synchronize_session=False)
)
_CONSUME = (
    update(DeviceAuthorization)
    .where(DeviceAuthorization.id == bindparam("device"), DeviceAuthorization.consumed_at.is_(None))
    .values(consumed_at=bindparam("now"))
    .returning(DeviceAuthorization.id)
    .execution_options(synchronize_session=False)
)
_POLL = (
    update(DeviceAuthorization)
    .where(
        DeviceAuthorization.id == bindparam("device"),
        or_(
            DeviceAuthorization.polled_at.is_(None),
            DeviceAuthorization.polled_at + DeviceAuthorization.interval_seconds <= bindparam("now"),
        ),
    )
    .values(polled_at=bindparam("now"))
    .returning(DeviceAuthorization.id)
    .execution_options(synchronize_session=False)
)
_SLOW_DOWN = (
    update(DeviceAuthorization)
    .where(DeviceAuthorization.id == bindparam("device"))
    .values(polled_at=bindparam("now"), interval_seconds=DeviceAuthorization.interval_seconds + INTERVAL_SECONDS)
    .execution_options(synchronize_session=False)
)
