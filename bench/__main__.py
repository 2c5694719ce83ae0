"""`make bench`: prepare all contenders, compare them in rounds, take the figures, print and keep everything."""

import argparse
import tempfile
from pathlib import Path

from bench import figures
from bench.changes import measure_changes
from bench.contenders import Contender, prepare_ceiling, prepare_django, prepare_fastapi
from bench.cores import Cores, choose_cores, warn_if_busy
from bench.environment import install_node_peer, install_peers, require_programs
from bench.figures import Figure
from bench.identity import measure_identity
from bench.measurements import measure_bulk, measure_depth, measure_name_server, measure_rest
from bench.project import prepare_alpage
from bench.results import (
    describe_machine,
    effort_table,
    figure_table,
    keep_figures,
    keep_json,
    keep_runs,
    keep_starts,
    open_results,
    rate_table,
    speed_table,
    start_table,
)
from bench.rounds import run_rounds
from bench.webhooks import measure_webhooks
from bench.writes import measure_writes

PREPARE = {
    "alpage": prepare_alpage,
    "fastapi": prepare_fastapi,
    "django": prepare_django,
    "ceiling": prepare_ceiling,
}


PARTS = ("stacks", "alone", "identity", "webhooks", "changes", "writes")


def main() -> None:
    """Measure everything, or one part of it, in one run."""
    options = read_options()
    parts = [options.only] if options.only else [*PARTS]
    require_programs()
    warn_if_busy()
    cores = choose_cores()
    directory = open_results()
    keep_json(directory, "machine", describe_machine())
    tables: list[str] = []
    taken: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        scratch = Path(name)
        if "stacks" in parts:
            tables += compare(directory, scratch, cores, rounds=options.rounds, seconds=options.seconds)
        if "alone" in parts:
            tables += take_figures(directory, scratch, cores, taken, rounds=options.rounds)
        if "identity" in parts:
            tables += compare_logins(directory, scratch, cores, taken, rounds=options.rounds, seconds=options.seconds)
        if "webhooks" in parts:
            print("Measuring webhooks …", flush=True)
            taken += measure_webhooks(new_folder(scratch, "webhooks"), cores)
        if "writes" in parts:
            print("Measuring writes …", flush=True)
            taken += measure_writes(new_folder(scratch, "writes"), cores, rounds=options.rounds)
        if "changes" in parts:
            tables += read_log(directory, scratch, cores, taken, rounds=options.rounds)
    keep_figures(directory, taken)
    summary = "\n\n".join([*tables, figure_table(taken)] if taken else tables)
    (directory / "summary.txt").write_text(summary + "\n")
    print(f"\n{summary}\n")


def read_options() -> argparse.Namespace:
    """Read what to measure and how long; the defaults are what the README's numbers were taken with."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of each load run")
    return parser.parse_args()


def compare(directory: Path, scratch: Path, cores: Cores, *, rounds: int, seconds: int) -> list[str]:
    """Measure the contenders side by side; gives the tables."""
    install_peers()
    contenders = [prepare(name, scratch) for name in PREPARE]
    runs, starts = run_rounds(contenders, cores, rounds=rounds, seconds=seconds)
    keep_runs(directory, runs)
    keep_starts(directory, starts)
    return [speed_table(runs), rate_table(runs), effort_table(runs), start_table(starts)]


def prepare(name: str, scratch: Path) -> Contender:
    """Make a contender's data in a folder of its own."""
    print(f"Preparing {name} …", flush=True)
    return PREPARE[name](new_folder(scratch, name))


def take_figures(directory: Path, scratch: Path, cores: Cores, taken: list[Figure], *, rounds: int) -> list[str]:
    """Measure the platform alone, and add what it has to reach to the figures; gives the tables."""
    print("Measuring the platform alone …", flush=True)
    taken += measure_rest(new_folder(scratch, "rest"), cores, rounds=rounds)
    taken += measure_bulk(new_folder(scratch, "bulk"), cores, rounds=rounds)
    runs, depth = measure_depth(new_folder(scratch, "depth"), cores, rounds=rounds)
    taken.append(depth)
    answers = measure_name_server()
    keep_json(directory, "dns", answers)
    taken += [figures.dns_answers(answer) for answer in answers]
    keep_runs(directory, runs)
    return [speed_table(runs)]


def read_log(directory: Path, scratch: Path, cores: Cores, taken: list[Figure], *, rounds: int) -> list[str]:
    """Measure a short and a long change log side by side; gives the tables."""
    print("Measuring the change log …", flush=True)
    runs, depth = measure_changes(new_folder(scratch, "changes"), cores, rounds=rounds)
    taken.append(depth)
    keep_runs(directory, runs)
    return [speed_table(runs)]


def compare_logins(
    directory: Path, scratch: Path, cores: Cores, taken: list[Figure], *, rounds: int, seconds: int
) -> list[str]:
    """Measure the login beside another, and add what it has to reach to the figures; gives the tables."""
    install_node_peer()
    print("Measuring the login …", flush=True)
    runs, reached = measure_identity(new_folder(scratch, "identity"), cores, rounds=rounds, seconds=seconds)
    taken += reached
    keep_runs(directory, runs)
    return [speed_table(runs)]


def new_folder(scratch: Path, name: str) -> Path:
    """Make a folder for one contender or figure."""
    directory = scratch / name
    directory.mkdir()
    return directory


if __name__ == "__main__":
    main()
