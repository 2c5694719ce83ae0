"""TLDs: the endings a domain may have here."""

from functools import cache
from typing import Any, Literal

from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import Routes, Shape
from alpage.products.domains import names, suffixes

routes = Routes("TLDs")


class Tld(Shape):
    """An ending that domains are registered under. One that begins with `*.` stands for every name below the rest."""

    name: str
    name_idn: str
    kind: Literal["icann", "reserved"]


@routes.get(
    "/2/tld",
    scope="domain:read",
    answer=list[Tld],
    sort=dict.fromkeys(("name", "name_idn", "kind")),
    search=("name", "name_idn"),
)
def list_tlds(call: Call) -> list[dict[str, Any]]:
    """List the TLDs.

    The endings under which registries give out names, `co.uk` as well as `ch`, and the reserved ones that are good
    for trying things out.
    """
    return _all()


@routes.get("/2/tld/{tld}", scope="domain:read", answer=Tld)
def show_tld(call: Call, tld: str) -> dict[str, Any]:
    """Show a TLD, by its name in Unicode or in punycode."""
    name = names.to_ascii(tld.removeprefix("."))
    if name is None or suffixes.suffix_of(name) != name:
        raise not_found("Tld", tld)
    return _describe(name)


@cache
def _all() -> list[dict[str, Any]]:
    in_ascii = (names.to_ascii(suffix) for suffix in suffixes.listed())
    return [_describe(name) for name in sorted(filter(None, in_ascii))]


def _describe(name: str) -> dict[str, Any]:
    kind = "reserved" if name in suffixes.RESERVED else "icann"
    return {"name": name, "name_idn": names.to_unicode(name), "kind": kind}
