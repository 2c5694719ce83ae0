"""Counters of the name server, read by whoever shows figures."""

from collections import defaultdict

import dns.rcode
import dns.rdatatype

_TYPES = {int(rdtype): rdtype.name for rdtype in dns.rdatatype.RdataType}

Labels = tuple[str, ...]


class Metrics:
    """Counters by name and labels.

    No two threads count under the same labels (the transport is one of them), so nothing is lost without a lock.
    """

    def __init__(self) -> None:
        self.queries: defaultdict[Labels, int] = defaultdict(int)
        """By transport, type and response code."""
        self.transfers: defaultdict[Labels, int] = defaultdict(int)
        """By what was asked for (AXFR, IXFR) and what was sent (AXFR, IXFR, SOA, refused)."""
        self.notifies: defaultdict[Labels, int] = defaultdict(int)
        """By outcome of each attempt: acknowledged, refused, unanswered."""
        self.limited: defaultdict[Labels, int] = defaultdict(int)
        """By what became of a query over the rate limit: truncated, dropped."""

    def read(self) -> dict[str, dict[Labels, int]]:
        """Copy all counters: name, then labels, then the count."""
        return {name: dict(counter) for name, counter in vars(self).items()}


def query_labels(transport: str, rdtype: int, rcode: int) -> Labels:
    """Label a query; types nobody knows share one label, so that no sender can make labels without end."""
    return transport, _TYPES.get(rdtype, "other"), dns.rcode.to_text(dns.rcode.Rcode(rcode))
