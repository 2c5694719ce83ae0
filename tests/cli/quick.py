"""`alpage` for tests, in a process of its own: as it is, but for two things.

Passwords are hashed with little effort: a tenth of a second each would be most of what signing in takes. And the
libraries write to the log too, from the platform's own level on, so that a test can look for secrets there.
"""

import logging
import os
import sys
from pathlib import Path

from argon2 import PasswordHasher

from alpage import cli
from alpage.identity import users

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
QUICK_ALPAGE = (sys.executable, Path(__file__))

if __name__ == "__main__":
    users._hasher = QUICK_HASHER  # the server processes are forked from this one
    logging.basicConfig(level=os.environ.get("ALPAGE_LOG_LEVEL", "info").upper())
    cli.main()
