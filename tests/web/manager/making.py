"""What the pages of domains are tried with: a domain, a zone, and the calls to look behind the pages."""

from time import time
from typing import Any

from alpage.products.domains import domains
from alpage.storage.changes import NOBODY

FQDN = "alm.example"
DAY = 86_400

ZONE = """
@ 3600 IN A 192.0.2.10
@ 3600 IN MX 10 mail.alm.example.
mail 3600 IN A 192.0.2.25
mail 3600 IN A 192.0.2.26
www 3600 IN CNAME alm.example.
"""


def make_domain(platform: Any, account_id: int, name: str = FQDN, days: int = 300) -> int:
    """A domain of an account, and its number."""
    now = int(time())
    with platform.database.transaction(NOBODY) as transaction:
        return domains.create(transaction.session, account_id, name, now, expires_at=now + days * DAY).id


class Api:
    """The API as the person of a browser, beside the manager."""

    def __init__(self, site: Any, token: str) -> None:
        self.site = site
        self.token = token

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """The data of an answer that must be a success."""
        answer = self.site.request(method, path, json=body, headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status_code < 300, answer.text
        return answer.json()["data"]

    def lines(self, fqdn: str = FQDN) -> list[str]:
        """The records of a zone as `source type ttl target`, sorted."""
        records = self("GET", f"/2/zones/{fqdn}/records")
        return sorted(f"{one['source']} {one['type']} {one['ttl']} {one['target']}" for one in records)

    def id_of(self, source: str, rtype: str, fqdn: str = FQDN) -> int:
        """The number of a record."""
        records = self("GET", f"/2/zones/{fqdn}/records")
        return next(one["id"] for one in records if (one["source"], one["type"]) == (source, rtype))
