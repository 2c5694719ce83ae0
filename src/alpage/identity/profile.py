"""The profile: what a user sees and changes about himself."""

from typing import Any

from sqlalchemy import Select, bindparam, select

from alpage.api.calls import Call
from alpage.api.routes import Routes, Shape
from alpage.identity.users import User

routes = Routes("Profile")


class Profile(Shape):
    """The user a token belongs to."""

    id: int
    display_name: str
    first_name: str
    last_name: str
    email: str
    is_sso: bool
    avatar: str | None
    login: str


@routes.get("/2/profile", scope="user_info", answer=Profile)
def show_profile(call: Call) -> Any:
    """Show the profile of the caller."""
    return call.transaction.execute(_PROFILE, {"id": call.caller.user_id}).one()


_PROFILE: Select[Any] = select(User.__table__).where(User.id == bindparam("id"))
