"""The templates: where they are found, what they may use, and how they speak the reader's language."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alpage.web.design import figures, parts, readable
from alpage.web.design.assets import WEB
from alpage.web.translations.catalogues import catalogue

EXTENSIONS = ["jinja2.ext.i18n"]
GIVEN = (parts.Call, parts.Choice, parts.Column, parts.Difference, parts.Link, parts.Step)
LANGUAGE_NAMES = {"de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "it": "Italiano"}


@cache
def environment(language: str) -> Environment:
    """The environment of one language: what a template says and how it writes numbers is fixed when it is loaded."""
    made = Environment(
        loader=FileSystemLoader(WEB),
        extensions=EXTENSIONS,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    made.filters.update(readable.filters(language))
    made.globals.update(LANGUAGE_NAMES=LANGUAGE_NAMES, draw_figure=figures.draw, figure_table=figures.table)
    made.globals.update({given.__name__: given for given in GIVEN})
    return made
