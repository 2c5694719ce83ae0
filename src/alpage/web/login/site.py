"""The login as an application of its own."""

from urllib.parse import urlsplit

from alpage.api.networks import Networks
from alpage.api.workers import Workers
from alpage.identity.credentials import derive_key, pepper_of
from alpage.identity.oauth.authorization import Authorizations
from alpage.identity.signin import SignIn
from alpage.settings import Settings
from alpage.storage.database import Database
from alpage.web import login
from alpage.web.login.browsers import COOKIE
from alpage.web.login.surface import Login
from alpage.web.pages import collect
from alpage.web.places import Place
from alpage.web.sites import Site

BODY_LIMIT_BYTES = 256 * 1024


def login_site(settings: Settings, database: Database, workers: Workers, networks: Networks) -> Site[Login]:
    """The pages of the login, below the path of its address."""
    pepper = pepper_of(settings)
    surface = Login(settings, database, pepper, SignIn(database, pepper), Authorizations(settings, pepper))
    place = Place(
        "login",
        surface,
        derive_key(pepper, "the pages of the login"),
        base=urlsplit(settings.issuer).path,
        session_cookie=COOKIE,
        headers={"Referrer-Policy": "no-referrer"},  # what stands in an address here is nobody else's business (A17)
    )
    return Site(place, collect(login), workers, networks, BODY_LIMIT_BYTES)
