"""Languages: those the platform speaks with people. Users, accounts and invitations refer to them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.routes import PUBLIC, Routes, Shape

routes = Routes("Languages")

LOCALES = ("en_GB", "de_DE", "es_ES", "fr_FR", "it_IT")  # numbered from 1; a number stays for ever, new ones at the end

# on the wire


class Language(Shape):
    """A language of the platform."""

    id: int
    name: str
    short_name: str
    locale: str
    short_locale: str


# the verbs


@cache
def languages(language: str) -> Mapping[int, dict[str, Any]]:
    """Every language by its number, named in a language."""
    from babel import Locale  # noqa: PLC0415 - loaded on first use, nobody else waits for it

    names = Locale(language).languages
    return {
        number: {
            "id": number,
            "name": names[locale[:2]].capitalize(),
            "short_name": locale[:2],
            "locale": locale,
            "short_locale": locale[:2],
        }
        for number, locale in enumerate(LOCALES, start=1)
    }


def find(language_id: int, language: str) -> dict[str, Any] | None:
    """A language by its number, named in a language."""
    return languages(language).get(language_id)


def number_of(locale: str) -> int | None:
    """The number of a locale, long (`fr_FR`) or short (`fr`)."""
    return next((number for number, known in enumerate(LOCALES, start=1) if locale in (known, known[:2])), None)


def locale_of(language_id: int) -> str:
    """The locale of a language's number."""
    return LOCALES[language_id - 1]


# the routes


@routes.get(
    "/1/languages",
    scope=PUBLIC,
    answer=list[Language],
    sort=dict.fromkeys(Language.model_fields),
    search=("name", "locale"),
)
def list_languages(call: Call) -> list[dict[str, Any]]:
    """List the languages of the platform.

    Their names are in the language of `Accept-Language`.
    """
    return [*languages(call.language).values()]


@routes.get("/1/languages/{language_id}", scope=PUBLIC, answer=Language)
def show_language(call: Call, language_id: int) -> dict[str, Any]:
    """Show a language."""
    language = find(language_id, call.language)
    if language is None:
        raise not_found("Language", language_id)
    return language
