"""Columns one can sort by: how a table is sorted stands in the address, in the words of the API."""

from typing import Any, Literal

from alpage.web.design.parts import Column
from alpage.web.visits import Visit


def sortable(visit: Visit[Any], label: str, name: str, kind: Literal["", "number"] = "") -> Column:
    """A column whose head sorts by the field `name`, and the other way round when it already does."""
    is_here = visit.query.get("order_by") == name
    order: Literal["asc", "desc"] = "desc" if visit.query.get("order") == "desc" else "asc"
    following = "desc" if is_here and order == "asc" else "asc"
    return Column(label, visit.here(order_by=name, order=following, page=None), order if is_here else "", kind)
