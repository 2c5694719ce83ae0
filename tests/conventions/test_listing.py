"""Order, offset, pages, totals, search, filters and expansions."""

from base64 import b64encode

import pytest

from tests.conventions.routes import of_every_route, path_of


def ids(prober, query):
    answer = prober.call("GET", f"/1/probe/numbers?{query}")
    assert answer.status_code == 200, answer.text
    return [number["id"] for number in answer.json()["data"]]


def faults(prober, query):
    answer = prober.call("GET", f"/1/probe/numbers?{query}")
    assert answer.status_code == 422, answer.text
    return {fault["context"]["attribute"]: fault for fault in answer.json()["error"]["errors"]}


@pytest.mark.parametrize("query", ["order_by=name", "order_by[]=name", "order_by=name,id", "order_for[name]=asc"])
def test_order_by_as_string_list_and_array(prober, query):
    assert ids(prober, f"{query}&limit=3") == [3, 6, 9]


def test_order_direction_for_all_and_for_one(prober):
    assert ids(prober, "order_by=name,id&order=desc&limit=2") == [23, 20]
    assert ids(prober, "order_by=name,id&order=desc&order_for[name]=asc&limit=2") == [24, 21]
    assert ids(prober, "order=desc&limit=1") == [25]


def test_what_cannot_be_sorted_by(prober):
    fault = faults(prober, "order_by=nam&order=up")
    assert fault["order_by"]["code"] == "attribute_order_by"
    assert fault["order_by"]["context"] == {"attribute": "order_by", "values": ["id", "name"], "suggestion": "name"}
    assert fault["order"]["context"]["values"] == ["asc", "desc"]


def test_offset(prober):
    assert ids(prober, "limit=2&skip=3") == [4, 5]
    assert ids(prober, "skip=24") == [25]


@pytest.mark.parametrize("name", ["per_page", "items_per_page", "items"])
def test_pages(prober, name):
    answer = prober.call("GET", f"/1/probe/numbers?page=3&{name}=10").json()
    assert [number["id"] for number in answer["data"]] == [21, 22, 23, 24, 25]
    assert (answer["total"], answer["page"], answer["pages"], answer["items_per_page"]) == (25, 3, 3, 10)


def test_pages_and_offset_together(prober):
    assert faults(prober, "page=1&limit=2")["limit"]["code"] == "attribute_conflict"


def test_total_instead_of_the_list(prober):
    answer = prober.call("GET", "/1/probe/numbers?return=total").json()
    assert (answer["data"], answer["total"]) == (25, 25)


def test_a_list_that_was_cut_says_the_total(prober):
    answer = prober.call("GET", "/1/probe/numbers").json()
    assert (len(answer["data"]), answer["total"]) == (20, 25)
    assert "total" not in prober.call("GET", "/1/probe/numbers?filter[even]=1").json()


@pytest.mark.parametrize(
    "query", ["page=0", "per_page=0", "per_page=1001", "limit=-1", "skip=-1", "limit=abc", "page=9" * 30]
)
def test_numbers_that_are_none(prober, query):
    assert query.partition("=")[0] in faults(prober, query)


def test_search_and_filters(prober):
    assert ids(prober, "search=N2&limit=2") == [2, 5]
    assert ids(prober, "filter[names][]=n0&filter[names][]=n1&filter[even]=true&limit=3") == [4, 6, 10]


def test_an_unknown_filter_is_refused_with_those_there_are(prober):
    fault = faults(prober, "filter[name]=n1")["filter.name"]
    assert fault["code"] == "attribute_filter"
    assert fault["context"]["values"] == ["names", "even"]


@pytest.mark.parametrize("query", ["with=square", "with[]=square", "with=*", "with=square&with=square"])
def test_expansion(prober, query):
    assert prober.call("GET", f"/1/probe/numbers/7?{query}").json()["data"]["square"] == 49


def test_an_unknown_expansion(prober):
    fault = faults(prober, "with=sqare")["with"]
    assert fault["code"] == "attribute_with"
    assert fault["context"] == {"attribute": "with", "values": ["square"], "suggestion": "square"}


def test_lists_of_the_database(prober):
    for number in range(30):
        prober.platform.user(f"user{number:02}")
    answer = prober.call("GET", "/1/probe/users?search=USER&order_by=first_name&order=desc&page=2&per_page=7").json()
    assert [user["first_name"] for user in answer["data"]] == [f"User{number:02}" for number in range(22, 15, -1)]
    assert (answer["total"], answer["pages"]) == (30, 5)


def test_search_takes_wildcards_as_they_are(prober):
    assert prober.call("GET", "/1/probe/users?search=%25").json()["data"] == []


def test_a_total_follows_every_change(prober):
    def total():
        return prober.call("GET", "/1/probe/users?return=total").json()["data"]

    before = total()
    prober.platform.user("another")
    assert (before, total(), total()) == (1, 2, 2)


LISTS = of_every_route(lambda route: route.method == "GET" and route.is_list and not route.parameters)
PAGED = of_every_route(
    lambda route: route.method == "GET" and route.is_list and route.cursor is None and not route.parameters
)
WALKED = of_every_route(lambda route: route.cursor is not None and not route.parameters)


@LISTS
def test_every_list_sorts_by_each_of_its_fields(route, heidi):
    for name in route.sort:
        answer = heidi.call("GET", f"{path_of(route)}?order_by={name}&order=desc&limit=2")
        assert answer.status_code in (200, 422), answer.text
        if answer.status_code == 422:  # a parameter the list cannot do without, and nothing else
            assert {fault["code"] for fault in answer.json()["error"]["errors"]} == {"attribute_required"}


