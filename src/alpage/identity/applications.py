"""Applications: the programs that users let act in their name, by OAuth 2 and OpenID Connect.

An application belongs to an account, and is made by one of its members; the routes are in `accounts/applications.py`.
Its client secrets are in `application_secrets.py`; what users allowed it, in `grants.py`.
"""

import secrets
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.routes import Shape
from alpage.identity.users import User
from alpage.storage.changes import SECRET
from alpage.storage.tables import Base

# stored


class Application(Base):
    """A client of the login (RFC 6749, 2), with the metadata of RFC 7591 and OpenID registration."""

    __tablename__ = "applications"
    __event__ = "application"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int | None] = mapped_column(
        default=None, index=True
    )  # none: the platform's own, or registered by itself
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))  # who made it; it acts for him by itself
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(default="")
    website: Mapped[str | None] = mapped_column(default=None)
    policy_url: Mapped[str | None] = mapped_column(default=None)
    terms_url: Mapped[str | None] = mapped_column(default=None)
    logo: Mapped[str | None] = mapped_column(
        default=None, info={SECRET: True}
    )  # a `data:` address of an image that was checked
    is_confidential: Mapped[bool]  # whether it can keep a secret
    is_own: Mapped[bool] = mapped_column(default=False)  # the platform's: nobody is asked for consent
    token_endpoint_auth_method: Mapped[str]  # none, client_secret_basic, client_secret_post, private_key_jwt
    grant_types: Mapped[list[str]] = mapped_column(JSON)
    scopes: Mapped[list[str]] = mapped_column(JSON)  # what it may ask for
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(JSON, default=list)
    origins: Mapped[list[str]] = mapped_column(JSON, default=list)  # whose scripts may call token and userinfo (CORS)
    backchannel_logout_uri: Mapped[str | None] = mapped_column(default=None)
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    id_token_alg: Mapped[str] = mapped_column(default="RS256")
    userinfo_alg: Mapped[str | None] = mapped_column(default=None)  # none: plain JSON
    requires_par: Mapped[bool] = mapped_column(default=False)
    requires_dpop: Mapped[bool] = mapped_column(default=False)
    resource: Mapped[str | None] = mapped_column(
        default=None, unique=True
    )  # the address of the API it is, if it is one
    resource_tokens: Mapped[str] = mapped_column(default="opaque")  # what tokens for that API are: opaque or jwt
    registration_hash: Mapped[str | None] = mapped_column(String(64), default=None, unique=True, info={SECRET: True})
    rate_limit: Mapped[str] = mapped_column(default="")  # its own in place of the common one
    created_at: Mapped[int]
    revoked_at: Mapped[int | None] = mapped_column(default=None)


# on the wire


class ApplicationSummary(Shape):
    """An application, as the people who use it know it."""

    id: int
    client_id: str
    name: str
    website: str | None
    policy_url: str | None
    terms_url: str | None
    logo: str | None


# the verbs


def new_client_id() -> str:
    """A name for a client that no other has."""
    return secrets.token_hex(16)
