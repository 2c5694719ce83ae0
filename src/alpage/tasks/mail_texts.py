"""What mails say: subject and paragraphs in the reader's language, as plain text and as simple HTML.

The words stand in a `mails.toml` beside the room that sends them: for each template its language's `subject` and
`text`, paragraphs apart by an empty line. A template with a link has a writer of it in `LINKS`: the link is made
here, when the mail is, and kept nowhere.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alpage.api.languages import DEFAULT, LANGUAGES
from alpage.settings import Settings

WriteLink = Callable[[Settings, Mapping[str, Any]], str]

LINKS: dict[str, WriteLink] = {}  # by template; who sends mails with a link adds its writer


@dataclass(frozen=True, slots=True)
class Text:
    """A mail as it is read."""

    subject: str
    plain: str
    html: str
    language: str


def write(settings: Settings, template: str, language: str, content: Mapping[str, Any]) -> Text:
    """What a mail says. Raises KeyError for a template there is not."""
    short = language[:2] if language[:2] in LANGUAGES else DEFAULT
    words, frame = _words()[template][short], _words()["frame"][short]
    link = LINKS[template](settings, content) if template in LINKS else ""
    values = {**content, "link": link}
    shown = {
        "subject": _fill(words["subject"], values),
        "paragraphs": [_fill(paragraph, values) for paragraph in words["text"].strip().split("\n\n")],
        "greeting": _fill(frame["greeting"], values),
        "closing": _fill(frame["closing"], values).strip(),
        "button": words.get("button", ""),
        "link": link,
        "language": short,
    }
    plain, html = (_environment().get_template(name).render(shown) for name in ("mail.txt", "mail.html"))
    return Text(shown["subject"], plain, html, short)


def _fill(sentence: str, values: Mapping[str, Any]) -> str:
    return " ".join(_environment().from_string(sentence).render(values).split())


@cache
def _words() -> dict[str, Any]:
    """Every template of every room."""
    found: dict[str, Any] = {}
    for path in Path(str(files("alpage"))).glob("*/**/mails.toml"):
        found.update(tomllib.loads(path.read_text(encoding="utf-8")))
    return found


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("alpage.tasks", "mail_templates"),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
