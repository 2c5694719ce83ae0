"""What a transaction puts off: many calls of it add to one piece of work, which is then done once for all of them.

A zone's version, say, holds all that a transaction did to the zone; written anew with each of a thousand edits it
would cost the square of their number.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a transaction has what it puts off
    from alpage.storage.database import Transaction

Work = Callable[["Transaction", Any, list[Any]], None]


class Deferred:
    """The work one transaction has put off: what to do, with what, and what has been added to it so far."""

    def __init__(self) -> None:
        self._added: dict[tuple[Work, Hashable], list[Any]] = {}

    def begin(self, work: Work, key: Hashable) -> None:
        """From now on there is such work to add to."""
        self._added[work, key] = []

    def add(self, work: Work, key: Hashable, item: Any) -> bool:
        """Adds to work that has begun; False where it has not."""
        added = self._added.get((work, key))
        if added is None:
            return False
        added.append(item)
        return True

    def settle(self, transaction: "Transaction") -> None:
        """Does what was put off. It can be added to again afterwards."""
        for (work, key), added in self._added.items():
            if added:
                self._added[work, key] = []
                work(transaction, key, added)

    @contextmanager
    def part(self) -> Iterator[Callable[[], None]]:
        """What is added in the block counts if it ends well; the function it gets makes it count for nothing."""
        before = [(place, added, len(added)) for place, added in self._added.items()]

        def undo() -> None:
            self._added = {place: added[:count] for place, added, count in before}

        try:
            yield undo
        except BaseException:
            undo()
            raise
