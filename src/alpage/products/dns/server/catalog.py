"""The catalog zone (RFC 9432): the list of our zones, itself a zone, from which secondaries learn what to transfer.

`EmbeddedServer` makes a new version of it when zones came or went.
"""

import hashlib
import time
from collections.abc import Set as AbstractSet

from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.server.encoding import name_to_text, name_to_wire
from alpage.products.dns.server.zone import Zone, ZoneDelta, ZoneSnapshot, apply, build

_NO_HOST = "invalid."
_VERSION = RecordData("version", "TXT", 0, '"2"')


class Catalog:
    """Makes the versions of one catalog zone.

    The serial is the time, so that it rises over restarts; versions must be a second apart for it not to run ahead.
    """

    def __init__(self, fqdn: str):
        self.fqdn = fqdn
        self.apex = name_to_wire(fqdn)
        self._members: AbstractSet[bytes] = frozenset()

    def next_version(self, before: Zone | None, members: AbstractSet[bytes], steps_kept: int) -> Zone | None:
        """List the zones with these apexes; None if the version before does."""
        known, self._members = self._members, members
        now = int(time.time())
        if before is None:
            return build(_snapshot(self.fqdn, now, members))
        if known == members:
            return None
        removed = [_member(apex) for apex in known - members]
        added = [_member(apex) for apex in members - known]
        return apply(before, ZoneDelta(before.serial, max(before.serial + 1, now), removed, added), steps_kept)


def _snapshot(fqdn: str, serial: int, members: AbstractSet[bytes]) -> ZoneSnapshot:
    records = [_VERSION, *map(_member, members)]
    return ZoneSnapshot(fqdn, serial, (_NO_HOST,), records, refresh=3_600, retry=600, minimum_ttl=0, authority_ttl=0)


def _member(apex: bytes) -> RecordData:
    """Make the record that lists a zone; its label hangs on the zone's name alone, so it never changes."""
    label = hashlib.blake2s(apex, digest_size=16).hexdigest()
    return RecordData(f"{label}.zones", "PTR", 0, name_to_text(apex))
