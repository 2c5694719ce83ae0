"""Countries, languages and time zones: what of the world users and addresses refer to."""

import subprocess
import sys

import pycountry
import pytest

from alpage.api.languages import LANGUAGES
from alpage.identity import countries, languages, timezones

JANUARY, JULY = 1_768_478_400, 1_784_116_800  # the fifteenth of each, 2026, at noon in Greenwich


def read(client, path, language="en"):
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Austria"), ("de", "Österreich"), ("fr", "Autriche"), ("it", "Austria")]
)
def test_a_country_in_a_language(client, language, name):
    shown = read(client, "/1/countries/40", language)["data"]
    assert shown == {"id": 40, "name": name, "short_name": "AT", "is_enabled": True}


def test_every_country_of_the_standard(client):
    data = read(client, "/1/countries")["data"]
    assert len(data) == len(pycountry.countries)
    assert {tuple(sorted(row)) for row in data} == {("id", "is_enabled", "name", "short_name")}
    assert [row["id"] for row in data] == sorted(row["id"] for row in data)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_country_has_a_name_in_every_language(language):
    assert all(country["name"] for country in countries.countries(language).values())


def test_countries_where_people_live(client):
    everywhere = {row["short_name"] for row in read(client, "/1/countries")["data"]}
    enabled = {row["short_name"] for row in read(client, "/1/countries?only_enabled=1")["data"]}
    assert {"CH", "DE", "FR", "IT", "ES", "US", "CN", "ZA"} <= enabled
    assert everywhere - enabled >= {"AQ", "BV", "HM"}


@pytest.mark.parametrize("query", ["only_enabled_exception[]=10", "only_enabled_exception=10"])
def test_an_exception_from_where_people_live(client, query):
    enabled = {row["short_name"] for row in read(client, f"/1/countries?only_enabled=true&{query}")["data"]}
    assert "AQ" in enabled
    assert "BV" not in enabled


def test_order_and_search_of_countries(client):
    names = [row["name"] for row in read(client, "/1/countries?order_by=name", "de")["data"]]
    in_order = ["Afghanistan", "Ägypten", "Albanien", "Oman", "Österreich", "Pakistan"]
    assert [name for name in names if name in in_order] == in_order
    found = read(client, "/1/countries?search=schweiz", "de")["data"]
    assert [row["id"] for row in found] == [756]
    page = read(client, "/1/countries?order_by=id&order=desc&page=2&per_page=10")
    assert len(page["data"]) == 10
    assert page["total"] == len(pycountry.countries)
    assert read(client, "/1/countries?return=total")["data"] == len(pycountry.countries)
    assert len(read(client, "/1/countries?limit=3&skip=2")["data"]) == 3


@pytest.mark.parametrize(
    ("query", "attribute"),
    [("only_enabled=perhaps", "only_enabled"), ("only_enabled_exception=CH", "only_enabled_exception.0")],
)
def test_a_query_that_cannot_be_used(client, query, attribute):
    answer = client.get(f"/1/countries?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["errors"][0]["context"]["attribute"] == attribute


def test_the_languages_of_the_platform(client):
    data = read(client, "/1/languages", "it")["data"]
    assert [(row["id"], row["locale"]) for row in data] == [*enumerate(languages.LOCALES, start=1)]
    assert [row["short_name"] for row in data] == [row["short_locale"] for row in data] == list(LANGUAGES)
    assert data[1] == {"id": 2, "name": "Tedesco", "short_name": "de", "locale": "de_DE", "short_locale": "de"}
    assert read(client, "/1/languages/2", "it")["data"] == data[1]
    assert [row["id"] for row in read(client, "/1/languages?order_by=name", "it")["data"]] == [4, 1, 5, 3, 2]


@pytest.mark.parametrize(("locale", "number"), [("fr_FR", 4), ("fr", 4), ("en", 1), ("en_US", None), ("", None)])
def test_the_number_of_a_locale(locale, number):
    assert languages.number_of(locale) == number


def test_time_zones(client):
    data = read(client, "/1/timezones")["data"]
    names = [row["name"] for row in data]
    assert {"Europe/Zurich", "UTC", "America/New_York", "Asia/Kolkata"} <= set(names)
    assert "Factory" not in names
    assert names == sorted(names)
    assert {tuple(row) for row in data} == {("id", "name", "gmt")}
    zurich = next(row for row in data if row["name"] == "Europe/Zurich")
    assert read(client, f"/1/timezones/{zurich['id']}")["data"] == zurich


def test_each_time_zone_has_a_number_of_its_own():
    listed = [timezones.number_of(name) for name in timezones.names().values()]
    assert len(set(listed)) == len(listed) > 400
    assert all(0 < number < 2**31 for number in listed)


def test_numbers_of_time_zones_never_change():
    assert timezones.number_of("Europe/Zurich") == 1186834283


@pytest.mark.parametrize(
    ("name", "now", "gmt"),
    [
        ("Europe/Zurich", JANUARY, "GMT+01:00"),
        ("Europe/Zurich", JULY, "GMT+02:00"),
        ("UTC", JULY, "GMT+00:00"),
        ("America/St_Johns", JANUARY, "GMT-03:30"),
        ("Asia/Kathmandu", JANUARY, "GMT+05:45"),
        ("Pacific/Kiritimati", JANUARY, "GMT+14:00"),
    ],
)
def test_the_distance_from_greenwich(name, now, gmt):
    assert timezones.describe(name, now)["gmt"] == gmt


def test_search_and_pages_of_time_zones(client):
    found = read(client, "/1/timezones?search=zurich")["data"]
    assert [row["name"] for row in found] == ["Europe/Zurich"]
    page = read(client, "/1/timezones?page=1&per_page=5")
    assert len(page["data"]) == 5
    assert page["total"] == len(timezones.names())


@pytest.mark.parametrize(
    ("path", "model"), [("countries/0", "Country"), ("languages/6", "Language"), ("timezones/1", "Timezone")]
)
def test_what_the_world_does_not_have(client, path, model):
    answer = client.get(f"/1/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]["context"]["model"] == model


def test_the_world_is_loaded_when_somebody_asks():
    script = "import sys; from alpage import app; app.route_table(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "alpage.identity.countries" in loaded
    assert not {"pycountry", "babel", "phonenumbers", "PIL", "babel.core"} & set(loaded)
