"""What a run of the bench leaves behind: a folder of raw output, and the tables a reader sees first."""

import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.environment import HERE, REQUIREMENTS
from bench.figures import Figure
from bench.rounds import Run, Start

MIB = 1024 * 1024


def open_results() -> Path:
    """Make the folder of this run, named by the UTC time."""
    directory = HERE / "results" / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    directory.mkdir(parents=True)
    return directory


def keep_json(directory: Path, name: str, content: Any) -> None:
    """Write one file of raw numbers."""
    (directory / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")


def keep_runs(directory: Path, runs: Sequence[Run]) -> None:
    """Write every load run: its numbers, and the load generator's own text beside them."""
    for run in runs:
        keep_run(directory, run)


def keep_run(directory: Path, run: Run) -> None:
    """Write one load run."""
    name = f"{run.round}-{run.contender}-{run.route}"
    numbers = asdict(run)
    (directory / f"{name}.txt").write_text(numbers["load"].pop("text"))
    keep_json(directory, name, numbers)


def keep_starts(directory: Path, starts: Sequence[Start]) -> None:
    """Write the starts of all contenders."""
    keep_json(directory, "starts", [asdict(start) for start in starts])


def keep_figures(directory: Path, figures: Sequence[Figure]) -> None:
    """Write the figures with their targets."""
    keep_json(directory, "figures", [{**asdict(figure), "verdict": figure.verdict()} for figure in figures])


def describe_machine() -> dict[str, Any]:
    """Say on what was measured: processor, kernel, versions, the commit, and how busy it was before."""
    return {
        "processor": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB,
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "granian": version("granian"),
        "peers": [line for line in REQUIREMENTS.read_text().splitlines() if "==" in line],
        "commit": commit(),
        "load_before": os.getloadavg(),
    }


def processor_name() -> str:
    """Read the processor's name, or at least its family, from the kernel."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def commit() -> str:
    """Name the commit that was measured, with `-dirty` when the tree differs from it."""
    command = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def speed_table(runs: Sequence[Run]) -> str:
    """Lay the medians of all contenders side by side, route by route."""
    head = ("route", "contender", "requests/s", "lowest", "highest", "p50 ms", "p99 ms", "CPU µs/request")
    return table(head, (speed_row(same) for same in by_contender_and_route(runs)))


def speed_row(runs: Sequence[Run]) -> tuple[str, ...]:
    """Sum the rounds of one contender and route up."""
    rates = [run.load.requests_per_second for run in runs]
    return (
        runs[0].route,
        runs[0].contender,
        f"{median(rates):,.0f}",
        f"{min(rates):,.0f}",
        f"{max(rates):,.0f}",
        f"{median(run.load.p50_ms for run in runs):.1f}",
        f"{median(run.load.p99_ms for run in runs):.1f}",
        f"{median(run.cpu_us_per_request for run in runs):,.0f}",
    )


def ratio_table(runs: Sequence[Run], what: str, value: Callable[[Run], float]) -> str:
    """Say how many times as much of something the row's contender reaches as the column's, route by route."""
    reached = {(same[0].route, same[0].contender): median(map(value, same)) for same in by_contender_and_route(runs)}
    names = list(dict.fromkeys(run.contender for run in runs if run.route != "constant"))
    rows = [
        (route, name, *(times(own, reached[route, other]) for other in names), share_of_ceiling(own, reached))
        for (route, name), own in reached.items()
        if route != "constant"
    ]
    return table(("route", f"{what} of", *(f"/ {name}" for name in names), "of the ceiling"), rows)


def rate_table(runs: Sequence[Run]) -> str:
    """Compare the requests a second."""
    return ratio_table(runs, "requests/s", lambda run: run.load.requests_per_second)


def effort_table(runs: Sequence[Run]) -> str:
    """Compare the requests for a second of processor time, which a busy machine blurs less."""
    return ratio_table(runs, "requests/CPU s", lambda run: 1e6 / run.cpu_us_per_request)


def share_of_ceiling(own: float, reached: dict[tuple[str, str], float]) -> str:
    """Say which part this is of what the empty server reaches."""
    return f"{own / reached['constant', 'ceiling']:.1%}"


def times(own: float, other: float) -> str:
    """Write a ratio."""
    return f"{own / other:.2f}x"


def start_table(starts: Sequence[Start]) -> str:
    """Lay start and memory of all contenders side by side."""
    names = dict.fromkeys(start.contender for start in starts)
    rows = [
        (
            name,
            f"{middle(starts, name, lambda start: start.seconds):.2f}",
            f"{middle(starts, name, lambda start: start.idle_pss_bytes) / MIB:.0f}",
            f"{middle(starts, name, lambda start: start.peak_rss_bytes) / MIB:.0f}",
        )
        for name in names
    ]
    return table(("contender", "first answer s", "idle PSS MiB", "peak RSS MiB"), rows)


def middle(starts: Sequence[Start], name: str, value: Callable[[Start], float]) -> float:
    """Take the median over one contender's starts."""
    return median(value(start) for start in starts if start.contender == name)


def figure_table(figures: Sequence[Figure]) -> str:
    """Say of each figure what it should be, what it is, and whether that will do."""
    rows = [
        (figure.name, str(figure.target or "-"), f"{figure.measured:,.2f} {figure.unit}", figure.verdict())
        for figure in figures
    ]
    return table(("figure", "target", "measured", "verdict"), rows)


def by_contender_and_route(runs: Sequence[Run]) -> list[list[Run]]:
    """Gather the rounds of each contender and route, routes first."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.route, run.contender), []).append(run)
    return [groups[key] for key in sorted(groups, key=lambda key: key[0])]


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Lay rows out in columns: words to the left, numbers to the right."""
    body = list(rows)
    columns = [column(name, [row[index] for row in body]) for index, name in enumerate(head)]
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def column(name: str, cells: Sequence[str]) -> list[str]:
    """Bring a column's name and cells to one width, numbers under numbers."""
    width = max(len(cell) for cell in (name, *cells))
    is_of_numbers = all(cell[:1].isdigit() or cell == "-" for cell in cells)
    return [cell.rjust(width) if is_of_numbers else cell.ljust(width) for cell in (name, *cells)]
