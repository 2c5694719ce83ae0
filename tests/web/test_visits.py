"""What a visit knows of its address."""

from starlette.datastructures import Headers, QueryParams

from alpage.web.design.tables import sortable
from alpage.web.places import Place
from alpage.web.visits import Visit


def visit(query=""):
    place = Place("farm", None, b"secret", base="/farm")
    return Visit(place, "GET", "/goats", QueryParams(query), Headers({}), {}, "192.0.2.1", "de")


def test_addresses_stand_below_the_base():
    assert visit().url("/goats", name="a b", tag=["x", "y"]) == "/farm/goats?name=a+b&tag=x&tag=y"


def test_the_own_address_keeps_what_is_not_changed():
    assert visit("search=a%26b&tag=x&tag=y&page=3").here(page=4) == "/farm/goats?search=a%26b&tag=x&tag=y&page=4"
    assert visit("page=3").here(page=None) == "/farm/goats"


def test_a_column_sorts_and_then_turns_round():
    fresh, up, down = (
        sortable(visit(query), "Name", "name") for query in ("page=2", "order_by=name", "order_by=name&order=desc")
    )
    assert (fresh.order, fresh.sort) == ("", "/farm/goats?order_by=name&order=asc")
    assert (up.order, up.sort) == ("asc", "/farm/goats?order_by=name&order=desc")
    assert (down.order, down.sort) == ("desc", "/farm/goats?order_by=name&order=asc")
    assert sortable(visit("order_by=age"), "Name", "name").order == ""


def test_messages_are_said_in_the_visitors_language():
    assert visit().gettext("Error %(number)s", number=404) == "Fehler 404"
    assert visit().ngettext("One call", "%(num)s calls", 3) == "3 Aufrufe"
