"""Method override: a POST that means PUT, PATCH or DELETE, for clients that cannot send those with a body."""

from collections.abc import Mapping
from typing import Any

from alpage.api.errors import ApiError

HEADER = "x-http-method-override"
PARAMETER = "_method"
ALLOWED = ("PUT", "PATCH", "DELETE")


def resolve(method: str, headers: Mapping[str, str], query: dict[str, Any], body: Any) -> str:
    """The method a request means; takes `_method` out of its query and its body.

    Raises `method_override_invalid` when the override is not one, is not in a POST, or two of them disagree.
    """
    by_header = headers.get(HEADER)
    by_parameter = [
        source.pop(PARAMETER) for source in (query, body) if isinstance(source, dict) and PARAMETER in source
    ]
    asked = {str(value).upper() for value in (by_header, *by_parameter) if value is not None}
    if not asked:
        return method
    if method != "POST" or len(asked) > 1 or not asked <= set(ALLOWED):
        raise ApiError(
            "method_override_invalid",
            header=by_header or "",
            parameter=[str(value) for value in by_parameter],
            allowed=list(ALLOWED),
        )
    return asked.pop()
