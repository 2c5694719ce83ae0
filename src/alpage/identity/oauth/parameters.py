"""Parameters: what a request to the login says, in its query or in its form, never in both together.

A parameter stands once (RFC 6749, 3.1 and 3.2), save those whose standard lets them stand several times; one without a
value counts as left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_form, parse_options_header

URLENCODED, MULTIPART = b"application/x-www-form-urlencoded", b"multipart/form-data"
MAX_PARAMETERS, MAX_NAME_LENGTH, MAX_VALUE_LENGTH = 50, 128, 16_384
SEVERAL = frozenset({"resource"})  # may be repeated (RFC 8707, 2)


class RepeatedParameterError(InvalidRequestError):
    """A parameter that stands twice."""

    def __init__(self, name: str) -> None:
        super().__init__("a parameter is repeated")
        self.name = name


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one request."""

    values: Mapping[str, str]
    resources: tuple[str, ...] = field(default=())

    def get(self, name: str, default: str = "") -> str:
        """The value of a parameter."""
        return self.values.get(name, default)


def read_query(text: str) -> Parameters:
    """The parameters of a query string. Raises InvalidRequestError."""
    return _collect(_pairs(text))


def read_form(body: bytes, content_type: str) -> Parameters:
    """The parameters of a form, URL-encoded or multipart. Raises InvalidRequestError."""
    kind, _ = parse_options_header(content_type)
    if kind == URLENCODED:
        return _collect(_pairs(_decode(body)))
    if kind == MULTIPART:
        return _collect(_parts(body, content_type))
    if body:
        raise InvalidRequestError("the body is not a form")
    return Parameters({})


def split(text: str) -> list[str]:
    """The words of a parameter that is a list separated by spaces, each once, in their order."""
    return [*dict.fromkeys(word for word in text.split(" ") if word)]


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:  # a UnicodeDecodeError is one
        raise InvalidRequestError("the parameters cannot be read") from None


def _parts(body: bytes, content_type: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def take(part: Any) -> None:
        found.append((_decode(part.field_name or b""), _decode(part.value or b"")))

    def refuse(_file: Any) -> None:
        raise InvalidRequestError("the form has a file in it")

    headers: dict[str, bytes] = {
        "Content-Type": content_type.encode("latin-1", "replace"),
        "Content-Length": str(len(body)).encode(),
    }
    try:
        parse_form(headers, BytesIO(body), take, refuse)
    except (FormParserError, ValueError):
        raise InvalidRequestError("the form cannot be read") from None
    return found


def _decode(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise InvalidRequestError("the parameters are not UTF-8") from None


def _collect(pairs: Iterable[tuple[str, str]]) -> Parameters:
    values: dict[str, str] = {}
    resources: list[str] = []
    for number, (name, value) in enumerate(pairs):
        too_long = len(name) > MAX_NAME_LENGTH or len(value) > MAX_VALUE_LENGTH
        if too_long or number >= MAX_PARAMETERS or "\0" in name or "\0" in value:
            raise InvalidRequestError("the parameters cannot be read")
        if name in SEVERAL:
            resources += [value] if value else []
        elif name in values:
            raise RepeatedParameterError(name)
        else:
            values[name] = value
    return Parameters({name: value for name, value in values.items() if value}, tuple(dict.fromkeys(resources)))
