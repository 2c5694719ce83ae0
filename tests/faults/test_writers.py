"""Fifty writers on one object: no update is lost with `If-Match`, and the log tells them in the order they happened."""

from concurrent.futures import ThreadPoolExecutor

from tests.faults.node import answer

WRITERS, UPDATES = 50, 4


def raise_number(node, path):
    """Adds one to the number that is the name of a team, as often as it is asked to; answers with the tries it took."""
    tries = 0
    with node.client(timeout=60) as client:
        for _ in range(UPDATES):
            status = 412
            while status == 412:
                read = answer(client, "GET", path)
                name = str(int(read.json()["data"]["name"]) + 1)
                status = answer(client, "PATCH", path, {"name": name}, **{"If-Match": read.headers["etag"]}).status_code
                tries += 1
            assert status == 200
    return tries


def test_no_update_is_lost(node, capsys):
    node.start()
    with node.client() as client:
        account = client.get("/1/accounts").json()["data"][0]["id"]
        team = client.post(f"/1/accounts/{account}/teams", json={"name": "0"}).json()["data"]["id"]
        path = f"/1/accounts/{account}/teams/{team}"
        with ThreadPoolExecutor(WRITERS) as pool:
            tries = sum(pool.map(lambda _: raise_number(node, path), range(WRITERS)))
        assert client.get(path).json()["data"]["name"] == str(WRITERS * UPDATES)
        filters = f"filter[event]=account.team&filter[object_id]={team}&limit=1000"
        entries = client.get(f"/1/changes?{filters}").json()["data"]
    names = [(entry["before"] or {"name": None})["name"] for entry in entries]
    assert names == [None, *map(str, range(WRITERS * UPDATES))]
    assert [entry["after"]["name"] for entry in entries] == [*map(str, range(WRITERS * UPDATES + 1))]
    with capsys.disabled():
        print(f"\n{WRITERS} writers, {WRITERS * UPDATES} updates in {tries} tries, none lost, each told in its place")
