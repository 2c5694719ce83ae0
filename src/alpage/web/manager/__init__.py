"""The manager: where people look after what they have here.

It is a client of the public API like any other program: it knows `alpage.client` and the protocol of the login, and no
room of the platform; an import rule and a test hold it to that. `surface.py` is what its pages are given, `sign_in.py`
how it comes by a token, `calls.py` how a page calls the API, `shell.py` what stands around every page. Everything else
is one file for a noun, with its templates beside it.
"""

import sys
from urllib.parse import urlsplit

import httpx

from alpage.api.networks import Networks
from alpage.api.workers import Workers
from alpage.settings import Settings
from alpage.web.manager.surface import Manager, origin
from alpage.web.pages import collect
from alpage.web.places import Place
from alpage.web.sites import Site


def manager_site(
    settings: Settings, workers: Workers, networks: Networks, transport: httpx.BaseTransport, secret: bytes
) -> Site[Manager]:
    """The manager as an ASGI application; `transport` is its way to the API and to the login."""
    surface = Manager(
        api_url=settings.public_url,
        issuer=settings.issuer,
        address=settings.manager_address,
        transport=transport,
    )
    place = Place(
        name="manager",
        surface=surface,
        secret=secret,
        base=urlsplit(settings.manager_address).path,
        images=(origin(settings.public_url),),
    )
    return Site(place, collect(sys.modules[__name__]), workers, networks, settings.body_limit_bytes)
