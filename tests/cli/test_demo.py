"""The zone of the demonstration, served as `alpage serve --demo` says it is."""

from pathlib import Path

import dns.message
import dns.query

from alpage.sandbox.demonstration import DOMAIN, RECORDS
from tests.cli.running import PATIENCE_SECONDS, running


def test_every_record_of_the_demonstration_is_answered(tmp_path: Path) -> None:
    with running(tmp_path / "data") as platform:
        host, _, port = platform.environment["ALPAGE_DNS"].rpartition(":")
        for source, rtype, target in RECORDS:
            query = dns.message.make_query(DOMAIN if source == "." else f"{source}.{DOMAIN}", rtype)
            answer = dns.query.udp(query, host, timeout=PATIENCE_SECONDS, port=int(port))
            texts = [rdata.to_text().strip('"').removesuffix(".") for rrset in answer.answer for rdata in rrset]
            assert target in texts, (source, rtype)
        assert platform.stop() == 0
