"""Errors: a code, its status, what the caller needs to mend it.

A product raises `ApiError("zone_already_exists", zone=…)`; its codes stand in the `errors.toml` beside it, with their
statuses and sentences. All faults of one request's input travel together in one `validation_failed`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from alpage.api.languages import Catalogue

CATALOGUE = Catalogue()
CATALOGUE.add(files(__package__) / "errors.toml")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one attribute of a request."""

    code: str
    attribute: str
    context: dict[str, Any] = field(default_factory=dict)

    def encode(self, language: str) -> dict[str, Any]:
        """The fault as `errors[]` carries it."""
        context = {"attribute": self.attribute, **self.context}
        return {"code": self.code, "description": CATALOGUE.describe(self.code, context, language), "context": context}


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(
        self, code: str, *, faults: Sequence[Fault] = (), headers: Sequence[tuple[str, str]] = (), **context: Any
    ) -> None:
        super().__init__(code)
        self.code = code
        self.context = context
        self.faults = list(faults)
        self.headers = list(headers)

    @property
    def status(self) -> int:
        """The HTTP status that belongs to the code."""
        return CATALOGUE.status(self.code)

    def encode(self, language: str, request_id: str) -> dict[str, Any]:
        """The error as the envelope carries it."""
        error: dict[str, Any] = {
            "code": self.code,
            "description": CATALOGUE.describe(self.code, self.context, language),
        }
        if self.context:
            error["context"] = self.context
        if self.faults:
            error["errors"] = [fault.encode(language) for fault in self.faults]
        error["request_id"] = request_id
        return error


def invalid(*faults: Fault) -> ApiError:
    """The error of a request whose input cannot be used."""
    return ApiError("validation_failed", faults=faults)


def not_found(model: str, id: int | str) -> ApiError:
    """The error for an object that does not exist, or is not the caller's to see."""
    return ApiError("object_not_found", model=model, id=id)
