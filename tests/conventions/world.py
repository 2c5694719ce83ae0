"""A world in which calls of routes have an effect: something of everything paths name, and what bodies may say.

A path is filled by the names of its placeholders, a body by the names of its fields, so that a new route is called
like the others, and one whose names are new is called in vain until they stand here.
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from time import monotonic, sleep, time
from typing import Any

from PIL import Image

from alpage.api.routes import Route
from alpage.identity.emails import UserEmail
from alpage.identity.grants import Grant
from alpage.identity.phones import UserPhone
from alpage.identity.sessions import Session
from alpage.products.domains import domains
from alpage.storage.changes import NOBODY
from tests.conftest import Person

FQDN = "example.ch"
PATIENCE_SECONDS = 10


def _picture() -> str:
    content = BytesIO()
    Image.new("RGB", (32, 32), "red").save(content, "PNG")
    return b64encode(content.getvalue()).decode()


PICTURE = _picture()

FIELDS: dict[str, Any] = {
    "avatar": PICTURE,
    "city": "Bern",
    "country_id": 756,
    "dnssec_data": [f"2371 13 2 {'0' * 64}"],
    "create": [{"source": "new", "type": "A", "ttl": 300, "target": "192.0.2.9"}],
    "email": "new@example.net",
    "encoding": "png",
    "first_name": "Ursli",
    "firstname": "Ursli",
    "force": True,
    "is_confidential": True,
    "last_name": "Schellen",
    "locale": "de_DE",
    "logo": PICTURE,
    "method": "GET",
    "name": "anew",
    "nameservers": ["ns1.example.net", "ns2.example.net"],
    "path": "/2/profile",
    "redirect_uris": ["https://anew.example.net/callback"],
    "role_type": "admin",
    "scopes": ["user_info"],
    "skel": f"$ORIGIN {FQDN}.\n@ 300 IN A 192.0.2.77\n",
    "source": "anew",
    "street": "Gasse",
    "target": "192.0.2.8",
    "ttl": 600,
    "type": "A",
    "zip": "3000",
}
OF_ROUTES: dict[str, Any] = {  # what is not the same everywhere; None: left out
    "POST /1/accounts/{account}/addresses type": "postal",
    "PATCH /1/accounts/{account}/addresses/{address} type": "postal",
    "PATCH /2/profile email": None,
    "POST /2/zones/{zone} skel": None,
}


@dataclass
class World:
    """What there is, by the names of placeholders; `heidi` calls."""

    heidi: Person
    ids: dict[str, Any]
    fields: dict[str, Any]

    def path(self, route: Route) -> str:
        """The route's path, to what there is."""
        path = f"/{route.version}{route.path}"
        for parameter in route.parameters:
            known = self.ids.get(f"{route.name} {parameter.name}", self.ids.get(parameter.name, 999_999_999))
            path = path.replace(f"{{{parameter.name}}}", str(known))
        return path

    def query(self, route: Route) -> dict[str, Any]:
        """A query of the route."""
        names = route.query.model_fields if route.query is not None else {}
        return {name: self.ids[name] for name in names if name in self.ids}

    def body(self, route: Route) -> dict[str, Any]:
        """A body of the route."""
        names = route.body.model_fields if route.body is not None else {}
        known = FIELDS | self.fields
        said = {name: OF_ROUTES.get(f"{route.name} {name}", known.get(name)) for name in names}
        left_out = {name for name in names if OF_ROUTES.get(f"{route.name} {name}", "") is None}
        return {name: value for name, value in said.items() if value is not None and name not in left_out}


