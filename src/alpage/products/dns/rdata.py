"""What a record says, by type: what clients send is read, checked and brought into the form that is stored and shown.

The stored target is the presentation format of the DNS with two liberties, so that every known client gets
back what it understands:

- Names in a target are absolute and stored without the final dot. Clients send both forms; those that need
  the dot add it when it is missing, while those that compare with what a person typed would stumble over a
  dot nobody wrote.
- A text is stored in quotes, since ACME clients compare with the quoted form, and keeps its UTF-8 letters
  readable.

A text that comes without quotes is taken letter by letter, backslashes too; in quotes, the escapes of RFC
1035, 5.1 apply. Hexadecimal data is lower case and without spaces. `presentation` gives the strict form that
zone files and name servers need.
"""

import re
from collections.abc import Callable

import dns.exception
import dns.ipv4
import dns.ipv6
import dns.name
import dns.rdata
import dns.rdataclass

from alpage.products.dns import names

MAX_TEXT_OCTETS = 16_384  # a set of records must fit, all together, in one answer of 65,535
_MAX_STRING_OCTETS = 255
_MAX_TARGET_CHARACTERS = 80_000  # the longest text with every byte written as an escape

_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # control characters, and halves of UTF-16 pairs
_PLAIN_TEXT = re.compile(r"[ !#-\[\]-~]*")
_QUOTED_STRING = r'"((?:[^"\\]|\\.)*)"'
_quoted_string = re.compile(_QUOTED_STRING)
_quoted_strings = re.compile(rf"{_QUOTED_STRING}(?: *{_QUOTED_STRING})*")
_escape = re.compile(rb"\\(?:([0-9]{1,3})|([^0-9]))")
_DATA = re.compile(r"[0-9A-Za-z+/= -]+")
_ISSUER = re.compile(r"(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*)? *(?:;[ -~]*)?")
_REPORT_URL = re.compile(r"(?:mailto:|https?://)[!-~]+")


class InvalidRecordError(ValueError):
    """A record that cannot be.

    `code` is the API's error code, `reason` a stable word for the rule that failed, the message is for
    people.
    """

    code = "invalid_dns_record"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class UnsupportedTypeError(InvalidRecordError):
    """A record type that is not known here, or that customers do not write."""

    code = "unsupported_dns_record_type"


def parse(rtype: str, target: str, zone: str) -> str:
    """Read a target as clients send it and give the form that is stored; raises `InvalidRecordError`.

    "@" as a host name stands for the zone. Reading a stored target gives the same target.
    """
    reader = _readers.get(rtype.upper())
    if reader is None:
        raise UnsupportedTypeError("type_unknown", f"There are no {rtype[:20]!a} records here.")
    text = target.strip()
    if not text:
        raise InvalidRecordError("target_empty", "The target is empty.")
    if len(text) > _MAX_TARGET_CHARACTERS:
        raise InvalidRecordError("target_too_long", f"A target has at most {_MAX_TARGET_CHARACTERS} characters.")
    if _UNFIT.search(text):
        raise InvalidRecordError("control_character", "A target has no line breaks, tabs or other control characters.")
    try:
        return reader(text, zone)
    except names.InvalidNameError as error:
        raise InvalidRecordError(error.reason, error.message) from error


def check_writable(rtype: str) -> None:
    """Refuse the types that customers only read, and unknown ones; raises `UnsupportedTypeError`."""
    if rtype.upper() not in _readers:
        raise UnsupportedTypeError("type_unknown", f"There are no {rtype[:20]!a} records here.")
    if rtype.upper() not in WRITABLE:
        raise UnsupportedTypeError("type_read_only", f"{rtype.upper()} records are made by the platform.")


def presentation(rtype: str, target: str) -> str:
    """Give a stored target in strict presentation format: names end in a dot."""
    if rtype == "SOA":
        mname, rname, numbers = target.split(" ", 2)
        return f"{mname}. {rname}. {numbers}"
    if rtype in _HOST_LAST and not target.endswith("."):
        return f"{target}."
    return target


def to_rdata(rtype: str, target: str) -> dns.rdata.Rdata:
    """Give a stored target as dnspython's object, for what speaks the wire format."""
    return dns.rdata.from_text(dns.rdataclass.IN, rtype, presentation(rtype, target))


def display(rtype: str, target: str) -> str:
    """Give a stored target for people: texts joined and without quotes, names in Unicode."""
    if rtype == "TXT":
        return b"".join(_strings(target)).decode("utf-8", "replace")
    if rtype in _HOST_LAST:
        *numbers, name = target.split(" ")
        return " ".join([*numbers, names.to_unicode(name)])
    return target


