"""Somebody who has signed in a while ago: a person whose token comes from a browser session."""

from dataclasses import replace
from time import time

from alpage.identity import sessions
from alpage.identity.credentials import new_secret
from alpage.identity.grants import Grant
from alpage.identity.scopes import SCOPES
from alpage.identity.tokens import Token
from alpage.storage.changes import NOBODY
from tests.conftest import Person

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(person: Person, *, ago: int = 0, user_agent: str = BROWSER) -> Person:
    """The person with a token given in a new session, whose user proved himself `ago` seconds ago."""
    platform, now = person.platform, int(time())
    with platform.database.transaction(NOBODY) as transaction:
        session, _ = sessions.start(
            transaction,
            person.user.id,
            methods=["pwd"],
            ip="192.0.2.1",
            user_agent=user_agent,
            pepper=platform.tokens.pepper,
            now=now - ago,
        )
        grant = Grant(
            user_id=person.user.id,
            session_id=session.id,
            grant_type="authorization_code",
            name="browser",
            scopes=list(SCOPES),
            authenticated_at=now - ago,
            created_at=now,
        )
        transaction.session.add(grant)
        transaction.session.flush()
        secret = new_secret("at")
        values = {"hash": platform.tokens.hash(secret), "last_four": secret[-4:], "created_at": now}
        transaction.session.add(Token(grant_id=grant.id, kind="at", expires_at=now + 3600, **values))
    return replace(person, token=secret)
