"""Pages: declared once, beside what they show.

A module of a room says

    pages = Pages()

    @pages.get("/domains/{id:int}")
    def show_domain(visit: Visit[Manager], id: int) -> Response:
        return visit.render("manager/domain.html", domain=visit.surface.client.domains.get(id))

Functions are plain synchronous Python. Paths stand below the place's own (`/manager`), in the notation of Starlette. A
secret never stands in a path: paths are logged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from starlette.responses import Response

from alpage.discovery import modules

Handler = TypeVar("Handler", bound=Callable[..., Response])


@dataclass(frozen=True, slots=True)
class Page:
    """One declared page."""

    method: str
    path: str
    function: Callable[..., Response]
    foreign: bool  # other sites may send it: no check against forged requests


class Pages:
    """The pages of one module."""

    def __init__(self) -> None:
        self.declared: list[Page] = []

    def get(self, path: str) -> Callable[[Handler], Handler]:
        """Declares a page that is looked at. It answers HEAD too, and changes nothing."""
        return self.on("GET", path)

    def post(self, path: str, *, foreign: bool = False) -> Callable[[Handler], Handler]:
        """Declares what a form does; it is refused unless one of our own pages sent it, or it is `foreign`."""
        return self.on("POST", path, foreign=foreign)

    def on(self, method: str, path: str, *, foreign: bool = False) -> Callable[[Handler], Handler]:
        """Declares what any other method does, for the protocols that share a surface with pages."""

        def declare(function: Handler) -> Handler:
            self.declared.append(Page(method, path, function, foreign))
            return function

        return declare


def collect(package: ModuleType) -> list[Page]:
    """The pages of every module of a package that has a `pages`."""
    found: list[Page] = []
    for module in modules(package):
        pages: Any = getattr(module, "pages", None)
        if isinstance(pages, Pages):
            found.extend(pages.declared)
    return found
