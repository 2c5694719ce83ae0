"""The envelope of every answer: `result` first, `data` last, compact JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from alpage.api.errors import ApiError
from alpage.api.faults import SandboxFault
from alpage.api.streams import EventStream


@dataclass(slots=True)
class Response:
    """An answer on its way to the wire.

    The handler of a route with `answer=Response` makes its own, without envelope.
    """

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)
    content_type: str = "application/json"
    stream: EventStream | None = None  # what goes on after the body
    is_early: bool = False  # the caller would rather wait for another
    fault: SandboxFault | None = None  # what is to go wrong on its way


def success(data: Any, status: int, root: Mapping[str, Any]) -> Response:
    """An answer with its data: what was asked for, or the task that sees to it."""
    return Response(status, orjson.dumps({"result": result(status), **root, "data": data}))


def result(status: int) -> str:
    """The first word of an answer that is no error."""
    return "asynchronous" if status == HTTPStatus.ACCEPTED else "success"


def error(fault: ApiError, language: str, request_id: str, *, text_context: bool = False) -> Response:
    """An answer that says what went wrong.

    `text_context`: every value of the context as a string, which the oldest clients of the DNS routes need.
    """
    content = fault.encode(language, request_id)
    if text_context and "context" in content:
        content["context"] = {key: _as_text(value) for key, value in content["context"].items()}
    return Response(fault.status, orjson.dumps({"result": "error", "error": content}), list(fault.headers))


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
