"""`alpage domain`: domains, given to accounts and taken away by who runs the platform."""

from datetime import UTC, datetime
from time import time

from cyclopts import App
from sqlalchemy import select

from alpage.accounts.accounts import Account
from alpage.api.errors import ApiError
from alpage.cli.configuration import stop
from alpage.cli.platform import Data, open_platform
from alpage.products.dns import contract as dns
from alpage.products.domains import domains, names
from alpage.products.domains.domains import Domain
from alpage.products.domains.names import NotRegistrableError

app = App(name="domain", help="Create, list and delete domains.")

DAY_SECONDS = 86_400


@app.command
def create(name: str, /, *, account: int, days: int = 365, data: Data = None) -> None:
    """Give a domain to an account, and print its number. Its zone is made over the API.

    Parameters
    ----------
    name
        Name of the domain, in Unicode or punycode.
    account
        Number of the account that owns it.
    days
        Days until it expires.
    """
    now = int(time())
    with open_platform(data).writing() as transaction:
        if transaction.session.get(Account, account) is None:
            stop(f"there is no account {account}")
        try:
            domain = domains.create(transaction.session, account, name, now, expires_at=now + days * DAY_SECONDS)
        except NotRegistrableError as error:
            stop(str(error))
        except ApiError as error:
            stop(str(error.encode("en", "")["description"]))
    print(domain.id)


@app.command(name="list")
def list_domains(*, account: int | None = None, data: Data = None) -> None:
    """List the domains there are.

    Parameters
    ----------
    account
        Number of the account whose domains to list; everybody's if not given.
    """
    query = select(Domain).order_by(Domain.id)
    if account is not None:
        query = query.where(Domain.account_id == account)
    with open_platform(data).database.reading() as transaction:
        for row in transaction.execute(query):
            print(f"{row.id}\t{row.account_id}\t{row.name}\t{row.name_idn}\t{_date(row.expires_at)}")


@app.command
def delete(name: str, /, *, data: Data = None) -> None:
    """Delete a domain with everything that belongs to it.

    Parameters
    ----------
    name
        Name of the domain, in Unicode or punycode.
    """
    stored = names.to_ascii(name)
    with open_platform(data).writing() as transaction:
        domain = transaction.session.scalar(select(Domain).where(Domain.name == stored))
        if domain is None:
            stop(f"there is no domain {name}; `alpage domain list` shows them")
        dns.dissolve_zones(transaction, domain.id)
        domains.delete(transaction.session, domain)


def _date(seconds: int | None) -> str:
    return "never" if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()
