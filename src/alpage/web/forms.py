"""What a form has sent: its fields and its files."""

from dataclasses import dataclass
from threading import Event
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field as Part
from python_multipart.multipart import File, FormParser, parse_options_header
from starlette.datastructures import ImmutableMultiDict

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAX_FIELDS = 5000


class MalformedFormError(Exception):
    """What was sent is not what its media type says."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file a form has sent. Name and media type are the browser's word."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The fields and the files of a form."""

    fields: "ImmutableMultiDict[str, str]"
    files: "ImmutableMultiDict[str, Upload]"


EMPTY = Form(ImmutableMultiDict(), ImmutableMultiDict())


def read(body: bytes, content_type: str) -> Form:
    """The form of a body; a body of another media type has none. Raises MalformedFormError."""
    kind, options = parse_options_header(content_type)
    if kind == URLENCODED.encode():
        return _read_urlencoded(body)
    if kind == MULTIPART.encode():
        return _read_multipart(body, options.get(b"boundary", b""))
    return EMPTY


def _read_urlencoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise MalformedFormError(str(error)) from None
    return Form(ImmutableMultiDict(pairs), ImmutableMultiDict())


def _read_multipart(body: bytes, boundary: bytes) -> Form:
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, Upload]] = []
    ended = Event()

    def on_field(part: Part) -> None:
        fields.append((_text(part.field_name), _text(part.value)))
        if len(fields) > MAX_FIELDS:
            raise MalformedFormError("too many fields")

    def on_file(part: File) -> None:
        part.file_object.seek(0)
        upload = Upload(_text(part.file_name), part.content_type or "", part.file_object.read())
        if upload.filename or upload.content:  # a browser sends a nameless, empty file where none was chosen
            files.append((_text(part.field_name), upload))

    # The body is in memory already, and under the cap of its surface: nothing is spooled to disk.
    config = {"MAX_MEMORY_FILE_SIZE": len(body) + 1}
    try:
        parser = FormParser(MULTIPART, on_field, on_file, ended.set, boundary, config=config)
        parser.write(body)
        parser.finalize()
    except (FormParserError, UnicodeDecodeError) as error:
        raise MalformedFormError(str(error)) from None
    if not ended.is_set():
        raise MalformedFormError("cut off")
    return Form(ImmutableMultiDict(fields), ImmutableMultiDict(files))


def _text(value: bytes | None) -> str:
    return (value or b"").decode()
