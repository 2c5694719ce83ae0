"""What a request carries: its JSON body, and its query string with `filter[a][]=b` read as nested values."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from alpage.api.errors import ApiError

MAX_DEPTH = 64
JSON = "application/json"
_KEY = re.compile(r"[^\[\]]+|\[\]")


def read_json(body: bytes, headers: Mapping[str, str]) -> Any:
    """The value of a JSON body; no body counts as `{}`.

    Raises `unsupported_media_type` and `malformed_json` (with line and column).
    """
    if not body.strip():
        return {}
    content_type = headers.get("content-type", JSON)
    if not _is_json(content_type):
        raise ApiError("unsupported_media_type", content_type=content_type, supported=[JSON])
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError("malformed_json", line=error.lineno, column=error.colno) from None
    if _deeper_than(value, MAX_DEPTH):
        raise ApiError("malformed_json", line=1, column=1)
    return value


@lru_cache(maxsize=256)
def _is_json(content_type: str) -> bool:
    name = content_type.partition(";")[0].strip().lower()
    return name == JSON or (name.startswith("application/") and name.endswith("+json"))


def _deeper_than(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_deeper_than(item, depth - 1) for item in inner)


def read_query(text: str) -> dict[str, Any]:
    """The values of a query string: strings, lists (`a[]=1`, or `a=1&a=2`) and maps (`a[b]=1`)."""
    values: dict[str, Any] = {}
    if text:
        for name, value in parse_qsl(text, keep_blank_values=True):
            _put(values, _KEY.findall(name) or [name], value)
    return values


def _put(values: dict[str, Any], keys: list[str], value: str) -> None:
    *path, last = keys
    if last == "[]" and path:
        *path, last = path
        _branch(values, path).setdefault(last, [])
        value_list = _branch(values, path)[last]
        if isinstance(value_list, list):
            value_list.append(value)
        return
    branch = _branch(values, path)
    earlier = branch.get(last)
    if earlier is None or isinstance(earlier, dict):
        branch[last] = value
    else:
        branch[last] = [*(earlier if isinstance(earlier, list) else [earlier]), value]


def _branch(values: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for key in path:
        inner = values.get(key)
        if not isinstance(inner, dict):
            inner = values[key] = {}
        values = inner
    return values
