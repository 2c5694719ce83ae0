"""The answer is lost after the commit, and the client sends its request again with its key: one effect each time."""

from concurrent.futures import ThreadPoolExecutor

import httpx

TRIES, CLIENTS = 1000, 8
LOST = {"X-Sandbox-Fault": "drop=after"}


def test_a_lost_answer_is_had_again(node, capsys):
    node.environment["ALPAGE_SANDBOX"] = "true"
    node.start()
    with node.client() as client:
        account = client.get("/1/accounts").json()["data"][0]["id"]
    path = f"/1/accounts/{account}/teams"

    def make_some(number: int) -> int:
        replayed = 0
        with node.client() as client:
            for one in range(number, TRIES, CLIENTS):
                key, body = {"Idempotency-Key": f"lost-{one}"}, {"name": f"Team {one}"}
                try:
                    client.post(path, json=body, headers=key | LOST)
                    raise AssertionError("the answer was not lost")
                except httpx.TransportError:
                    again = client.post(path, json=body, headers=key)
                assert again.status_code == 201
                replayed += again.headers["idempotency-replayed"] == "true"
        return replayed

    with ThreadPoolExecutor(CLIENTS) as pool:
        replayed = sum(pool.map(make_some, range(CLIENTS)))
    with node.client() as client:
        names = sorted(team["name"] for team in client.get(f"{path}?limit=1000&skip=0").json()["data"])
        total = client.get(f"{path}?return=total").json()["data"]
    assert replayed == TRIES
    made = {f"Team {number}" for number in range(TRIES)}
    assert made <= {*names}
    assert total == TRIES + len({*names} - made)
    with capsys.disabled():
        print(f"\n{TRIES} answers lost after the commit, {replayed} had again, {len(made)} effects")
