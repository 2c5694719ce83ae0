"""Countries: those of ISO 3166 under their numbers there, named in the caller's language.

Users and addresses refer to them. Names and numbers come from the data of CLDR and ISO, whose libraries are loaded when
somebody first asks for a country, so that nobody else waits for them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import PUBLIC, Routes, Shape
from alpage.api.validation import Several

routes = Routes("Countries")

# on the wire


class Country(Shape):
    """A country of the world."""

    id: int
    name: str
    short_name: str
    is_enabled: bool


class CountryQuery(Shape):
    """Which countries to list."""

    only_enabled: bool = False
    only_enabled_exception: Several[int] = ()


# the verbs


@cache
def countries(language: str) -> Mapping[int, dict[str, Any]]:
    """Every country by its number, named in a language.

    A country is enabled when people live there, which its having telephone numbers tells.
    """
    import pycountry  # noqa: PLC0415 - loaded on first use, see above
    from babel import Locale  # noqa: PLC0415 - as above
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - as above

    names = Locale(language).territories
    return {
        int(country.numeric): {
            "id": int(country.numeric),
            "name": names[country.alpha_2],
            "short_name": country.alpha_2,
            "is_enabled": country.alpha_2 in SUPPORTED_REGIONS,
        }
        for country in sorted(pycountry.countries, key=lambda country: int(country.numeric))
    }


def find(country_id: int, language: str) -> dict[str, Any] | None:
    """A country by its number."""
    return countries(language).get(country_id)


# the routes


@routes.get(
    "/1/countries",
    scope=PUBLIC,
    answer=list[Country],
    sort=dict.fromkeys(Country.model_fields),
    search=("name", "short_name"),
)
def list_countries(call: Call, query: CountryQuery) -> list[dict[str, Any]]:
    """List the countries of the world.

    Their names are in the language of `Accept-Language`; `short_name` is the code of ISO 3166. With `only_enabled`,
    only those where people live, and those named in `only_enabled_exception`.
    """
    everything = countries(call.language).values()
    if not query.only_enabled:
        return [*everything]
    return [row for row in everything if row["is_enabled"] or row["id"] in query.only_enabled_exception]


@routes.get("/1/countries/{country_id}", scope=PUBLIC, answer=Country)
def show_country(call: Call, country_id: int) -> dict[str, Any]:
    """Show a country."""
    country = find(country_id, call.language)
    if country is None:
        raise not_found("Country", country_id)
    return country
