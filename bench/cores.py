"""Which core serves and which one loads, so that neither takes time from the other."""

import os
import sys
from dataclasses import dataclass

BUSY_LOAD = 0.5


@dataclass(frozen=True)
class Cores:
    """The two cores; None where the machine has too few to separate them."""

    server: int | None
    load: int | None


def choose_cores() -> Cores:
    """Give the server and the load generator a core each, where there are two."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        print("bench: ONE CORE ONLY. Server and load share it; compare with no other machine.", file=sys.stderr)
        return Cores(None, None)
    return Cores(available[0], available[1])


def warn_if_busy() -> None:
    """Say so when other work will blur the run."""
    load = os.getloadavg()[0]
    if load > BUSY_LOAD:
        print(f"bench: THE MACHINE IS BUSY (load {load:.1f}). Trust processor times only.", file=sys.stderr)


def on_core(core: int | None) -> list[str]:
    """Write what goes before a command to keep it, and all it starts, on one core."""
    return [] if core is None else ["taskset", "--cpu-list", str(core)]