@PAGED
def test_every_list_has_pages_and_totals(route, heidi):
    answer = heidi.call("GET", f"{path_of(route)}?page=1&per_page=1").json()
    if answer["result"] == "success":
        assert {"total", "page", "pages", "items_per_page"} <= answer.keys()
        total = heidi.call("GET", f"{path_of(route)}?return=total").json()
        assert total["data"] == total["total"] == answer["total"]


@of_every_route(
    lambda route: bool(route.shape and route.shape.expansions) and not route.parameters and route.method == "GET"
)
def test_every_expansion_loads(route, heidi):
    for name in route.shape.expansions:
        assert heidi.call("GET", f"{path_of(route)}?with={name}").status_code in (200, 422)


@PAGED
def test_every_list_tells_its_total(route, heidi):
    filled = {"account_id": heidi.account.id} if route.query and "account_id" in route.query.model_fields else {}
    counted = heidi.call(route.method, path_of(route), params={**filled, "return": "total"})
    assert counted.status_code == 200, counted.text
    assert counted.json()["data"] == counted.json()["total"]
    paged = heidi.call(route.method, path_of(route), params={**filled, "page": 1, "per_page": 1})
    assert paged.json()["total"] == counted.json()["total"]


def walk(person, path, query=""):
    """All of a list that is walked by cursor, and how many answers that took."""
    found, cursor, answers = [], "", 0
    while True:
        answer = person.call("GET", f"{path}?{query}&cursor={cursor}")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert {"cursor", "has_more", "response_at"} <= body.keys()
        found, cursor, answers = found + body["data"], body["cursor"], answers + 1
        if not body["has_more"]:
            return found, answers


CROWD = "/1/probe/crowd"


@pytest.fixture
def crowd(prober):
    """People of two first names, in no order."""
    for number in range(9):
        prober.platform.user(f"user{number}", first_name=f"n{number % 2}")
    return prober


def test_a_list_is_walked_from_answer_to_answer(crowd):
    found, answers = walk(crowd, CROWD, "limit=4")
    assert [person["id"] for person in found] == list(range(1, 11))
    assert answers == 3


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("order=desc", lambda person: -person["id"]),
        ("order_by=first_name", lambda person: (person["first_name"], person["id"])),
        ("order_by=first_name,id&order_for[id]=desc", lambda person: (person["first_name"], -person["id"])),
    ],
)
def test_a_list_is_walked_in_any_order(crowd, query, key):
    everybody = walk(crowd, CROWD, "limit=100")[0]
    assert walk(crowd, CROWD, f"limit=3&{query}")[0] == sorted(everybody, key=key)


def test_a_cursor_leads_either_way(crowd):
    newest = crowd.call("GET", f"{CROWD}?order=desc&limit=1").json()
    assert crowd.call("GET", f"{CROWD}?cursor={newest['cursor']}").json()["data"] == []
    crowd.platform.user("late")
    later = crowd.call("GET", f"{CROWD}?cursor={newest['cursor']}").json()
    assert [person["id"] for person in later["data"]] == [11]


def test_what_comes_and_goes_does_not_shift_a_walk(crowd):
    first = crowd.call("GET", f"{CROWD}?order=desc&limit=3").json()
    crowd.platform.user("late")
    then = crowd.call("GET", f"{CROWD}?order=desc&limit=3&cursor={first['cursor']}").json()
    assert [person["id"] for person in first["data"] + then["data"]] == [10, 9, 8, 7, 6, 5]


def test_the_end_of_a_walk_keeps_its_cursor(crowd):
    end = crowd.call("GET", f"{CROWD}?limit=100").json()
    assert (end["has_more"], len(end["data"])) == (False, 10)
    again = crowd.call("GET", f"{CROWD}?cursor={end['cursor']}").json()
    assert (again["data"], again["cursor"], again["has_more"]) == ([], end["cursor"], False)


def test_a_cursor_of_another_order_is_refused(crowd):
    cursor = crowd.call("GET", f"{CROWD}?order_by=first_name&limit=1").json()["cursor"]
    answer = crowd.call("GET", f"{CROWD}?cursor={cursor}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_cursor_error")


FORGED = [
    b"x", b"", b"[1]", b"null", b"{}", b'[["id"],[]]', b'[["id"],1]', b'[["id"],["x"]]', b'[["id"],[true]]',
    b'[["id"],[1.5]]', b'[["id"],[9223372036854775808]]', b'[["id"],[1,2]]', b'[["name"],[1]]', b"[" * 400,
]  # fmt: skip


@WALKED
@pytest.mark.parametrize("cursor", [*(b64encode(forged).decode() or "=" for forged in FORGED), "é", "1" * 5000])
def test_a_cursor_that_is_none_is_refused(route, heidi, cursor):
    answer = heidi.call("GET", path_of(route), params={"cursor": cursor})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_cursor_error")


@WALKED
def test_every_walked_list_goes_both_ways(route, heidi):
    forwards, answers = walk(heidi, path_of(route), "limit=2")
    assert answers >= 1
    assert walk(heidi, path_of(route), "limit=3&order=desc")[0] == forwards[::-1]


@WALKED
def test_a_walked_list_has_no_pages(route, heidi):
    answer = heidi.call("GET", f"{path_of(route)}?page=2&per_page=1&skip=1&return=total")
    assert isinstance(answer.json()["data"], list)
    assert answer.headers["x-ignored-parameters"] == "page, per_page, skip, return"


@WALKED
@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_a_walked_list_has_a_limit(route, heidi, limit):
    answer = heidi.call("GET", f"{path_of(route)}?limit={limit}")
    assert [fault["context"]["attribute"] for fault in answer.json()["error"]["errors"]] == ["limit"]
