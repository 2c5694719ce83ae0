"""Languages: which one a caller reads, and the sentence of each error code in it."""

import tomllib
from functools import lru_cache
from importlib.resources.abc import Traversable
from typing import Any

LANGUAGES = ("en", "de", "es", "fr", "it")
DEFAULT = LANGUAGES[0]


@lru_cache(maxsize=1024)
def negotiate(accept_language: str) -> str:
    """The language to answer in, from an `Accept-Language` header (RFC 9110 section 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.partition("-")[0].partition("_")[0].lower()
        if language in LANGUAGES:
            wanted.append((_quality(parameter), language))
    best = max(wanted, key=lambda pair: pair[0], default=(0.0, DEFAULT))
    return best[1] if best[0] > 0 else DEFAULT


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


class Catalogue:
    """The error codes that exist: status, keys of the context, and a sentence in each language."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, file: Traversable) -> None:
        """Adds the codes of an `errors.toml`; a code belongs to one file only."""
        for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if self.entries.setdefault(code, entry) != entry:
                raise ValueError(f"the error code {code} is declared twice")

    def status(self, code: str) -> int:
        """The HTTP status that belongs to a code."""
        return int(self.entries[code]["status"])

    def describe(self, code: str, context: dict[str, Any], language: str) -> str:
        """The sentence of a code."""
        return str(self.entries[code][language].format_map(_Readable(context)))


class _Readable(dict[str, Any]):
    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    def __missing__(self, key: str) -> str:
        return key
