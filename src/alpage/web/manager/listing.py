"""Lists: what a visitor asks of one — page, order, words to find — and how the head of its table says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from alpage.client import Answer
from alpage.web.design.parts import Column
from alpage.web.manager import calls
from alpage.web.manager.surface import Visit

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a list, as the page's own query has it: `page`, `search`, `order_by`, `order`."""

    visit: Visit
    page: int
    search: str
    order_by: str
    order: Literal["asc", "desc"]

    def column(self, name: str, label: str, kind: Literal["", "number", "actions"] = "") -> Column:
        """The head of a column the list can be sorted by."""
        here = name == self.order_by
        turned = "desc" if here and self.order == "asc" else "asc"
        link = self.visit.here(order_by=name, order=turned, page=None)
        return Column(label, sort=link, order=self.order if here else "", kind=kind)

    def fetch(self, path: str, *, per_page: int = PER_PAGE, **query: Any) -> Answer:
        """The page of the list that is asked. Raises ApiError."""
        return calls.api(self.visit).list(
            path,
            **query,
            search=self.search or None,
            order_by=self.order_by,
            order=self.order,
            page=self.page,
            per_page=per_page,
        )


def read(visit: Visit, sorts: Iterable[str], order: Literal["asc", "desc"] = "asc") -> Asked:
    """What is asked, as far as it makes sense; the first of `sorts` and `order` are how a list stands by itself."""
    first, *others = sorts
    order_by = visit.query.get("order_by", first)
    page = visit.query.get("page", "1")
    asked_order = visit.query.get("order", order)
    return Asked(
        visit=visit,
        page=max(1, int(page)) if page.isdecimal() and len(page) < 10 else 1,
        search=visit.query.get("search", "").strip(),
        order_by=order_by if order_by in (first, *others) else first,
        order="desc" if asked_order == "desc" else "asc",
    )


def filters(**values: Any) -> Mapping[str, Any]:
    """Filters as the API has them; an empty one is left out."""
    return {f"filter[{name}]": value or None for name, value in values.items()}
