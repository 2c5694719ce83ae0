"""Names of domains: what customers write, what is stored, what people read.

A stored name is lower case, in A-labels ("xn--bcher-kva.example") and without a final dot.
"""

import idna

MAX_NAME_CHARACTERS = 253


def to_ascii(text: str) -> str | None:
    """The stored spelling of a name in any spelling; None for what cannot be a name. Labels like `_dmarc` may be."""
    name = text.strip().removesuffix(".")
    if not name or len(name) > MAX_NAME_CHARACTERS:
        return None
    if name.isascii():
        return name.lower()
    try:
        mapped = idna.uts46_remap(name, std3_rules=False)
        return ".".join(_to_a_label(label) for label in mapped.split("."))
    except (idna.IDNAError, UnicodeError):
        return None


def to_unicode(name: str) -> str:
    """A stored name with its labels in Unicode; a label that is no valid IDN stays as it is."""
    return ".".join(_to_u_label(label) for label in name.split("."))


def with_parents(name: str) -> list[str]:
    """A stored name and the names above it, the longest first."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _to_a_label(label: str) -> str:
    return label.lower() if label.isascii() else idna.alabel(label).decode("ascii")


def _to_u_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label
