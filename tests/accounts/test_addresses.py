"""Addresses of an account."""

ADDRESS = {"street": "Bergstrasse 1", "zip": "7000", "city": "Chur", "country_id": 756}


def add(person, **values):
    return person.call("POST", f"/1/accounts/{person.account.id}/addresses", {**ADDRESS, **values})


def test_add_change_and_delete(heidi):
    created = add(heidi, for_invoice=True)
    assert created.status_code == 201
    address = created.json()["data"]
    assert address == {
        "id": address["id"],
        "street": "Bergstrasse 1",
        "street2": "",
        "zip": "7000",
        "city": "Chur",
        "type": "main",
        "created_at": address["created_at"],
        "country": {"id": 756, "name": "Switzerland", "short_name": "CH", "is_enabled": True},
        "for_invoice": True,
    }
    path = f"/1/accounts/{heidi.account.id}/addresses/{address['id']}"
    changed = heidi.call("PATCH", path, {"type": "postal", "for_invoice": False}).json()["data"]
    assert changed == {**address, "type": "postal", "for_invoice": False}
    assert heidi.call("DELETE", path).json()["data"] is True
    assert heidi.call("GET", f"/1/accounts/{heidi.account.id}/addresses").json()["data"] == []


def test_accounts_show_their_addresses(heidi):
    first, second = add(heidi), add(heidi, city="Davos", country_id=250)
    shown = heidi.call("GET", "/1/accounts?with=addresses", headers={"Accept-Language": "de"}).json()["data"][0][
        "addresses"
    ]
    assert [one["id"] for one in shown] == [first.json()["data"]["id"], second.json()["data"]["id"]]
    assert [one["country"]["name"] for one in shown] == ["Schweiz", "Frankreich"]


def test_a_country_must_exist(heidi):
    answer = add(heidi, country_id=1)
    assert answer.json()["error"]["errors"][0]["code"] == "attribute_country"


def test_an_address_of_another_account_does_not_exist(heidi, peter):
    theirs = add(peter).json()["data"]["id"]
    for method, body in (("PATCH", {"city": "Chur"}), ("DELETE", None)):
        answer = heidi.call(method, f"/1/accounts/{heidi.account.id}/addresses/{theirs}", body)
        assert answer.status_code == 404
