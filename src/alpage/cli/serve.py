"""`alpage serve`, `alpage work` and `alpage migrate`: the platform as a running program."""

import os
import shutil
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from alpage.cli.configuration import settle
from alpage.settings import PREFIX, Settings

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it is made anew, for its owner only


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    data: Path | None = None,
    workers: int | None = None,
    dns_host: str | None = None,
    dns_port: int | None = None,
    dns: bool | None = None,
    tasks: bool | None = None,
    demo: bool = False,
) -> None:
    """Start the platform: the API and the name server. Ctrl-C ends it.

    Parameters
    ----------
    host
        Address the API listens on.
    port
        Port the API listens on.
    data
        Data folder.
    workers
        Server processes.
    dns_host
        Address the name server listens on.
    dns_port
        Port the name server listens on.
    dns
        Whether the name server runs.
    tasks
        Whether it runs tasks, delivers mails and does what is due, or leaves that to `alpage work`.
    demo
        Create demonstration data on the first start, and print what to try.
    """
    flags = {"host": host, "port": port, "data": data, "workers": workers}
    settings = settle(**flags, dns_host=dns_host, dns_port=dns_port, dns_enabled=dns, tasks_enabled=tasks)
    _hand_down(settings)
    from alpage.cli.server import run  # noqa: PLC0415 - metrics are shared between processes only if the above came first

    run(settings, demo=demo)


def work(*, data: Path | None = None, processes: int = 1, concurrency: int | None = None) -> None:
    """Run tasks, deliver mails and do what is due, in processes of their own. Ctrl-C ends it.

    Parameters
    ----------
    data
        Data folder.
    processes
        Processes that work.
    concurrency
        Tasks a process runs at once; all processes of a database do as the one started last.
    """
    settings = settle(data=data, task_concurrency=concurrency)
    from alpage.cli.working import run  # noqa: PLC0415 - as below

    run(settings, processes)


def migrate(*, data: Path | None = None) -> None:
    """Bring the tables of a data folder up to date.

    Parameters
    ----------
    data
        Data folder.
    """
    from alpage.cli.platform import open_platform  # noqa: PLC0415 - `serve` must not import it yet

    open_platform(data)


def _hand_down(settings: Settings) -> None:
    """Puts the settings where the server processes read theirs: the environment."""
    for name, value in settings.model_dump(mode="json").items():
        os.environ[PREFIX + name.upper()] = ",".join(value) if isinstance(value, list) else str(value)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_new_metrics(settings))


def _new_metrics(settings: Settings) -> Path:
    """The empty folder of what all processes count, which /metrics adds up.

    It is in memory where the system has a place for that: counting into a file on a full disk would end the process.
    """
    name = f"alpage-metrics-{sha256(bytes(settings.data.resolve())).hexdigest()[:16]}"
    metrics = (MEMORY if MEMORY.is_dir() else Path(gettempdir())) / name
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(mode=0o700)
    return metrics
