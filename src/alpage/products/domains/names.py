"""Names of domains: what customers write, what is stored, what people read.

A stored name is lower case, in A-labels ("xn--bcher-kva.example") and without a final dot.
"""

import re

import idna

from alpage.products.domains import suffixes

MAX_NAME_CHARACTERS = 253
_NAME = re.compile(r"[a-z0-9_*-]+(?:\.[a-z0-9_*-]+)*")
# A hyphen in third and fourth place is kept for encodings such as xn-- (RFC 5891, 4.2.3.1).
_LABEL = re.compile(r"(?!(?!xn)..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class NotRegistrableError(ValueError):
    """A text that is no name a registry gives out. `reason` is stable and for programs, the message for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def to_ascii(text: str) -> str | None:
    """The stored spelling of a name in any spelling; None for what cannot be a name. Labels like `_dmarc` may be."""
    given = text.strip().removesuffix(".")
    if len(given) > MAX_NAME_CHARACTERS:  # before the mapping, which costs more than linear time
        return None
    name = given.lower() if given.isascii() else _map(given)
    return name if name is not None and len(name) <= MAX_NAME_CHARACTERS and _NAME.fullmatch(name) else None


def to_unicode(name: str) -> str:
    """A stored name with its labels in Unicode; a label that is no valid IDN stays as it is."""
    return ".".join(_to_u_label(label) for label in name.split("."))


def with_parents(name: str) -> list[str]:
    """A stored name and the names above it, the longest first."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def host(text: str) -> str | None:
    """The stored spelling of the full name of a machine; None for what is none (RFC 1123, 2.1; IDNA 2008)."""
    name = to_ascii(text)
    if name is None:
        return None
    labels = name.split(".")
    is_host = len(labels) > 1 and all(map(_is_host_label, labels)) and not labels[-1].isdigit()
    return name if is_host else None


def registrable(text: str) -> str:
    """The stored spelling of a name that a registry gives out. Raises NotRegistrableError."""
    name = host(text)
    if name is None:
        raise NotRegistrableError("invalid", f"“{text}” is not the name of a domain, such as example.com")
    part = suffixes.registrable_part(name)
    if part == name:
        return name
    if part is not None:
        raise NotRegistrableError("below_a_domain", f"“{text}” is a name below the domain {part}")
    if suffixes.suffix_of(name) == name:
        raise NotRegistrableError("suffix", f"“{text}” is itself an ending that domains are registered under")
    raise NotRegistrableError("unknown_tld", f"“{text}” does not end in a TLD there is")


def _is_host_label(label: str) -> bool:
    is_broken_idn = label.startswith("xn--") and _to_u_label(label) == label
    return _LABEL.fullmatch(label) is not None and not is_broken_idn


def _map(name: str) -> str | None:
    try:
        mapped = idna.uts46_remap(name, std3_rules=False)
        return ".".join(_to_a_label(label) for label in mapped.split("."))
    except (idna.IDNAError, UnicodeError):
        return None


def _to_a_label(label: str) -> str:
    return label.lower() if label.isascii() else idna.alabel(label).decode("ascii")


def _to_u_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label
