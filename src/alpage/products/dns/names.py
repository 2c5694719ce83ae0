"""Names in the DNS: what clients write, what is stored, what people read.

A stored name is lower case, in A-labels ("xn--bcher-kva.example") and without a final dot. The zone argument
of these functions is always such a name. The owner of a record is stored relative to its zone, "." being the
zone itself, as the API shows it.
"""

import functools
import ipaddress
import re

import idna

APEX = "."
MAX_NAME_OCTETS = 253
MAX_LABEL_OCTETS = 63
_MAX_INPUT_CHARACTERS = 1024  # mapping and punycode cost more than linear time, so absurd input stops before them

# A hyphen in third and fourth place is kept for encodings such as xn-- (RFC 5891, 4.2.3.1).
_HOST_LABEL = r"(?!(?!xn)..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_OWNER_LABEL = r"(?!(?!xn)..--)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_host = re.compile(rf"{_HOST_LABEL}(?:\.{_HOST_LABEL})*")
_alias = re.compile(rf"{_OWNER_LABEL}(?:\.{_OWNER_LABEL})*")
_owner = re.compile(rf"\*|(?:\*\.)?{_OWNER_LABEL}(?:\.{_OWNER_LABEL})*")


class InvalidNameError(ValueError):
    """A text that is no name, or not one that is allowed in its place.

    `reason` is stable and for programs, the message for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def domain(text: str) -> str:
    """Read the name of a domain or zone: letters, digits, hyphens; two labels or more; IDNs by IDNA 2008."""
    name = to_ascii(text)
    _check(name, _host)
    _check_last_label(name)
    for label in name.split("."):
        if label.startswith("xn--") and _to_u_label(label) == label:
            raise InvalidNameError("idn", f"“{label}” is not the encoding of a valid internationalised label.")
    return name


def host(text: str) -> str:
    """Read the full name of a machine, as NS, MX and SRV point to: letters, digits, hyphens (RFC 1123, 2.1)."""
    return _target(text, _host)


def alias(text: str) -> str:
    """Read a full name as CNAME and DNAME point to: a host name that may have underscores."""
    return _target(text, _alias)


def relative(source: str | None, zone: str) -> str:
    """Read the owner of a record in any spelling clients use, and give it relative to its zone.

    None, "", "@" and "." are the zone itself. A name that ends in the zone's own name is taken for the full
    name; a final dot says so. The zone's name twice is refused: it is a known slip, and taking it would leave
    two readings of one stored name.
    """
    text = (source or "").strip()
    if text in {"", "@", "."}:
        return APEX
    spelled = _fold(text)
    name = spelled.removesuffix(".")
    if name == zone:
        return APEX
    below = name.removesuffix(f".{zone}")
    if spelled.endswith(".") and below == name:
        raise InvalidNameError("outside_zone", f"“{_shown(text)}” is not in the zone {zone}.")
    if below == zone or below.endswith(f".{zone}"):
        raise InvalidNameError("zone_twice", f"“{_shown(text)}” has the name of the zone {zone} in it twice.")
    _check(below, _owner, beside=len(zone) + 1)
    return below


def absolute(source: str, zone: str) -> str:
    """Give the full name, without final dot, of an owner that is stored relative to its zone."""
    return zone if source == APEX else f"{source}.{zone}"


def display(source: str, zone: str) -> str:
    """Give the full name of a stored owner as people read it: "www.bücher.example"."""
    return to_unicode(absolute(source, zone))


def to_ascii(text: str) -> str:
    """Give a name in lower case A-labels without final dot; checks only what the encoding needs."""
    return _fold(text.strip()).removesuffix(".")


def to_unicode(name: str) -> str:
    """Give a name with its labels in Unicode; one that is no valid IDNA stays as it is."""
    if "xn--" not in name:
        return name
    return ".".join(_to_u_label(label) for label in name.split("."))


def with_parents(name: str) -> list[str]:
    """Give a full name and the names above it, longest first."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def ancestors(source: str) -> list[str]:
    """Name the stored owners above this one, nearest first, the apex last."""
    if source == APEX:
        return []
    labels = source.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))] + [APEX]


def _fold(text: str) -> str:
    if len(text) > _MAX_INPUT_CHARACTERS:
        raise InvalidNameError("name_too_long", f"A name has at most {MAX_NAME_OCTETS} characters.")
    if text.isascii():
        return text.lower()
    try:
        mapped = idna.uts46_remap(text, std3_rules=False)
        return ".".join(_to_a_label(label) for label in mapped.split("."))
    except (idna.IDNAError, UnicodeError) as error:
        raise InvalidNameError("idn", f"“{_shown(text)}” cannot be an internationalised name: {error}.") from error


def _to_a_label(label: str) -> str:
    return label.lower() if label.isascii() else idna.alabel(label).decode("ascii")


@functools.lru_cache(maxsize=4096)
def _to_u_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        decoded = idna.ulabel(label)
        return decoded if _fold(decoded) == label else label
    except (idna.IDNAError, UnicodeError, InvalidNameError):
        return label


def _target(text: str, allowed: re.Pattern[str]) -> str:
    name = to_ascii(text)
    if _is_address(name):
        raise InvalidNameError("address_for_name", f"“{name}” is an address; a host name is needed here.")
    _check(name, allowed)
    _check_last_label(name)
    return name


def _is_address(name: str) -> bool:
    if not (":" in name or name[-1:].isdigit()):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _check(name: str, allowed: re.Pattern[str], *, beside: int = 0) -> None:
    if len(name) + beside > MAX_NAME_OCTETS:
        raise InvalidNameError("name_too_long", f"The full name is longer than {MAX_NAME_OCTETS} characters.")
    if not allowed.fullmatch(name):
        raise _why_not(name, allowed)


def _why_not(name: str, allowed: re.Pattern[str]) -> InvalidNameError:
    # Where every label is fine alone, a second "*" is what the whole name stumbles over.
    label = next((label for label in name.split(".") if not allowed.fullmatch(label)), "*")
    shown = f"“{_shown(label)}”"
    causes = (
        (label == "", "empty_label", f"“{_shown(name)}” has an empty part: two dots in a row, or one in front."),
        (len(label) > MAX_LABEL_OCTETS, "label_too_long", f"{shown} is longer than {MAX_LABEL_OCTETS} characters."),
        ("*" in label, "wildcard", "“*” may only stand alone as the first part of a record's name."),
        (label[:1] == "-" or label[-1:] == "-", "hyphen", f"{shown} begins or ends with a hyphen."),
        (label[2:4] == "--", "hyphen", f"{shown} has hyphens in third and fourth place, which only xn-- may."),
        ("_" in label and allowed is _host, "underscore", f"{shown} has “_”, which host names do not allow."),
        (True, "character", f"{shown} has a character that names do not allow."),
    )
    return next(InvalidNameError(reason, message) for applies, reason, message in causes if applies)


def _check_last_label(name: str) -> None:
    _, dot, last = name.rpartition(".")
    if not dot:
        raise InvalidNameError("single_label", f"“{_shown(name)}” is not a full name such as mail.example.com.")
    if last.isdigit():
        raise InvalidNameError("numeric_ending", f"“{_shown(name)}” ends in a number, as no domain does.")


def _shown(text: str) -> str:
    """Keep what is quoted in a message short and printable."""
    head = text if len(text) <= 80 else f"{text[:79]}…"
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in head)