# Readers, one a type


def _read_a(text: str, _zone: str) -> str:
    try:
        return dns.ipv4.inet_ntoa(dns.ipv4.inet_aton(text))
    except dns.exception.DNSException as error:
        raise InvalidRecordError(
            "ipv4_address", f"{_quoted(text)} is not an IPv4 address such as 192.0.2.1."
        ) from error


def _read_aaaa(text: str, _zone: str) -> str:
    try:
        return dns.ipv6.inet_ntoa(dns.ipv6.inet_aton(text))
    except (dns.exception.DNSException, ValueError) as error:
        raise InvalidRecordError(
            "ipv6_address", f"{_quoted(text)} is not an IPv6 address such as 2001:db8::1."
        ) from error


def _read_alias(text: str, zone: str) -> str:
    return zone if text == "@" else names.alias(text)


def _read_host(text: str, zone: str) -> str:
    return zone if text == "@" else names.host(text)


def _read_mx(text: str, zone: str) -> str:
    priority, exchange = _fields(text, 2, "MX", "10 mail.example.com")
    # A single dot says that the domain takes no mail (RFC 7505).
    host = "." if exchange == "." else _read_host(exchange, zone)
    return f"{_number(priority, 65535, 'priority')} {host}"


def _read_srv(text: str, zone: str) -> str:
    priority, weight, port, target = _fields(text, 4, "SRV", "10 5 5060 sip.example.com")
    # A single dot says that the service is not offered (RFC 2782).
    host = "." if target == "." else _read_host(target, zone)
    numbers = (
        _number(priority, 65535, "priority"),
        _number(weight, 65535, "weight"),
        _number(port, 65535, "port"),
    )
    return f"{numbers[0]} {numbers[1]} {numbers[2]} {host}"


def _read_txt(text: str, _zone: str) -> str:
    quoted = text.startswith('"')
    content = text[1:-1] if quoted and len(text) > 1 and text.endswith('"') else text
    if len(content) <= _MAX_STRING_OCTETS and _PLAIN_TEXT.fullmatch(content):
        return f'"{content}"'
    strings = _strings(text) if quoted else [text.encode()]
    if sum(map(len, strings)) > MAX_TEXT_OCTETS:
        raise InvalidRecordError("text_too_long", f"A text has at most {MAX_TEXT_OCTETS} bytes.")
    return " ".join(_quote(piece) for string in strings for piece in _pieces(string))


def _read_caa(text: str, _zone: str) -> str:
    flags, tag, value = _fields(text, 3, "CAA", '0 issue "ca.example.net"')
    tag = tag.lower()
    if not (tag.isascii() and tag.isalnum() and len(tag) <= 15):
        raise InvalidRecordError("caa_tag", f"{_quoted(tag)} is not a tag such as issue, issuewild or iodef.")
    strings = _strings(value) if value.startswith('"') else [value.encode()]
    if len(strings) > 1:
        raise InvalidRecordError("quotes", "The value of a CAA record is one quoted text.")
    content = strings[0]
    if len(content) > MAX_TEXT_OCTETS:
        raise InvalidRecordError("text_too_long", f"A value has at most {MAX_TEXT_OCTETS} bytes.")
    _check_caa_value(tag, content.decode("utf-8", "replace"))
    return f"{_number(flags, 255, 'flags')} {tag} {_quote(content)}"


def _check_caa_value(tag: str, value: str) -> None:
    if tag in {"issue", "issuewild", "issuemail"} and not _ISSUER.fullmatch(value.strip()):
        raise InvalidRecordError(
            "caa_issuer",
            f"{_quoted(value)} does not begin with the domain of an authority; “;” alone allows none.",
        )
    if tag == "iodef" and not _REPORT_URL.fullmatch(value):
        raise InvalidRecordError("caa_report_url", f"{_quoted(value)} is not a mailto:, http: or https: address.")


def _reader_of_data(rtype: str, numbers: int, example: str) -> Callable[[str, str], str]:
    """Make the reader of a type that is a few numbers and then binary data, which dnspython knows to check."""

    def read(text: str, _zone: str) -> str:
        if not _DATA.fullmatch(text):
            raise InvalidRecordError("data", f"The target of a {rtype} record has the form “{example}”.")
        try:
            fields = dns.rdata.from_text(dns.rdataclass.IN, rtype, text).to_text().split(" ")
        except (dns.exception.DNSException, ValueError) as error:
            raise InvalidRecordError(
                "data", f"This is not the form of a {rtype} record, such as “{example}”: {error}."
            ) from error
        data = "".join(fields[numbers:])
        if not data:
            raise InvalidRecordError("data", f"The data of the {rtype} record is missing; it has the form “{example}”.")
        return " ".join([*fields[:numbers], data])

    return read


