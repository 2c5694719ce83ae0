"""The logo of an application: a small square picture that the consent page and the lists show.

It stands in the application itself, as a `data:` address: no page asks another host for it.
"""

from base64 import b64encode
from typing import Annotated, Literal

from pydantic import Field

from alpage.accounts import applications
from alpage.accounts.applications import ONE, WRITE
from alpage.accounts.members import AdministeredAccount
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import Routes, Shape
from alpage.identity import avatar

routes = Routes("Application logos")

PATH = ONE + "/logo"
SHOWN_SIDE = 128  # pixels

# on the wire


class Logo(Shape):
    """The `data:` address of a logo."""

    logo: str


class LogoUpload(Shape):
    """A logo to keep: square, at least 16 pixels wide, at most a megabyte, as base64."""

    logo: Annotated[str, Field(max_length=-(-avatar.MAX_BYTES // 3) * 4)]
    encoding: Literal["png", "jpeg", "gif"]


# the routes


@routes.post(PATH, scope=WRITE, answer=Logo, status=200)
def replace_logo(call: Call, account: AdministeredAccount, application: int, body: LogoUpload) -> dict[str, str]:
    """Add or replace the logo of an application."""
    found = applications.find(call, account.account_id, application)
    content_type, content = avatar.read_upload(body.logo, body.encoding, "logo", SHOWN_SIDE)
    found.logo = f"data:{content_type};base64,{b64encode(content).decode()}"
    return {"logo": found.logo}


@routes.delete(PATH, scope=WRITE, answer=bool)
def delete_logo(call: Call, account: AdministeredAccount, application: int) -> bool:
    """Delete the logo of an application."""
    found = applications.find(call, account.account_id, application)
    if found.logo is None:
        raise not_found("Logo", application)
    found.logo = None
    return True
