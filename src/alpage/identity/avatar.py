"""The avatar: a small square picture of a user, which anybody who has its address may look at.

A picture is drawn anew before it is kept: no larger than it is ever shown, without the place and time a camera writes
into it. Its address has a secret in it and changes with the picture, so that browsers may keep it for good.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from io import BytesIO
from secrets import token_urlsafe
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import ForeignKey, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api.callers import Caller
from alpage.api.calls import Call
from alpage.api.envelope import Response
from alpage.api.errors import Fault, invalid, not_found
from alpage.api.history import SECRET_VALUE, Subject
from alpage.api.routes import PUBLIC, Routes, Shape
from alpage.identity.users import User
from alpage.storage.changes import SECRET
from alpage.storage.tables import Base

routes = Routes("Avatar")

MIN_SIDE, SHOWN_SIDE, MAX_SIDE = 16, 512, 8192  # pixels
MAX_BYTES = 2**20
ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}

# stored


class UserAvatar(Base):
    """The picture of a user."""

    __tablename__ = "user_avatars"
    __event__ = "user.avatar"
    __audience__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)  # the last part of its address
    content_type: Mapped[str] = mapped_column(String(16))
    content: Mapped[bytes] = mapped_column(info={SECRET: True})
    created_at: Mapped[int]


subjects = [Subject(UserAvatar, reads=("user_info",), never=SECRET_VALUE)]

# on the wire


class Avatar(Shape):
    """The address of the caller's picture."""

    avatar: str


class AvatarUpload(Shape):
    """A picture to keep: square, at least 16 pixels wide, at most a megabyte, as base64."""

    avatar: Annotated[str, Field(max_length=-(-MAX_BYTES // 3) * 4)]
    encoding: Literal["png", "jpeg", "gif"]


# who sees it


def visible(caller: Caller) -> Select[UserAvatar]:
    """The picture of the caller."""
    return select(UserAvatar).where(UserAvatar.user_id == caller.user_id)


# the verbs


class RefusedError(Exception):
    """A picture that cannot be used; its text is the rule it breaks."""


def draw(content: bytes, encoding: str, side: int = SHOWN_SIDE) -> tuple[str, bytes]:
    """The picture as it is kept, at most so many pixels wide: its content type, and its bytes.

    A photograph stays a JPEG, all else becomes a PNG.
    Raises RefusedError.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415 - loaded on first use

    try:
        opened = Image.open(BytesIO(content), formats=[encoding.upper()])
        _require_size(*opened.size)
        image = ImageOps.exif_transpose(opened).convert("RGB" if encoding == "jpeg" else "RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RefusedError("format") from None
    image.thumbnail((side, side))
    image.info.clear()
    drawn = BytesIO()
    kind = "JPEG" if encoding == "jpeg" else "PNG"
    image.save(drawn, kind, optimize=True)
    return f"image/{kind.lower()}", drawn.getvalue()


def _require_size(width: int, height: int) -> None:
    if width != height:
        raise RefusedError("square")
    if width < MIN_SIDE:
        raise RefusedError("min_side")
    if width > MAX_SIDE:
        raise RefusedError("max_side")


def read_upload(text: str, encoding: str, attribute: str, side: int = SHOWN_SIDE) -> tuple[str, bytes]:
    """The picture in a request, as it is kept. Raises `attribute_image` with the rule it breaks."""
    try:
        return draw(b64decode(text, validate=True), encoding, side)
    except (Base64Error, ValueError):
        rule = "base64"
    except RefusedError as refusal:
        rule = str(refusal)
    raise invalid(Fault("attribute_image", attribute, {"rule": rule}))


# the routes


@routes.post("/2/profile/avatar", scope="user_info", answer=Avatar, status=200)
def replace_avatar(call: Call, body: AvatarUpload) -> User:
    """Add or replace the picture of the caller."""
    content_type, content = read_upload(body.avatar, body.encoding, "avatar")  # before the transaction takes its lock
    user = call.session.get_one(User, call.caller.user_id, with_for_update=True)
    picture = call.transaction.find(visible(call.caller)) or UserAvatar(user_id=user.id)
    picture.name = f"{token_urlsafe(24)}.{ENDINGS[content_type]}"
    picture.content_type, picture.content, picture.created_at = content_type, content, call.now
    call.session.add(picture)
    user.avatar = f"{call.settings.public_url}/2/profile/avatar/{picture.name}"
    return user


@routes.delete("/2/profile/avatar", scope="user_info", answer=bool, errors=["object_not_found"])
def delete_avatar(call: Call) -> bool:
    """Delete the picture of the caller."""
    user = call.session.get_one(User, call.caller.user_id, with_for_update=True)
    picture = call.transaction.find(visible(call.caller))
    if picture is None:
        raise not_found("Avatar", user.id)
    call.session.delete(picture)
    user.avatar = None
    return True


@routes.get("/2/profile/avatar/{name}", scope=PUBLIC, answer=Response, free=True)
def show_avatar(call: Call, name: str) -> Response:
    """Answer with a picture itself, at the address a profile names."""
    picture = call.transaction.execute(_BY_NAME, {"name": name}).one_or_none()
    if picture is None:
        raise not_found("Avatar", name)
    headers = [("Cache-Control", "public, max-age=31536000, immutable"), ("X-Content-Type-Options", "nosniff")]
    return Response(200, picture.content, headers, picture.content_type)


_BY_NAME: Select[Any] = select(UserAvatar.__table__).where(UserAvatar.name == bindparam("name"))
