"""The change log: a page of it takes as long from 1,000,000 entries as from 1,000, whatever is asked of it.

Two data folders that differ in nothing but the length of their logs are served one after the other, in each round.
"""

import sqlite3
from pathlib import Path
from typing import Any

from bench import figures
from bench.contenders import Contender, Route
from bench.cores import Cores
from bench.figures import Figure
from bench.measurements import median_rate
from bench.project import UNLIMITED, install
from bench.rounds import Run, run_rounds

LENGTHS = {"short log": 1_000, "long log": 1_000_000}
SECONDS = 3
PER_PAGE = 50


def measure_changes(scratch: Path, cores: Cores, *, rounds: int) -> tuple[list[Run], Figure]:
    """Load pages of a short and of a very long log, by every kind of filter; the worst of them counts."""
    contenders = [prepare(scratch / name.replace(" ", "-"), name, entries) for name, entries in LENGTHS.items()]
    runs, _ = run_rounds(contenders, cores, rounds=rounds, seconds=SECONDS)
    short, long = ([run for run in runs if run.contender == name] for name in LENGTHS)
    names = [route.name for route in contenders[0].routes]
    return runs, figures.log_depth(max(median_rate(short, name) / median_rate(long, name) for name in names))


def prepare(directory: Path, name: str, entries: int) -> Contender:
    """The platform with a log of so many entries of one account."""
    directory.mkdir()
    installation = install(directory, {})
    product_id, user_id = fill_log(directory, entries)
    return Contender(
        name=name,
        command=lambda port: installation.command(port, "--no-dns"),
        directory=directory,
        environment=UNLIMITED,
        routes=routes(product_id, user_id),
        token=installation.token,
    )


def routes(product_id: int, user_id: int) -> tuple[Route, ...]:
    """A page of the log as people ask for it: from either end, and by each kind of filter."""
    asked = {
        "newest": "order=desc",
        "oldest": "order=asc",
        "event": "order=desc&filter[event]=account.tag",
        "events": "order=desc&filter[event]=account.*",
        "product": f"order=desc&filter[product_id]={product_id}",
        "person": f"order=desc&filter[user_id]={user_id}",
        "since": "filter[since]=1700000500",
        "rare": "order=desc&filter[action]=deleted",  # of which there are none: as many are looked at as ever are
    }
    return tuple(
        Route(name, f"/1/changes?limit={PER_PAGE}&{query}", empty_fault if name == "rare" else page_fault)
        for name, query in asked.items()
    )


def page_fault(body: Any) -> str | None:
    """See that a whole page came."""
    return None if len(body["data"]) == PER_PAGE else f"{len(body['data'])} changes instead of {PER_PAGE}"


def empty_fault(body: Any) -> str | None:
    """See that nothing came of what there is nothing of."""
    return f"{len(body['data'])} changes instead of none" if body["data"] else None


def fill_log(directory: Path, entries: int) -> tuple[int, int]:
    """Make the log anew, with so many entries, while no server runs; gives a product and a user they are of."""
    with sqlite3.connect(directory / "alpage.db") as connection:
        account_id, product_id = connection.execute("SELECT account_id, product_id FROM dns_zones LIMIT 1").fetchone()
        (user_id,) = connection.execute(
            "SELECT user_id FROM memberships WHERE account_id = ? AND role_type = 'owner'", (account_id,)
        ).fetchone()
        connection.execute("DELETE FROM changes")
        values = {"entries": entries, "account": account_id, "product": product_id, "user": user_id}
        connection.execute(FILL, values)
        connection.execute("ANALYZE changes")
    connection.close()
    return product_id, user_id


FILL = """
INSERT INTO changes (created_at, event, action, object_id, account_id, product_id, user_id, request_id, before, after)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :entries)
SELECT
    1700000000 + n,
    CASE n % 10 WHEN 0 THEN 'account.tag' ELSE 'dns.record' END,
    'created',
    n,
    :account,
    CASE n % 10 WHEN 0 THEN NULL ELSE :product END,
    :user,
    'request-' || (n / 5),
    NULL,
    '{"id":' || n || ',"source":"host-' || n || '","type":"A","ttl":3600,"target":"192.0.2.1"}'
FROM numbers
"""
