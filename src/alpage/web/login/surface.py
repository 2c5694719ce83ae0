"""What every page of the login has at hand."""

from dataclasses import dataclass
from time import time

from alpage.identity import user_clocks
from alpage.identity.oauth.authorization import Authorizations
from alpage.identity.oauth.logout import Logouts
from alpage.identity.oauth.provider import Provider
from alpage.identity.signin import Origin, SignIn
from alpage.settings import Settings
from alpage.storage.changes import Author
from alpage.storage.database import Database, Transaction
from alpage.web.visits import Visit


@dataclass(frozen=True, slots=True)
class Login:
    """The login as its pages see it."""

    provider: Provider
    database: Database
    sign_in: SignIn
    authorizations: Authorizations
    logouts: Logouts

    @property
    def settings(self) -> Settings:
        """The settings of the platform."""
        return self.provider.settings

    @property
    def pepper(self) -> bytes:
        """The key of all credentials."""
        return self.provider.pepper

    @property
    def now(self) -> int:
        """The time all of a page goes by; asked once a page."""
        return int(time())

    def now_of(self, transaction: Transaction, user_id: int) -> int:
        """The time by a user's clock, which what he keeps here goes by."""
        return self.now + user_clocks.ahead(self.provider.clocks, transaction, user_id)


LoginVisit = Visit[Login]


def origin_of(visit: LoginVisit) -> Origin:
    """Where a visit comes from."""
    return Origin(visit.ip, visit.headers.get("user-agent", ""), visit.id)


def author_of(visit: LoginVisit, user_id: int | None = None) -> Author:
    """Who writes what a visit changes."""
    return Author(user_id, None, visit.id)
