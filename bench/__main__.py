"""`make bench`: prepare all contenders, compare them in rounds, take the figures, print and keep everything."""

import argparse
import tempfile
from pathlib import Path

from bench.contenders import Contender, prepare_ceiling, prepare_django, prepare_fastapi
from bench.cores import choose_cores
from bench.environment import install_peers
from bench.load import require_wrk
from bench.results import (
    describe_machine,
    keep_json,
    keep_run,
    keep_starts,
    open_results,
    ratio_table,
    speed_table,
    start_table,
)
from bench.rounds import run_rounds

PREPARE = {"ceiling": prepare_ceiling, "fastapi": prepare_fastapi, "django": prepare_django}


def main() -> None:
    """Measure everything in one run."""
    options = read_options()
    require_wrk()
    install_peers()
    cores = choose_cores()
    directory = open_results()
    keep_json(directory, "machine", describe_machine())
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        contenders = [prepare(name, Path(scratch)) for name in options.contenders]
        runs, starts = run_rounds(contenders, cores, rounds=options.rounds, seconds=options.seconds)
    for run in runs:
        keep_run(directory, run)
    keep_starts(directory, starts)
    summary = "\n\n".join([speed_table(runs), ratio_table(runs), start_table(starts)])
    (directory / "summary.txt").write_text(summary + "\n")
    print(f"\n{summary}\n")


def read_options() -> argparse.Namespace:
    """Read how long and whom to measure; the defaults are what the README's numbers were taken with."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("contenders", nargs="*", default=list(PREPARE), help="only these of them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of each load run")
    return parser.parse_args()


def prepare(name: str, scratch: Path) -> Contender:
    """Make a contender's data in a folder of its own."""
    print(f"Preparing {name} …", flush=True)
    directory = scratch / name
    directory.mkdir()
    return PREPARE[name](directory)


if __name__ == "__main__":
    main()
