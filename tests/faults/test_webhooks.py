"""kill -9 at any moment: every change reaches the receiver, under the id it always has.

`ALPAGE_TEST_KILLS` says how often to kill, on each database.
"""

import os
import random
import time
from collections import defaultdict

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from tests.faults.node import Node, answer
from tests.faults.test_kills import KILLS
from tests.tasks.receivers import receiving

PATH = "/2/zones/demo.example/records"
PATIENCE_SECONDS = 90  # who was killed while it sent keeps others from the endpoint until its claim runs out


@pytest.mark.timeout(60 + 10 * KILLS + 2 * PATIENCE_SECONDS)
def test_no_event_is_missing(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    node.environment["ALPAGE_PRIVATE_CALLBACKS"] = "true"
    node.start()
    with receiving() as receiver, node.client() as client:
        account = client.get("/1/accounts").json()["data"][0]["id"]
        body = {"url": receiver.url, "events": ["dns.record.created"]}
        made = client.post(f"/1/accounts/{account}/webhooks", json=body).json()["data"]
        records: list[int] = []
        for _ in range(KILLS):
            for _ in range(chance.randrange(1, 20)):
                body = {"source": f"host-{len(records)}", "type": "A", "target": "192.0.2.1", "ttl": 300}
                made_record = answer(client, "POST", PATH, body, **{"Idempotency-Key": os.urandom(8).hex()})
                records.append(made_record.json()["data"]["id"])
            time.sleep(chance.uniform(0, 0.3))
            node.kill()
            node.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while {heard.event["data"]["object_id"] for heard in receiver.heard} != set(records):
            assert time.monotonic() < deadline, "events are missing"
            time.sleep(0.1)
        ids = defaultdict(set)
        for heard in receiver.heard:
            Verifier(made["secret"]).verify(heard.body, dict(heard.headers))
            ids[heard.event["data"]["object_id"]].add(heard.id)
        assert {len(of_one) for of_one in ids.values()} == {1}
        first = [*dict.fromkeys(heard.event["data"]["object_id"] for heard in receiver.heard)]
        assert first == records  # in the order of the commits
        with capsys.disabled():
            twice = len(receiver.heard) - len(records)
            print(f"\n{KILLS} kills (seed {seed}): {len(records)} events, none missing, {twice} sent once more")
