"""The demonstration data of `make run`: a user, an account, a token, a domain with its zone."""

import secrets
from collections.abc import Mapping
from time import time

from alpage.accounts.accounts import Account
from alpage.accounts.members import OWNER, Membership
from alpage.cli.platform import Platform
from alpage.identity.scopes import SCOPES
from alpage.identity.users import User, find_by_email, hash_password
from alpage.products.dns import edits, recorddata
from alpage.products.domains import domains
from alpage.settings import Settings
from alpage.storage.database import Transaction

EMAIL = "demo@alpage.example"
DOMAIN = "demo.example"
RECORDS = (  # addresses that are nobody's: RFC 5737, RFC 3849
    (".", "A", "192.0.2.10"),
    (".", "AAAA", "2001:db8::10"),
    (".", "MX", "10 mail.demo.example"),
    (".", "TXT", "v=spf1 mx -all"),
    ("mail", "A", "192.0.2.25"),
    ("mail", "AAAA", "2001:db8::25"),
    ("www", "CNAME", "demo.example"),
)
TTL_SECONDS = 3600
YEAR_SECONDS = 365 * 86_400


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
    now = int(time())
    with platform.writing() as transaction:
        session = transaction.session
        user = find_by_email(session, EMAIL) or User(
            login=EMAIL,
            email=EMAIL,
            first_name="Heidi",
            last_name="Demo",
            display_name="Heidi Demo",
            password_hash=hash_password(password),
            created_at=now,
        )
        account = Account(name="Demo", created_at=now)
        session.add_all([user, account])
        session.flush()
        session.add(Membership(account_id=account.id, user_id=user.id, role_type=OWNER, created_at=now))
        user.current_account_id = account.id
        _publish(transaction, settings, account.id, now)
        _, secret = platform.tokens.create(session, user_id=user.id, name="demo", scopes=SCOPES)
    return secret


def _publish(transaction: Transaction, settings: Settings, account_id: int, now: int) -> None:
    domain = domains.create(transaction.session, account_id, DOMAIN, now, expires_at=now + YEAR_SECONDS)
    zone = edits.found_zone(
        transaction,
        DOMAIN,
        account_id=account_id,
        product_id=domain.id,
        nameservers=settings.dns_nameservers,
        now=now,
    )
    records = [recorddata.read(source, kind, TTL_SECONDS, target, DOMAIN) for source, kind, target in RECORDS]
    edits.write(transaction, zone, [edits.create(record) for record in records], now=now)


def _what_to_try(settings: Settings, values: Mapping[str, str]) -> str:
    return f"""
Alpage runs at {settings.public_url}

  curl {settings.public_url}/profile --header 'Authorization: Bearer {values["ALPAGE_TOKEN"]}'
  dig @{settings.dns_host} -p {settings.dns_port} {DOMAIN}

Sign in at {settings.manager_address} as {values["ALPAGE_USER"]} with the password {values["ALPAGE_PASSWORD"]}

The token and the rest are in {settings.data / "demo.env"}.
"""
