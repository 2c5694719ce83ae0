"""The Python SDK: calls any server that speaks this API, ours or the reference one.

It imports nothing of the platform. The manager is built on it, as any customer's manager could be.
"""

from typing import TYPE_CHECKING, Any

from alpage.client.answers import Answer
from alpage.client.errors import ApiError, Fault

if TYPE_CHECKING:
    from alpage.client.calls import Alpage

__all__ = ["Alpage", "Answer", "ApiError", "Fault"]


def __getattr__(name: str) -> Any:
    """Loads what needs the network once it is asked for: who only reads errors can do without it."""
    if name != "Alpage":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from alpage.client.calls import Alpage  # noqa: PLC0415 - this is the place where it is loaded

    return Alpage
