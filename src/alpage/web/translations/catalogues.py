"""The catalogues, as pages use them: read from the .po files when first needed."""

from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

FOLDER = Path(__file__).parent
OWN_LANGUAGE = "en"  # what the messages themselves are written in


@cache
def catalogue(language: str) -> NullTranslations:
    """The catalogue of a language."""
    if language == OWN_LANGUAGE:
        return NullTranslations()
    with (FOLDER / f"{language}.po").open("rb") as file:
        messages = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


def N_(message: str) -> str:  # noqa: N802  # the name by which extractors know it
    """Marks a message that is translated later, where the language is known."""
    return message
