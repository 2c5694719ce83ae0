"""The demonstration of `make run`: its data, a token for them, and what to try."""

import secrets
from collections.abc import Mapping
from time import time

from alpage.cli.platform import Platform
from alpage.identity.scopes import SCOPES
from alpage.sandbox import demonstration
from alpage.sandbox.demonstration import DOMAIN, EMAIL
from alpage.settings import Settings


def demonstrate(platform: Platform, settings: Settings) -> None:
    """Makes the demonstration data if there is none, writes `<data>/demo.env`, and prints what to try."""
    file = settings.data / "demo.env"
    if not file.exists():
        password = secrets.token_urlsafe(12)
        token = _create(platform, settings, password)
        values = {"ALPAGE_TOKEN": token, "ALPAGE_USER": EMAIL, "ALPAGE_PASSWORD": password}
    else:
        values = dict(line.split("=", 1) for line in file.read_text().splitlines())
    values["ALPAGE_API"] = settings.public_url
    values["ALPAGE_DNS"] = f"{settings.dns_host}:{settings.dns_port}"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in sorted(values.items())))
    print(_what_to_try(settings, values), flush=True)


def _create(platform: Platform, settings: Settings, password: str) -> str:
    with platform.writing() as transaction:
        user = demonstration.make(transaction, settings, password, int(time()))
        _, secret = platform.tokens.create(transaction.session, user_id=user.id, name="demo", scopes=SCOPES)
    return secret


def _what_to_try(settings: Settings, values: Mapping[str, str]) -> str:
    return f"""
Alpage runs at {settings.public_url}

  curl {settings.public_url}/profile --header 'Authorization: Bearer {values["ALPAGE_TOKEN"]}'
  dig @{settings.dns_host} -p {settings.dns_port} {DOMAIN}

Sign in at {settings.manager_address} as {values["ALPAGE_USER"]} with the password {values["ALPAGE_PASSWORD"]}

The token and the rest are in {settings.data / "demo.env"}.
"""
