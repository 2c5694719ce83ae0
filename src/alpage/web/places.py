"""The places a person sees: login, manager, portal. What all pages of one share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Surface = TypeVar("Surface")


@dataclass(frozen=True, slots=True)
class Place(Generic[Surface]):
    """One place.

    `surface` is whatever its own pages want at hand: they find it as `visit.surface`. `base` is the path all pages
    stand below, `""` where the place has a host of its own. `session_cookie` names the cookie of the place's sessions,
    if it has any: forms are bound to it. `images` are further origins its pages may show images of. `headers` are those
    of its answers that differ from the standing ones.
    """

    name: str
    surface: Surface
    secret: bytes
    base: str = ""
    session_cookie: str = ""
    images: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
