"""The login as an application of its own."""

from urllib.parse import urlsplit

from alpage.api.networks import Networks
from alpage.api.workers import Workers
from alpage.identity.credentials import derive_key
from alpage.identity.oauth.authorization import Authorizations
from alpage.identity.oauth.logout import Logouts
from alpage.identity.oauth.provider import Provider
from alpage.identity.signin import SignIn
from alpage.storage.database import Database
from alpage.web import login
from alpage.web.login.browsers import COOKIE
from alpage.web.login.surface import Login
from alpage.web.pages import collect
from alpage.web.places import Place
from alpage.web.sites import Site

BODY_LIMIT_BYTES = 256 * 1024


def login_site(provider: Provider, database: Database, workers: Workers, networks: Networks) -> Site[Login]:
    """The pages of the login, below the path of its address."""
    surface = Login(
        provider=provider,
        database=database,
        sign_in=SignIn(database, provider.pepper, provider.clocks),
        authorizations=Authorizations(provider.settings, provider.pepper),
        logouts=Logouts(provider),
    )
    place = Place(
        "login",
        surface,
        derive_key(provider.pepper, "the pages of the login"),
        base=urlsplit(provider.issuer).path,
        session_cookie=COOKIE,
        images=(provider.settings.public_url,),  # the pictures of users
        headers={"Referrer-Policy": "no-referrer"},  # what stands in an address here is nobody else's business (A17)
    )
    return Site(place, collect(login), workers, networks, BODY_LIMIT_BYTES)
