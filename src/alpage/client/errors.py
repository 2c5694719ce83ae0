"""What the API says when it refuses a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one attribute of a request."""

    code: str
    description: str
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attribute(self) -> str:
        """The attribute, as a dot path."""
        return str(self.context.get("attribute", ""))


class ApiError(Exception):
    """An answer that is an error. `code` never changes; `description` is in the language that was asked for."""

    def __init__(self, status: int, error: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.code = str(error.get("code", "unexpected_error"))
        self.description = str(error.get("description", ""))
        self.context: Mapping[str, Any] = error.get("context") or {}
        self.request_id = str(error.get("request_id") or headers.get("x-request-id", ""))
        self.headers = headers
        self.faults = [
            Fault(str(one.get("code", "")), str(one.get("description", "")), one.get("context") or {})
            for one in error.get("errors") or []
        ]
        super().__init__(f"{self.code}: {self.description}")
