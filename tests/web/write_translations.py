"""Brings the catalogues up to date with what pages say: `make translations`.

Messages are found in the templates (`_("…")`, `{% trans %}`) and in Python (`visit.gettext("…")`, `N_("…")`). What is
new stands in the catalogues without a translation, and is listed; what nobody says any more leaves them.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.pofile import read_po, write_po

from alpage.api.languages import LANGUAGES
from alpage.identity.scopes import EVERY_SCOPE
from alpage.web.design.assets import WEB
from alpage.web.design.environment import EXTENSIONS
from alpage.web.translations.catalogues import FOLDER, OWN_LANGUAGE

WIDTH = 120
TRANSLATED = tuple(language for language in LANGUAGES if language != OWN_LANGUAGE)
JINJA = {"extensions": ",".join(EXTENSIONS), "trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
METHODS: dict[str, tuple[str, dict[str, Any]]] = {".py": ("python", {}), ".html": ("jinja2", JINJA)}
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plural_forms}\\n"

"""

Message = str | tuple[str, ...]


def messages() -> set[Message]:
    """Everything pages say: a text, or a pair of one and many."""
    said = {message for path in sorted(WEB.rglob("*")) if path.suffix in METHODS for message in _messages_of(path)}
    return {*said, *EVERY_SCOPE.values()}  # what scopes allow is said where they are


def _messages_of(path: Path) -> Iterator[Message]:
    method, options = METHODS[path.suffix]
    for _line, message, _comments, _context in extract_from_file(method, path, DEFAULT_KEYWORDS, (), options):
        yield message


def read(language: str) -> Catalog:
    """The catalogue of a language, as it is."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def renewed(language: str, said: set[Message]) -> bytes:
    """The catalogue of a language with exactly what is said, sorted, so that a change shows as what it is."""
    old, new = read(language), Catalog(language)
    for message in said:
        known = old.get(message if isinstance(message, str) else message[0])
        new.add(message, known.string if known and known.id == message else "")
    written = BytesIO()
    write_po(written, new, WIDTH, no_location=True, omit_header=True, sort_output=True)
    return HEADER.format(language=language, plural_forms=new.plural_forms).encode() + written.getvalue()


def untranslated(catalogue: Catalog) -> list[str]:
    """The messages of a catalogue that are not translated."""
    return [str(message.id) for message in catalogue if message.id and not all(_strings(message.string))]


def _strings(string: Any) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


def main() -> None:
    """Writes the catalogues and lists what is left to translate."""
    said = messages()
    for language in TRANSLATED:
        (FOLDER / f"{language}.po").write_bytes(renewed(language, said))
        for message in untranslated(read(language)):
            sys.stdout.write(f"{language}: {message}\n")


if __name__ == "__main__":
    main()
