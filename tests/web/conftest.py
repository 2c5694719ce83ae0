"""A small place with a few pages of its own, and a browser's manners to call it with."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from alpage.api.errors import not_found
from alpage.api.networks import Networks
from alpage.api.workers import Workers
from alpage.web.design import every_part
from alpage.web.pages import Pages
from alpage.web.places import Place
from alpage.web.sites import Site
from alpage.web.visits import Visit

ORIGIN = "https://testserver"
SECRET = b"a secret of the tests"
FORM_ACTION = ("https://app.example/callback?x=1", "org.example.app:/done")

pages = Pages()
pages.get("/design")(every_part.show)
pages.get("/calm")(every_part.show_calm)


@pages.get("/goats/{id:int}")
def show_goat(visit: Visit[Any], id: int) -> Response:
    return PlainTextResponse(f"goat {id} of {visit.surface.name}, {visit.ip}, {visit.language}")


@pages.get("/form")
def show_form(visit: Visit[Any]) -> Response:
    return PlainTextResponse(visit.csrf)


@pages.post("/form")
def send_form(visit: Visit[Any]) -> Response:
    visit.set_cookie("thanks", "yes")
    files = {name: (file.filename, file.content.decode()) for name, file in visit.files.multi_items()}
    return PlainTextResponse(f"{visit.form.multi_items()} {files}")


@pages.post("/foreign", foreign=True)
def take_foreign(visit: Visit[Any]) -> Response:
    return PlainTextResponse(visit.body.decode())


@pages.get("/wide")
def show_wide(visit: Visit[Any]) -> Response:
    return visit.render("design/problem.html", form_action=FORM_ACTION, number=1, title="", sentence="")


@pages.post("/large")
def take_large(visit: Visit[Any]) -> Response:
    return PlainTextResponse("")


@pages.get("/away")
def leave(visit: Visit[Any]) -> Response:
    return visit.redirect(visit.query["to"])


@pages.get("/missing")
def miss(visit: Visit[Any]) -> Response:
    raise not_found("goat", 7)


@pages.get("/broken")
def fail(visit: Visit[Any]) -> Response:
    raise RuntimeError("the fence is down")


@pytest.fixture
def site() -> Iterator[Site[Any]]:
    place = Place("farm", SimpleNamespace(name="Goat Farm"), SECRET, base="/farm", session_cookie="farm-session")
    workers = Workers(1)
    yield Site(place, pages.declared, workers, Networks(["10.0.0.0/8"]), body_limit_bytes=4096)
    workers.stop()


@pytest.fixture
def browser(site: Site[Any]) -> TestClient:
    return TestClient(site, ORIGIN, headers={"sec-fetch-site": "same-origin"}, follow_redirects=False)
