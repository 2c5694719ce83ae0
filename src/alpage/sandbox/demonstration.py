"""The demonstration data: a user with an account, and in it a domain with its zone.

`make run` makes them on the first start (`cli/demo.py`), and `POST /1/sandbox/reset` puts them back.
"""

from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.accounts.accounts import Account
from alpage.accounts.members import OWNER, Membership
from alpage.identity.users import User, find_by_email, hash_password
from alpage.products.dns import edits, recorddata
from alpage.products.domains import domains
from alpage.settings import Settings
from alpage.storage.database import Transaction
from alpage.storage.tables import Base

EMAIL = "demo@alpage.example"
USER = {"first_name": "Heidi", "last_name": "Demo", "display_name": "Heidi Demo"}
ACCOUNT = {"name": "Demo"}
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

# stored


class Demonstration(Base):
    """Whose account the demonstration data are in."""

    __tablename__ = "demonstrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[int]


# the verbs


def make(transaction: Transaction, settings: Settings, password: str, now: int) -> User:
    """Makes the user and what he has."""
    session = transaction.session
    values: dict[str, Any] = {**USER, "password_hash": hash_password(password), "created_at": now}
    user = find_by_email(session, EMAIL) or User(login=EMAIL, email=EMAIL, **values)
    account = Account(**ACCOUNT, created_at=now)
    session.add_all([user, account])
    session.flush()
    session.add(Demonstration(user_id=user.id, account_id=account.id, created_at=now))
    fill(transaction, settings, user, account, now)
    return user


def fill(transaction: Transaction, settings: Settings, user: User, account: Account, now: int) -> None:
    """Makes what is in the account: its owner's place, the domain, the zone."""
    transaction.session.add(Membership(account_id=account.id, user_id=user.id, role_type=OWNER, created_at=now))
    user.current_account_id = account.id
    domain = domains.create(transaction.session, account.id, DOMAIN, now, expires_at=now + YEAR_SECONDS)
    nameservers = settings.dns_nameservers
    zone = edits.found_zone(
        transaction, DOMAIN, account_id=account.id, product_id=domain.id, nameservers=nameservers, now=now
    )
    records = [recorddata.read(source, kind, TTL_SECONDS, target, DOMAIN) for source, kind, target in RECORDS]
    edits.write(transaction, zone, [edits.create(record) for record in records], now=now)


def find(transaction: Transaction, user_id: int) -> Demonstration | None:
    """The demonstration of a user; nobody else has one."""
    found: Demonstration | None = transaction.find(select(Demonstration).where(Demonstration.user_id == user_id))
    return found
