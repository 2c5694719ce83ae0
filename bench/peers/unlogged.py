"""The platform without its change log: what a write costs beside it says what the log costs.

It is the program itself, with the recorder of changes made deaf and dumb. Arguments: those of `alpage`.
"""

import sys
from typing import Any

from alpage.cli import main
from alpage.storage import changes


def nothing(*_arguments: Any) -> None:
    """Take no note."""


changes.guard = nothing
changes.Recorder.watch = nothing  # type: ignore[method-assign] - that is what is measured
changes.Recorder.write = nothing  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
