"""The name server's counters as Prometheus metrics; the follower brings them up to date."""

from collections import defaultdict
from collections.abc import Mapping

from prometheus_client import Counter

from alpage.products.dns.server.metrics import Labels

COUNTERS = {
    "queries": Counter("alpage_dns_queries", "DNS queries", ["transport", "type", "rcode"]),
    "transfers": Counter("alpage_dns_transfers", "Zone transfers", ["transport", "asked", "sent"]),
    "notifies": Counter("alpage_dns_notifies", "Attempts to notify a secondary", ["outcome"]),
    "limited": Counter("alpage_dns_limited", "DNS queries over the rate limit", ["outcome"]),
}


class Figures:
    """What of a name server's counts has been added to the metrics."""

    def __init__(self) -> None:
        self._added: defaultdict[tuple[str, Labels], int] = defaultdict(int)

    def add(self, counted: Mapping[str, Mapping[Labels, int]]) -> None:
        """Adds what was counted since the last time."""
        for name, counts in counted.items():
            for labels, count in counts.items():
                if count != self._added[name, labels]:
                    COUNTERS[name].labels(*labels).inc(count - self._added[name, labels])
                    self._added[name, labels] = count
