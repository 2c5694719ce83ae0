"""The script's side of a conversation with a test: a line of JSON for each thing said and heard (../dialogs.py)."""

import json
import sys
from typing import Any

options: dict[str, Any] = json.loads(sys.argv[1])
"""What the test wants signed in: the application and the login's address."""


def say(thing: Any) -> None:
    """Tells the test something."""
    sys.stdout.write(json.dumps(thing) + "\n")
    sys.stdout.flush()


def ask(thing: Any) -> Any:
    """Tells the test something, and waits for its answer."""
    say(thing)
    return json.loads(sys.stdin.readline())
