"""kill -9 at any moment: every answered write is there, none twice.

`ALPAGE_TEST_KILLS` says how often to kill, on each database.
"""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import uuid4

from tests.faults.node import Node, answer

KILLS = int(os.environ.get("ALPAGE_TEST_KILLS", "4"))
WRITERS = 4
PATH = "/2/zones/demo.example/records"


class Writer:
    """Makes records without end, and remembers what it was answered."""

    def __init__(self, node: Node, number: int) -> None:
        self.node, self.number = node, number
        self.answered: dict[str, int] = {}

    def run(self, enough: Event) -> None:
        with self.node.client(timeout=10) as client:
            while not enough.is_set():
                source = f"writer-{self.number}-{len(self.answered)}"
                body = {"source": source, "type": "A", "target": "192.0.2.1", "ttl": 300}
                made = answer(client, "POST", PATH, body, **{"Idempotency-Key": uuid4().hex})
                assert made.status_code == 201, made.text
                self.answered[source] = made.json()["data"]["id"]


def kill_something(node: Node, chance: random.Random) -> str:
    """Kills one process of the platform, or all of them, and sees to it that it runs again."""
    if node.process is not None and node.process.poll() is None and chance.random() < 0.6 and node.children():
        victim = chance.choice(node.children())
        os.kill(victim, signal.SIGKILL)
        time.sleep(0.3)  # whoever started it notices, and starts another or ends
        if node.process.poll() is None:
            node.await_health()
            return "one"
        node.stop()
    else:
        node.kill()
    node.start()
    return "all"


def test_every_answered_write_is_there_and_none_twice(node, capsys):
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    node.start()
    enough = Event()
    writers = [Writer(node, number) for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(writer.run, enough) for writer in writers]
        killed = []
        try:
            for _ in range(KILLS):
                time.sleep(chance.uniform(0, 0.5))
                killed.append(kill_something(node, chance))
        finally:
            enough.set()
        for future in running:
            future.result()
    with node.client() as client:
        records = client.get(PATH).json()["data"]
    found = sorted(record["source"] for record in records if record["source"].startswith("writer"))
    answered = {source: id for writer in writers for source, id in writer.answered.items()}
    assert found == sorted(answered)
    assert {record["id"] for record in records} >= set(answered.values())
    with capsys.disabled():
        print(
            f"\n{KILLS} kills (seed {seed}): {killed.count('one')} of a process, {killed.count('all')} of all;"
            f" {len(answered)} writes answered, all there, none twice"
        )
