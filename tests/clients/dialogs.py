"""A conversation with a script that signs somebody in: it says where to go, and hears where that led.

The scripts in `node/` and `python/` drive a library the way its manual shows. They write one line of JSON for each
thing they want or have found, and read one line for each answer.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.processes import started


@dataclass(frozen=True, slots=True)
class Dialog:
    """A script that runs."""

    process: subprocess.Popen[bytes]

    def hear(self) -> Any:
        """The next thing the script says; AssertionError if it ended instead."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"the script ended with {self.process.wait()} instead of saying something"
        return json.loads(line)

    def say(self, thing: Any) -> None:
        """Answers the script."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(thing).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, thing: Any) -> Any:
        """Says something, and hears what the script has to say to it."""
        self.say(thing)
        return self.hear()


@contextmanager
def dialog(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Dialog]:
    """Runs a script until the block ends."""
    with started("script", command, folder, environment, is_spoken_to=True) as process:
        yield Dialog(process)
