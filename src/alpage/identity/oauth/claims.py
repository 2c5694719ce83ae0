"""Claims: what applications learn about a user, by scopes or asked for one by one (OpenID Connect Core, 5.4 and 5.5).

Pure rules. A claim that is asked for by itself takes the user's agreement to the scope it belongs to, and brings no
more than itself. What nobody here knows of is ignored, as the standard wants it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

BY_SCOPE: Mapping[str, tuple[str, ...]] = {
    "profile": ("name", "given_name", "family_name", "preferred_username", "picture", "locale", "zoneinfo"),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "groups": ("groups",),
}
SCOPE_OF = {name: scope for scope, names in BY_SCOPE.items() for name in names}
KNOWN = {*SCOPE_OF, "sub", "acr"}  # of the rest, what we have is always there: when and how the user signed in
MEMBERS = ("userinfo", "id_token")  # where claims can be asked for

Wishes = Mapping[str, list[Any] | None]
"""Claims that are asked for, each with the values that will do; None: whatever it is."""


@dataclass(frozen=True, slots=True)
class RequestedClaims:
    """What a `claims` parameter asks for."""

    about_user: Mapping[str, Wishes]  # by member; claims that belong to a scope
    subjects: frozenset[str] | None = None  # the users who will do; none: anybody
    levels: tuple[str, ...] = ()  # of how the user signed in (`acr`), those that will do
    needs_level: bool = False  # whether only those will do

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the user must agree to for it."""
        return tuple(dict.fromkeys(SCOPE_OF[name] for wishes in self.about_user.values() for name in wishes))

    def about(self, may_know: Callable[[str], bool]) -> dict[str, Wishes]:
        """The claims about the user whose scopes pass, by member; those of members without any are left out."""
        allowed = {
            member: {name: values for name, values in wishes.items() if may_know(SCOPE_OF[name])}
            for member, wishes in self.about_user.items()
        }
        return {member: wishes for member, wishes in allowed.items() if wishes}


def read(text: str) -> RequestedClaims:
    """What a `claims` parameter asks for. Raises ValueError that says what cannot be read."""
    members = _members(text)
    wishes = {
        member: {name: _values(wish) for name, wish in asked.items() if name in KNOWN}
        for member, asked in members.items()
    }
    acr = members["id_token"].get("acr") or {}
    return RequestedClaims(
        about_user={
            member: {name: values for name, values in asked.items() if name in SCOPE_OF}
            for member, asked in wishes.items()
        },
        subjects=_subjects(wishes),
        levels=tuple(filter(_is_text, wishes["id_token"].get("acr") or ())),
        needs_level=acr.get("essential") is True and wishes["id_token"].get("acr") is not None,
    )


def _members(text: str) -> dict[str, dict[str, Any]]:
    try:
        content = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise ValueError("claims is not a JSON object")
    members = {member: content.get(member, {}) for member in MEMBERS}
    for member, asked in members.items():
        if not isinstance(asked, dict):
            raise ValueError(f"{member} in claims is not a JSON object")
    return members


def _values(wish: Any) -> list[Any] | None:
    """The values of a claim that will do, whether it was asked for by `value` or by `values`."""
    if wish is None:
        return None
    if not isinstance(wish, dict) or not isinstance(wish.get("values", []), list):
        raise ValueError("what is said of a claim is neither null nor an object that can be read")
    return [*wish.get("values", ()), *([wish["value"]] if "value" in wish else ())] or None


def _subjects(wishes: Mapping[str, Wishes]) -> frozenset[str] | None:
    asked = [frozenset(filter(_is_text, values)) for of in wishes.values() if (values := of.get("sub")) is not None]
    return frozenset.intersection(*asked) if asked else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
