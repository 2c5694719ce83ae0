"""A worker as a process of its own, to be killed: `python -m tests.tasks.process <data> <database>`.

Its one task writes down each item twice: as a row, in the transaction of a step, and as a line of a file, outside.
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

from alpage import app
from alpage.api import logs
from alpage.settings import Settings
from alpage.storage.database import Transaction, connect
from alpage.tasks import attempts, runner
from alpage.tasks.declarations import declare
from alpage.tasks.mails import Mail
from alpage.tasks.runner import Runner
from alpage.tasks.running import Running

SHORT_SECONDS = 0.05


@declare("test.write_down")
def write_down(task: Running, items: int) -> dict[str, Any]:
    """Writes down numbers, five at a time."""
    for some in task.batches(range(items), 5):
        task.step("lines", _add_lines, task, [*some])
        task.write("rows", _add_rows, [*some])
        sleep(0.01)
    return {"items": items}


def _add_lines(task: Running, some: Sequence[int]) -> None:
    with (task.settings.data / f"lines-{task.id}").open("a") as file:
        file.writelines(f"{number}\n" for number in some)


def _add_rows(transaction: Transaction, some: Sequence[int]) -> None:
    values = {"template": "", "language": "en", "content": {}, "created_at": 1}
    transaction.session.add_all(Mail(recipient=str(number), **values) for number in some)


def main(data: Path, url: str) -> None:
    """Works until it is asked to end."""
    logs.configure("warning")
    app.route_table()  # imports every room, so that every table is known
    for name in ("POLL_SECONDS", "KEEP_SECONDS", "PATIENCE_SECONDS"):
        setattr(runner, name, SHORT_SECONDS)
    attempts.DELAYS_SECONDS = (1, 1, 1, 1)
    end = Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    worker = Runner(Settings(data=data), connect(url))
    worker.start()
    end.wait()
    worker.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
