"""`alpage account`: accounts, made and listed on the data folder by who runs the platform."""

from time import time

from cyclopts import App
from sqlalchemy import func, select

from alpage.accounts.accounts import Account, LegalEntity
from alpage.accounts.members import OWNER, Membership
from alpage.accounts.products import Product
from alpage.cli.configuration import stop
from alpage.cli.platform import Data, open_platform
from alpage.identity import languages, users

app = App(name="account", help="Create and list accounts.")


@app.command
def create(name: str, /, *, owner: str, kind: LegalEntity = "company", data: Data = None) -> None:
    """Make an account and print its number.

    Parameters
    ----------
    name
        Name of the account.
    owner
        E-mail address of the user who owns it.
    kind
        What its customer is before the law.
    """
    now = int(time())
    with open_platform(data).writing() as transaction:
        session = transaction.session
        user = users.find_by_email(session, owner)
        if user is None:
            stop(f"there is no user {owner}; `alpage user create` makes one")
        account = Account(
            name=name,
            legal_entity_type=kind,
            language_id=user.language_id,
            locale=languages.locale_of(user.language_id),
            created_at=now,
        )
        session.add(account)
        session.flush()
        session.add(Membership(account_id=account.id, user_id=user.id, role_type=OWNER, created_at=now))
        user.current_account_id = user.current_account_id or account.id
    print(account.id)


@app.command(name="list")
def list_accounts(*, data: Data = None) -> None:
    """List the accounts there are, with their numbers of members and of products."""
    members = select(func.count()).where(Membership.account_id == Account.id).scalar_subquery()
    products = select(func.count()).where(Product.account_id == Account.id).scalar_subquery()
    query = select(Account.id, Account.name, members.label("members"), products.label("products")).order_by(Account.id)
    with open_platform(data).database.reading() as transaction:
        for row in transaction.execute(query):
            print(f"{row.id}\t{row.name}\t{row.members}\t{row.products}")
