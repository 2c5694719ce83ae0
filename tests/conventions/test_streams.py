"""Server-sent events, and answers a caller waits for."""

import asyncio
from types import SimpleNamespace

from sqlalchemy import select

from alpage.api import streams
from alpage.identity import tokens
from alpage.identity.credentials import new_secret
from alpage.identity.grants import Grant
from alpage.storage.changes import NOBODY
from tests.identity.attacks.test_proofs import KEY, ath, proof

LISTENING = {"Accept": "text/event-stream"}


def test_events_come_one_by_one_and_end(prober):
    answer = prober.call("GET", "/1/probe/counting", headers=LISTENING)
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-store"
    opening, *events, rest = answer.text.split("\n\n")
    assert opening == "retry: 1000"
    assert events == [f'id: {number}\nevent: counted\ndata: {{"number":{number}}}' for number in (1, 2, 3)]
    assert rest == ""


def test_a_listener_who_returns_hears_what_came_since(prober):
    answer = prober.call("GET", "/1/probe/counting", headers={**LISTENING, "Last-Event-ID": "2"})
    assert [line for line in answer.text.splitlines() if line.startswith("id")] == ["id: 3"]


def test_who_does_not_ask_for_a_stream_gets_an_answer(prober):
    assert prober.call("GET", "/1/probe/counting").json() == {"result": "success", "data": 0}
    assert prober.call("HEAD", "/1/probe/counting", headers=LISTENING).status_code == 200


def test_a_stream_counts_once(prober):
    before = int(prober.call("HEAD", "/1/probe/counting").headers["x-ratelimit-remaining"])
    prober.call("GET", "/1/probe/counting", headers=LISTENING)
    assert int(prober.call("HEAD", "/1/probe/counting").headers["x-ratelimit-remaining"]) == before - 1


def test_a_call_that_waits_is_answered_when_it_is_ripe(prober):
    before = int(prober.call("HEAD", "/1/probe/counting").headers["x-ratelimit-remaining"])
    assert prober.call("GET", "/1/probe/ripening?wait=30").json()["data"] == 3
    assert prober.call("GET", "/1/probe/ripening").json()["data"] == 1
    assert prober.call("GET", "/1/probe/ripening?wait=0.1").json()["data"] == 2
    assert int(prober.call("HEAD", "/1/probe/counting").headers["x-ratelimit-remaining"]) == before - 3


def test_a_call_that_waits_shows_its_proof_once(prober):
    with prober.platform.database.transaction(NOBODY) as transaction:
        grant = transaction.session.scalars(select(Grant)).one()
        secret = new_secret("at")
        bound = {"kind": "at", "hash": prober.platform.tokens.hash(secret), "key_thumbprint": KEY.thumbprint()}
        transaction.session.add(tokens.Token(grant_id=grant.id, last_four="", created_at=grant.created_at, **bound))
    url = f"{prober.platform.settings.public_url}/1/probe/ripening"
    shown = proof(SimpleNamespace(issuer=""), htm="GET", htu=url, ath=ath(secret))
    headers = {"Authorization": f"DPoP {secret}", "DPoP": shown}
    assert prober.client.get("/1/probe/ripening?wait=30", headers=headers).json()["data"] == 3
    assert prober.client.get("/1/probe/ripening?wait=30", headers=headers).status_code == 401  # it was used


class Listener:
    """A client of an endless stream, which hears what is sent and leaves when it wants to."""

    def __init__(self, prober):
        self.prober = prober
        self.heard = asyncio.Queue()
        self.gone = asyncio.Event()

    async def listen(self):
        headers = {"accept": "text/event-stream", "authorization": f"Bearer {self.prober.token}"}
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/1/probe/endless",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
        }
        await self.prober.client.app(scope, self.receive, self.heard.put)

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def status(self):
        return (await self.heard.get())["status"]


def test_a_stream_ends_with_its_token(prober, monkeypatch):
    monkeypatch.setattr(streams, "RECHECK_SECONDS", 0.1)
    monkeypatch.setattr(tokens, "REMEMBERED_SECONDS", 0.1)

    async def listen():
        listener = Listener(prober)
        listening = asyncio.create_task(listener.listen())
        assert await listener.status() == 200
        with prober.platform.database.transaction(NOBODY) as transaction:
            for grant in transaction.session.scalars(select(Grant)):
                grant.revoked_at = 1
        await listening

    asyncio.run(listen())


def test_a_user_listens_to_so_many_streams_at_once(prober):
    async def listen():
        listeners = [Listener(prober) for _ in range(streams.MOST_OPEN)]
        listening = [asyncio.create_task(listener.listen()) for listener in listeners]
        assert [await listener.status() for listener in listeners] == [200] * streams.MOST_OPEN
        late = Listener(prober)
        await late.listen()
        assert await late.status() == 429
        for listener in listeners:
            listener.gone.set()
        await asyncio.gather(*listening)
        assert prober.call("GET", "/1/probe/counting", headers=LISTENING).status_code == 200

    asyncio.run(listen())
