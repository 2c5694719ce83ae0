"""Conditional requests (RFC 9110, 13): each single object has an `ETag`; `If-None-Match` reads it only if it has
changed, `If-Match` writes it only if it has not.

The tag of an object names what a plain GET of it answers. With expansions, a second part names all of the answer; a
write looks at the first part alone, so that who read more of an object may change it all the same.
"""

from collections.abc import Callable
from hashlib import blake2b
from http import HTTPStatus

from alpage.api.calls import Call
from alpage.api.envelope import Response
from alpage.api.errors import ApiError

LENGTH_BYTES = 16
ANY = "*"


def tag_of(body: bytes, expanded: bytes | None = None) -> str:
    """The tag of an object: of the plain answer, and of the one with expansions where there are some."""
    return f'"{_hash(body)}"' if expanded is None else f'"{_hash(body)}.{_hash(expanded)}"'


def is_unchanged(call: Call, tag: str) -> bool:
    """Whether the caller has this version already; weak comparison (RFC 9110, 13.1.2)."""
    given = call.request.headers.get("if-none-match")
    return given is not None and (given.strip() == ANY or tag in (one.removeprefix("W/") for one in _tags(given)))


def not_modified(tag: str) -> Response:
    """The answer to who has this version."""
    return Response(HTTPStatus.NOT_MODIFIED, b"", [("ETag", tag)])


def is_not_modified(response: Response) -> bool:
    """Whether an answer says that the caller has this version, which costs him nothing."""
    return response.status == HTTPStatus.NOT_MODIFIED


def is_write(call: Call) -> bool:
    """Whether a call is to write an object only in a version that it names."""
    return call.writes and "if-match" in call.request.headers


def require_match(call: Call, tag_now: Callable[[Call], str]) -> None:
    """Raises `precondition_failed` for the write of an object that is in no version the caller names.

    Strong comparison (RFC 9110, 13.1.1).
    """
    if not is_write(call):
        return
    expected, tag = call.request.headers["if-match"], tag_now(call)
    matches = bool(tag) and (expected.strip() == ANY or _plain(tag) in map(_plain, _tags(expected)))
    if not matches:
        headers = [("ETag", tag)] if tag else []
        raise ApiError("precondition_failed", headers=headers, expected_etag=expected, current_etag=tag)


def _tags(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",")]


def _plain(tag: str) -> str:
    return tag.partition(".")[0].removesuffix('"') + '"'


def _hash(body: bytes) -> str:
    return blake2b(body, digest_size=LENGTH_BYTES).hexdigest()
