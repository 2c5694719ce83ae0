"""Attack A20: whoever has the database has nothing that opens anything."""

import pyotp
from sqlalchemy import MetaData, select

from alpage.identity import email_verifications, passkeys, password_resets, recovery_codes
from alpage.identity.users import User
from alpage.storage.changes import NOBODY
from alpage.tasks import mail_delivery
from alpage.tasks.mails import Mail
from tests.identity.signed_in import signed_in


def dump(database):
    """Every value of every table, as text; also of tables nobody has told us about."""
    tables = MetaData()
    tables.reflect(database.engine)
    with database.engine.connect() as connection:
        return "\n".join(
            repr(tuple(row)) for table in tables.sorted_tables for row in connection.execute(select(table))
        )


def links(platform):
    """The secrets of all links that were written to people."""
    with platform.database.reading() as transaction:
        mails = transaction.execute(select(Mail.__table__)).all()
    texts = [mail_delivery.compose(platform.settings, mail, 1).get_body(("plain",)).get_content() for mail in mails]
    return [line.partition("ticket=")[2].strip() for text in texts for line in text.splitlines() if "ticket=" in line]


def test_a20_no_secret_of_a_sign_in_lies_in_the_database(heidi, platform):
    here, now, pepper = signed_in(heidi), 1_800_000_000, platform.tokens.pepper
    authenticator = here.call("POST", "/1/profile/authenticators").json()["data"]
    code = pyotp.TOTP(authenticator["secret"]).now()
    here.call("POST", f"/1/profile/authenticators/{authenticator['id']}/confirm", {"code": code})
    codes = here.call("POST", "/1/profile/recovery_codes").json()["data"]["codes"]
    begun = here.call("POST", "/1/profile/passkeys/options").json()["data"]
    with platform.database.transaction(NOBODY) as transaction:
        user = transaction.session.get_one(User, heidi.user.id)
        _, ticket = passkeys.begin_sign_in(transaction, platform.settings, pepper, now)
        password_resets.ask(transaction, pepper, user.email, now)
        email_verifications.ask(transaction, pepper, user, user.email, now)
        used = recovery_codes.use(transaction, user.id, codes[0], pepper, now)
    assert used
    mail_delivery.worker(platform.settings, platform.database).deliver(now)
    sent = links(platform)
    assert len(sent) == 2
    handle = passkeys.user_handle(pepper, heidi.user.id).hex()
    secrets = [authenticator["secret"], begun["ticket"], ticket, handle, here.token, heidi.token, *sent]
    secrets += [*codes, *(code.replace("-", "") for code in codes), pepper.decode()]
    content = dump(platform.database)
    assert "heidi@example.org" in content
    assert [secret for secret in secrets if secret in content] == []
