"""The page that shows every part of the family in every state."""

from typing import Any

from starlette.responses import Response

from alpage.web.visits import Visit


def show(visit: Visit[Any]) -> Response:
    """The page."""
    return visit.render("design/every_part.html")
