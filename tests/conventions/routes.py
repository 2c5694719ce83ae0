"""Every route there is, for the tests that hold each of them to the conventions."""

from collections.abc import Callable

import pytest

from alpage import app
from alpage.api.routes import Route

ROUTES = app.route_table().routes


def of_every_route(wanted: Callable[[Route], bool] = lambda _: True) -> pytest.MarkDecorator:
    """Runs a test once for each route that is wanted."""
    routes = [route for route in ROUTES if wanted(route)]
    assert routes, "no route is held to this convention"
    return pytest.mark.parametrize("route", routes, ids=[route.name for route in routes])


def path_of(route: Route, value: str = "999999999") -> str:
    """The route's path with its placeholders filled."""
    path = f"/{route.version}{route.path}"
    for parameter in route.parameters:
        path = path.replace(f"{{{parameter.name}}}", value)
    return path