def make(heidi: Person) -> World:
    """Fills heidi's account."""
    account, made = heidi.account.id, {"account": heidi.account.id, "account_id": heidi.account.id}
    member = heidi.platform.user("nils")
    heidi.platform.member(heidi.account, member)

    def create(path: str, body: dict[str, Any]) -> Any:
        answer = heidi.call("POST", path, body)
        assert answer.status_code < 300, answer.text
        return answer.json()["data"]

    with heidi.platform.database.transaction(NOBODY) as transaction:
        domain = domains.create(transaction.session, account, FQDN, int(time()))
        domains.create(transaction.session, account, "example.org", int(time()))
        transaction.session.get_one(Grant, 1).authenticated_at = int(time())
    create(f"/2/zones/{FQDN}", {})
    record = create(f"/2/zones/{FQDN}/records", {"source": "www", "type": "A", "ttl": 300, "target": "192.0.2.7"})
    versions = heidi.call("GET", f"/2/zones/{FQDN}/versions").json()["data"]
    address = create(f"/1/accounts/{account}/addresses", {"street": "Weg", "zip": "1", "city": "X", "country_id": 756})
    team = create(f"/1/accounts/{account}/teams", {"name": "Guides"})["id"]
    tag = create(f"/1/accounts/{account}/tags", {"name": "alps"})["id"]
    invited = {"email": "in@example.net", "first_name": "I", "last_name": "N", "locale": "en_GB", "role_type": "normal"}
    invitation = create(f"/1/accounts/{account}/invitations", invited)["id"]
    asked = {"name": "Shop", "is_confidential": True, "redirect_uris": ["https://shop.example.net/callback"]}
    application = create(f"/1/accounts/{account}/applications", asked)["id"]
    secret = heidi.call("GET", f"/1/accounts/{account}/applications/{application}/secrets").json()["data"][0]["id"]
    token = create("/1/tokens", {"name": "other", "scopes": ["user_info"]})
    password = create("/2/profile/applications/passwords", {"name": "printer"})["id"]
    made |= _of_heidi(heidi, application)
    made |= {
        "user": member.id,
        "domain": domain.id,
        "product": domain.id,
        "zone": FQDN,
        "POST /2/zones/{zone} zone": "example.org",
        "record": record["id"],
        "template": heidi.call("GET", "/2/dns/templates").json()["data"][0]["name"],
        "serial": versions[0]["serial"],
        "address": address["id"],
        "team": team,
        "tag": tag,
        "invitation": invitation,
        "application": application,
        "secret": secret,
        "token": token["id"],
        "password_id": password,
    }
    for name in ("POST /2/domains/{domain}/dnssec/enable", "POST /2/domains/{domain}/dnssec/disable"):
        made[f"{name} domain"] = FQDN
    made["PUT /2/domains/{domain}/nameservers domain"] = FQDN
    made["application_id"] = application
    fields = {
        "user_ids": [member.id],
        "tag_ids": [tag],
        "token": token["token"],
        "requests": [{"method": "POST", "path": f"/1/accounts/{account}/tags", "body": {"name": "batched"}}],
    }
    return World(heidi, made, fields)


def _of_heidi(heidi: Person, application: int) -> dict[str, Any]:
    """What is about a person, and is made with a browser otherwise."""
    user, now = heidi.user.id, int(time())
    email = UserEmail(user_id=user, email="second@example.net", created_at=now)
    phone = UserPhone(user_id=user, phone="+41791234567", type="mobile", created_at=now)
    session = Session(
        user_id=user,
        hash="0" * 64,
        public_id="0" * 32,
        authenticated_at=now,
        methods=["pwd"],
        ip="192.0.2.1",
        user_agent="",
        created_at=now,
        expires_at=now + 3600,
    )
    grant = Grant(
        user_id=user, application_id=application, grant_type="code", name="Shop", scopes=["openid"], created_at=now
    )
    heidi.platform.add(email, phone, session, grant)
    return {
        "email_type": email.type,
        "email_id": email.id,
        "phone_id": phone.id,
        "session_id": session.id,
        "grant": grant.id,
    }


def eventually(find: Callable[[], Any]) -> Any:
    """What is found, once it is there."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not (found := find()) and monotonic() < deadline:
        sleep(0.02)
    return found
