"""People the tests send to the pages, and what the platform writes to them by mail."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from time import time

from alpage.identity.users import User, hash_password
from alpage.storage.changes import NOBODY
from alpage.storage.database import connect
from tests.clients.processes import until
from tests.clients.running import RunningPlatform

PASSWORD = "goats climb higher than cows"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A user of a running platform, in no organisation yet."""

    email: str
    password: str = PASSWORD


def make_somebody(platform: RunningPlatform, name: str) -> Somebody:
    """Makes a user, as who runs the platform can."""
    made = Somebody(f"{name.lower()}@example.org")
    database = connect(f"sqlite:///{platform.data / 'alpage.db'}")
    with database.transaction(NOBODY) as transaction:
        transaction.session.add(
            User(
                login=made.email,
                email=made.email,
                first_name=name,
                last_name="Test",
                display_name=f"{name} Test",
                password_hash=hash_password(made.password),
                created_at=int(time()),
            )
        )
    database.close()
    return made


def link_in_mail(platform: RunningPlatform, recipient: str, address: str) -> str:
    """The link that begins with an address, in the mail somebody is sent; waits for it."""
    return until(lambda: _link(platform, recipient, address), bool)


def _link(platform: RunningPlatform, recipient: str, address: str) -> str:
    for path in (platform.data / "mails").glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        text = mail.get_body(("plain",))
        found = re.search(rf"^{re.escape(address)}\S*", text.get_content(), re.MULTILINE) if text else None
        if found and recipient in str(mail["To"]):
            return found[0]
    return ""
