"""The start of authority of a zone, and serial numbers (RFC 1982): which zone version follows which."""

from dataclasses import dataclass

_HALF = 2**31
_SPAN = 2**32


@dataclass(frozen=True, slots=True)
class Soa:
    """The SOA of a zone; names without final dot, times in seconds."""

    mname: str
    rname: str
    serial: int
    refresh: int = 86400
    retry: int = 7200
    expire: int = 3_600_000
    minimum_ttl: int = 3600
    ttl: int = 3600

    @property
    def target(self) -> str:
        """The stored form, as `rdata.parse` gives it."""
        times = f"{self.refresh} {self.retry} {self.expire} {self.minimum_ttl}"
        return f"{self.mname} {self.rname} {self.serial} {times}"


def mailbox_name(address: str) -> str:
    """Write a mail address as an SOA does: "dns.admin@example.com" is "dns\\.admin.example.com"."""
    local, _, host = address.rpartition("@")
    return f"{local.replace('.', chr(92) + '.')}.{host}"


def is_newer(serial: int, than: int) -> bool:
    """Say whether a secondary that holds `than` would fetch `serial`."""
    return 0 < (serial - than) % _SPAN < _HALF


def next_serial(previous: int | None, now_seconds: int) -> int:
    """Give the serial that follows: the time where that is ahead, else one more.

    It is never 0, which some servers read as none.
    """
    now = now_seconds % _SPAN
    if previous is None or is_newer(now, previous):
        return now or 1
    return (previous + 1) % _SPAN or 1
