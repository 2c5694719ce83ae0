"""Input: what a request carries, held against what its route declares; all faults at once.

Pydantic finds the faults, this module puts them into the words of the API. Unknown fields do no harm, but are named in
`X-Ignored-Parameters`, so that a typo can be seen.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from alpage.api.errors import Fault
from alpage.api.routes import Shape

ShapeType = TypeVar("ShapeType", bound=Shape)
Item = TypeVar("Item")

LARGEST = 2**63 - 1  # what a column of numbers holds
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]  # what people call it
Number = Annotated[int, Field(ge=0, le=LARGEST)]  # an id, or a moment in seconds, to compare a column with

_LIMITS = {  # pydantic's rule → our code, its key in the context, pydantic's key
    "greater_than_equal": ("attribute_min_value", "min_value", "ge"),
    "greater_than": ("attribute_min_value", "min_value", "gt"),
    "less_than_equal": ("attribute_max_value", "max_value", "le"),
    "less_than": ("attribute_max_value", "max_value", "lt"),
    "multiple_of": ("attribute_multiple_of", "multiple_of", "multiple_of"),
    "string_too_short": ("attribute_min_length", "min_length", "min_length"),
    "string_too_long": ("attribute_max_length", "max_length", "max_length"),
    "too_short": ("attribute_min_items", "min_items", "min_length"),
    "too_long": ("attribute_max_items", "max_items", "max_length"),
    "string_pattern_mismatch": ("attribute_regex", "pattern", "pattern"),
}
_EXPECTED = {
    "int": "integer", "bool": "boolean", "string": "string", "list": "array", "dict": "object", "model": "object",
    "float": "number", "model_attributes": "object", "tuple": "array", "set": "array", "frozen_set": "array",
}  # fmt: skip
_ACTUAL = {
    str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object", type(None): "null",
}  # fmt: skip


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Several = Annotated[tuple[Item, ...], BeforeValidator(_as_list)]  # in a query: `a[]=1`, `a=1&a=2`, or a single `a=1`


def fault(code: str, **context: Any) -> PydanticCustomError:
    """The error a validator of a shape raises to refuse a value with a code of ours."""
    return PydanticCustomError(code, code, context)


def validate(shape: type[ShapeType], value: Any, faults: list[Fault], prefix: str = "") -> ShapeType | None:
    """The value as the shape has it, or None when it has faults, which are then added."""
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        faults.extend(_fault(detail, prefix, shape) for detail in error.errors(include_url=False))
        return None


def ignored(shape: type[Shape] | None, value: Any, known: Iterable[str] = ()) -> list[str]:
    """The names in a value that nothing of the route reads."""
    if not isinstance(value, dict):
        return []
    names = _names(shape) if shape else frozenset()
    return [name for name in value if name not in names and name not in known]


@cache
def _names(shape: type[Shape]) -> frozenset[str]:
    return frozenset(
        name for field, info in shape.model_fields.items() for name in (field, info.alias) if isinstance(name, str)
    )


def _fault(detail: ErrorDetails, prefix: str, shape: type[Shape]) -> Fault:
    kind, context = detail["type"], dict(detail.get("ctx", {}))
    attribute = ".".join(str(part) for part in ((prefix, *detail["loc"]) if prefix else detail["loc"]))
    if kind == "missing":
        return Fault("attribute_required", attribute)
    if kind == "extra_forbidden":
        return not_among("attribute_filter", attribute, str(detail["loc"][-1]), list(shape.model_fields))
    if kind in ("literal_error", "enum"):
        return not_among("attribute_in", attribute, str(detail["input"]), _values(context["expected"]))
    if kind in _LIMITS:
        code, ours, theirs = _LIMITS[kind]
        return Fault(code, attribute, {ours: context[theirs]})
    if kind.startswith("attribute_"):
        return Fault(kind, attribute, context)
    return _wrong_type(attribute, detail)


def _values(expected: str) -> list[str]:
    return [part.strip("' ") for part in expected.replace(" or ", ", ").split(", ")]


def not_among(code: str, attribute: str, value: str, values: list[str]) -> Fault:
    """The fault of a value that is none of those allowed, with the nearest of them if one is near."""
    close = get_close_matches(value, values, n=1)
    return Fault(code, attribute, {"values": values, **({"suggestion": close[0]} if close else {})})


def _wrong_type(attribute: str, detail: ErrorDetails) -> Fault:
    stem = detail["type"].removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float")
    expected = _EXPECTED.get(stem, stem.removesuffix("_parsing_size"))
    return Fault(
        "attribute_type", attribute, {"expected": expected, "actual": _ACTUAL.get(type(detail["input"]), "other")}
    )
