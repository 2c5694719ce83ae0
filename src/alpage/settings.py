"""Every setting of the platform: type, default, one sentence.

A value comes from the environment (`ALPAGE_RATE_LIMIT=60/minute`), else from the TOML file named by `ALPAGE_CONFIG`
(`<data>/alpage.toml` by default), else from here.
"""

import os
import re
import tomllib
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from limits import parse as parse_limit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PREFIX = "ALPAGE_"
TSIG_KEY = re.compile(r"[^:]+:[^:]+:(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


class SettingsError(Exception):
    """A setting that cannot be used; the text names it and says why."""


class Settings(BaseModel):
    """The settings one process runs with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default=Path("data"), description="Folder of everything that is kept: database, keys, files.")
    host: str = Field(default="127.0.0.1", description="Address the HTTP server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the HTTP server listens on.")
    workers: int = Field(
        default=1, ge=1, description="Server processes; more than one wants a shared rate limit store."
    )
    threads: int = Field(default=8, ge=1, description="Threads a server process answers requests with.")
    url: str = Field(default="", description="Public address of the API; empty: `http://<host>:<port>`.")
    login_url: str = Field(
        default="", description="Address of the login, the issuer of its tokens; empty: `/login` below the API's."
    )
    manager_url: str = Field(default="", description="Address of the manager; empty: `/manager` below the API's.")
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Networks whose `X-Forwarded-For` is believed, comma separated."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )

    database: str = Field(default="", description="SQLAlchemy URL; empty: SQLite in the data folder.")
    synchronous: Literal["NORMAL", "FULL"] = Field(
        default="NORMAL",
        description="SQLite only. A killed process loses nothing either way; a power cut may lose the last commits"
        " with NORMAL, none with FULL.",
    )
    pepper: str = Field(
        default="", description="Key of the token hashes; empty: a file in the data folder.", repr=False
    )

    rate_limit: str = Field(default="60/minute", description="Requests a user may send, over all his tokens.")
    items_limit: str = Field(default="6000/minute", description="Items a user may change through bulk routes.")
    manager_rate_limit: str = Field(
        default="600/minute", description="Requests the manager may send for a user, besides those of `rate_limit`."
    )
    rate_limit_store: str = Field(
        default="memory://",
        description="Where the counters are: `memory://`, or `redis://host:port` for many processes.",
    )
    tasks_enabled: bool = Field(
        default=True,
        description="Whether `alpage serve` runs tasks, delivers mails and does what is due; else `alpage work` does.",
    )
    task_concurrency: int = Field(
        default=4,
        ge=1,
        description="Tasks a process runs at once; all processes of a database do as the one started last.",
    )
    smtp_url: str = Field(
        default="",
        description="Relay that takes the platform's mails, `smtp://user:password@host:587` (STARTTLS) or `smtps://…`;"
        " empty: they are captured as files in `<data>/mails`.",
        repr=False,
    )
    mail_from: str = Field(default="Alpage <noreply@alpage.example>", description="Sender of the platform's mails.")
    tokens_without_end: bool = Field(
        default=False,
        description="Whether an access token asked for without `access_type=offline` never ends, as with the reference"
        " login; for the sandbox, on with `make run`.",
    )
    sandbox: bool = Field(
        default=False,
        description="Whether callers may have calls go wrong, move the clock of their account and put back the"
        " demonstration data; on with `make run`.",
    )
    open_registration: bool = Field(
        default=False,
        description="Whether applications may register themselves without a token; they learn who a user is, no more.",
    )
    dpop_nonces: bool = Field(
        default=False,
        description="Whether proofs of possession (DPoP) must be over a nonce of the platform's, which changes every"
        " five minutes, so that nobody can make proofs in advance.",
    )
    private_callbacks: bool = Field(
        default=False,
        description="Whether addresses that customers name may be inside the network the platform runs in, and plain"
        " HTTP: those of webhooks, and of applications that are told of a logout. For the sandbox, on with `make run`.",
    )
    body_limit_bytes: int = Field(default=16 * 2**20, ge=1024, description="Largest request body that is read.")

    dns_host: str = Field(default="127.0.0.1", description="Address the name server listens on.")
    dns_port: int = Field(default=5300, ge=0, le=65535, description="Port the name server listens on.")
    dns_enabled: bool = Field(default=True, description="Whether `alpage serve` answers DNS queries.")
    dns_nameservers: tuple[str, ...] = Field(
        default=("ns1.alpage.example", "ns2.alpage.example"),
        description="Host names of the platform's name servers: the NS records of new zones.",
    )
    dns_secondaries: tuple[str, ...] = Field(
        default=(), description="`address[:port]` of name servers that may transfer zones and are notified."
    )
    dns_keys: tuple[str, ...] = Field(
        default=(), description="TSIG keys, `name:algorithm:base64`; with any, transfers must be signed.", repr=False
    )
    dns_catalog: str = Field(default="", description="Name of the catalog zone (RFC 9432); empty: none.")
    dns_answers_per_second: int = Field(
        default=200, ge=0, description="Answers a second to one client network before truncation; 0: no limit."
    )

    @field_validator("rate_limit", "items_limit", "manager_rate_limit")
    @classmethod
    def _is_a_limit(cls, value: str) -> str:
        parse_limit(value)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_a_relay(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("a relay has the form smtp://host:port or smtps://host:port")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("dns_keys")
    @classmethod
    def _are_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(TSIG_KEY.fullmatch, value)):
            raise ValueError("a key has the form name:algorithm:base64")
        return value

    @cached_property
    def database_url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database or f"sqlite:///{self.data / 'alpage.db'}"

    @cached_property
    def public_url(self) -> str:
        """The API's address as its users write it."""
        return self.url.rstrip("/") or f"http://{self.host}:{self.port}"

    @cached_property
    def issuer(self) -> str:
        """The login's address, which names it in its tokens (RFC 8414)."""
        return self.login_url.rstrip("/") or f"{self.public_url}/login"

    @cached_property
    def resource_metadata_url(self) -> str:
        """Where the API's metadata are: what is well known of an address stands before its path (RFC 9728, 3.1)."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}"

    @cached_property
    def manager_address(self) -> str:
        """The manager's address."""
        return self.manager_url.rstrip("/") or f"{self.public_url}/manager"


def load(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` (command line flags) win, those that are None do not count.

    Raises SettingsError naming the setting that is wrong.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    from_environment = {
        name: _split(name, os.environ[PREFIX + name.upper()])
        for name in Settings.model_fields
        if PREFIX + name.upper() in os.environ
    }
    data = Path(given.get("data") or from_environment.get("data") or Settings.model_fields["data"].default)
    try:
        return Settings(**{**_from_file(data), **from_environment, **given, "data": data})
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(fault) for fault in error.errors())) from None


def _split(name: str, text: str) -> Any:
    if Settings.model_fields[name].annotation == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _from_file(data: Path) -> dict[str, Any]:
    path = Path(os.environ.get(PREFIX + "CONFIG") or data / "alpage.toml")
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from None


def _sentence(fault: Any) -> str:
    name = str(fault["loc"][0])
    return f"{name} ({PREFIX}{name.upper()}): {fault['msg']}"