def _read_soa(text: str, _zone: str) -> str:
    mname, rname, *numbers = _fields(text, 7, "SOA", "ns.example.net hostmaster.example.net 1 86400 7200 3600000 3600")
    try:
        mailbox = dns.name.from_text(rname).to_text(omit_final_dot=True).lower()
    except (dns.exception.DNSException, UnicodeError) as error:
        raise InvalidRecordError("mailbox", f"{_quoted(rname)} is not the name form of a mailbox.") from error
    if mailbox == ".":
        raise InvalidRecordError("mailbox", "The mailbox of an SOA record is not empty.")
    labels = ("serial", "refresh", "retry", "expire", "minimum")
    values = [str(_number(number, 2**32 - 1, label)) for number, label in zip(numbers, labels, strict=True)]
    return " ".join([names.host(mname), mailbox, *values])


_readers: dict[str, Callable[[str, str], str]] = {
    "A": _read_a,
    "AAAA": _read_aaaa,
    "CAA": _read_caa,
    "CNAME": _read_alias,
    "DNAME": _read_alias,
    "DNSKEY": _reader_of_data("DNSKEY", 3, "257 3 13 mdsswUyr…"),
    "DS": _reader_of_data("DS", 3, "12345 13 2 9f86d081884c…"),
    "MX": _read_mx,
    "NS": _read_host,
    "PTR": _read_alias,
    "SMIMEA": _reader_of_data("SMIMEA", 3, "3 1 1 9f86d081884c…"),
    "SOA": _read_soa,
    "SRV": _read_srv,
    "SSHFP": _reader_of_data("SSHFP", 2, "4 2 9f86d081884c…"),
    "TLSA": _reader_of_data("TLSA", 3, "3 1 1 9f86d081884c…"),
    "TXT": _read_txt,
}
READABLE = tuple(_readers)
WRITABLE = tuple(rtype for rtype in _readers if rtype not in {"DNSKEY", "PTR", "SOA"})
_HOST_LAST = frozenset({"CNAME", "DNAME", "MX", "NS", "PTR", "SRV"})


def _fields(text: str, count: int, rtype: str, example: str) -> list[str]:
    fields = text.split(None, count - 1)
    if len(fields) != count:
        raise InvalidRecordError("fields", f"The target of a {rtype} record has {count} parts, such as “{example}”.")
    return fields


def _number(text: str, maximum: int, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= maximum):
        raise InvalidRecordError(
            "number_range", f"The {name} is a whole number from 0 to {maximum}, not {_quoted(text)}."
        )
    return int(text)


# Character strings (RFC 1035, 3.3 and 5.1)


def _strings(text: str) -> list[bytes]:
    """Take quoted strings apart into their bytes."""
    if not _quoted_strings.fullmatch(text):
        raise InvalidRecordError("quotes", 'A quoted text ends with its quote; a quote inside is written \\".')
    return [_unescape(string.encode()) for string in _quoted_string.findall(text)]


def _unescape(data: bytes) -> bytes:
    if b"\\" not in data:
        return data
    return _escape.sub(_unescaped, data)


def _unescaped(match: re.Match[bytes]) -> bytes:
    number, character = match.groups()
    if number is None:
        return bytes(character)
    if len(number) != 3 or int(number) > 255:
        raise InvalidRecordError("escape", f"\\{number.decode()} is no byte: they are written from \\000 to \\255.")
    return bytes([int(number)])


def _pieces(string: bytes) -> list[bytes]:
    """Cut what is too long for one character string, never inside a UTF-8 letter."""
    pieces = []
    while len(string) > _MAX_STRING_OCTETS:
        end = _MAX_STRING_OCTETS
        while end > _MAX_STRING_OCTETS - 3 and string[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(string[:end])
        string = string[end:]
    return [*pieces, string]


def _quote(string: bytes) -> str:
    letters = string.decode("utf-8", "surrogateescape")
    if _PLAIN_TEXT.fullmatch(letters):
        return f'"{letters}"'
    return f'"{"".join(map(_escaped, letters))}"'


def _escaped(letter: str) -> str:
    if letter in {'"', "\\"}:
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return "".join(f"\\{byte:03d}" for byte in letter.encode("utf-8", "surrogateescape"))


def _quoted(text: str) -> str:
    return f"“{text[:79]}…”" if len(text) > 80 else f"“{text}”"
