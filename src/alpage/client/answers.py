"""What the API answers when a call went well."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its data, and what stands beside it in the envelope (`total`, `page`, `cursor`, `changes` …)."""

    status: int
    data: Any
    root: Mapping[str, Any]
    headers: Mapping[str, str]
    content: bytes = b""  # of an answer without envelope: a file

    @property
    def total(self) -> int | None:
        """How many elements there are in all, where the answer says so."""
        return self.root.get("total")
