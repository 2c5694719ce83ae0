"""A platform with something of everything in it: what fuzzing begins with."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

import httpx

from alpage.cli.demo import DOMAIN, EMAIL, demonstrate
from alpage.cli.platform import Platform as OwnersPlatform
from alpage.identity.scopes import SCOPES
from alpage.identity.users import User, find_by_email, hash_password
from alpage.storage.changes import NOBODY
from tests.identity.attacks.login import RunningLogin
from tests.identity.attacks.served import Served
from tests.identity.oauth_support import CHALLENGE, REDIRECT, VERIFIER, Shop
from tests.web.login.conftest import PASSWORD

LOST = [f"lost{number}.{DOMAIN}" for number in range(5)]  # zones that may be replaced and deleted
TOKENS = 30  # so that one that is ended in passing is missed by few


@dataclass(slots=True)
class Seeds:
    """What there is to work with."""

    served: Served
    login: RunningLogin = field(init=False)
    user: User = field(init=False)
    shop: Shop = field(init=False)
    api: httpx.Client = field(init=False)
    tokens: list[str] = field(init=False)  # of the user, with all scopes
    cookies: bytes = field(init=False)  # of somebody else's browser, who is signed in
    csrf: str = field(init=False)
    given: dict[str, str] = field(init=False)  # what the login has given out, by its name as a parameter

    def __post_init__(self) -> None:
        platform = self.served.platform()
        self.login = RunningLogin(platform, self.served.client(), served=self.served)
        (self.served.settings.data / "demo.env").unlink(missing_ok=True)
        demonstrate(OwnersPlatform(platform.settings, platform.database, platform.tokens), platform.settings)
        with platform.database.transaction(NOBODY) as transaction:
            found = find_by_email(transaction.session, EMAIL)
            assert found is not None
            found.password_hash = hash_password(PASSWORD)
            self.user = found
        self.tokens = [platform.token(self.user) for _ in range(TOKENS)]
        self.shop = self.login.shop(user_id=self.user.id, account_id=self.user.current_account_id)
        self.api = self.served.client(headers={"Authorization": f"Bearer {self.tokens[0]}"})
        self._sign_in_somebody()
        self._let_the_login_give()
        self._fill()

    def _sign_in_somebody(self) -> None:
        session = self.login.session(self.login.platform.user("peter"))
        browser = self.login.browsers[session.id]
        self.csrf = browser.get("/login/signout").form("/signout").fields["csrf"]
        self.cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items()).encode()

    def _let_the_login_give(self) -> None:
        session = self.login.session(self.user)
        tokens = self.shop.tokens(session, access_type="offline", scope="openid email dns accounts user_info")
        device = self.shop.post("/device_authorization", scope="openid").json()
        pushed = self.shop.post("/par", **self.request()).json()
        headers = {"Authorization": f"Bearer {self.tokens[0]}"}
        registered = self.login.client.post("/login/register", json={"redirect_uris": [REDIRECT]}, headers=headers)
        self.given = {
            **{name: tokens[name] for name in ("access_token", "refresh_token", "id_token")},
            **{name: device[name] for name in ("device_code", "user_code")},
            "code": self.shop.code(session, access_type="offline"),
            "request_uri": pushed["request_uri"],
            "registered": registered.json()["client_id"],
            "registration_access_token": registered.json()["registration_access_token"],
        }

    def request(self) -> dict[str, str]:
        """An authorization request, without its client."""
        return {
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": "openid email",
            "state": "s",
            "nonce": "n",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }

    # What means something

    @property
    def known(self) -> list[bytes]:
        """Names and secrets that are good for something somewhere."""
        own = [self.shop.client_id, self.shop.secret, *self.tokens[:3], EMAIL, PASSWORD, DOMAIN, self.csrf]
        return [value.encode() for value in [*own, REDIRECT, CHALLENGE, VERIFIER, "S256", *self.given.values()]]

    @property
    def authorizations(self) -> list[bytes]:
        """Headers that open something."""
        platform = self.login.platform
        narrow = [platform.token(self.user, "dns:read"), platform.token(self.user, expires_at=1)]
        narrow += [platform.token(self.user, account_ids=[]), platform.token(self.user, ip_ranges=["192.0.2.0/24"])]
        bearers = [*narrow, *self.tokens[:3], self.given["access_token"], self.given["registration_access_token"]]
        basic = b64encode(f"{self.shop.client_id}:{self.shop.secret}".encode())
        return [b"Basic " + basic, *(f"Bearer {token}".encode() for token in bearers), b"DPoP " + bearers[-1].encode()]

    # What the API knows

    def _fill(self) -> None:
        account = f"/1/accounts/{self.user.current_account_id}"
        person = {"first_name": "A", "last_name": "B", "locale": "de_DE", "role_type": "normal"}
        for number in range(4):
            for path, body in {
                f"{account}/teams": {"name": f"Team {number}"},
                f"{account}/tags": {"name": f"Tag {number}"},
                f"{account}/addresses": {"street": "Alp 1", "zip": "3000", "city": "Bern", "country_id": 756},
                f"{account}/applications": {"name": "App", "is_confidential": True, "redirect_uris": [REDIRECT]},
                f"{account}/invitations": {"email": f"guest{number}@example.org", **person},
                "/1/tokens": {"name": f"Spare {number}", "scopes": ["dns:read"]},
                "/2/profile/applications/passwords": {"name": f"Mail {number}"},
                f"/2/zones/{LOST[number]}": {},
                f"/2/zones/{DOMAIN}/records": {"source": f"h{number}", "type": "A", "target": "192.0.2.1", "ttl": 300},
            }.items():
                answer = self.api.post(path, json=body)
                assert answer.is_success, (path, answer.text)

    def values(self) -> dict[str, list[Any]]:
        """Values of the API's parameters and properties, by name."""

        def every(path: str, field: str = "id") -> list[Any]:
            answer = self.api.get(path)
            assert answer.is_success, (path, answer.text)
            found = [one[field] for one in answer.json()["data"]]
            assert found, path
            return found

        account = f"/1/accounts/{self.user.current_account_id}"
        applications = every(f"{account}/applications")
        others = [one for one in applications if one != self.shop.application.id]
        spare = [one["id"] for one in self.api.get("/1/tokens").json()["data"] if one["name"].startswith("Spare")]
        return {
            "account": [self.user.current_account_id],
            "address": every(f"{account}/addresses"),
            "application": others,
            "country": [756],
            "domain": [DOMAIN, *every("/1/products")],
            "email": [f"new{number}@example.org" for number in range(50)],
            "grant": every("/1/grants"),
            "invitation": every(f"{account}/invitations"),
            "language": [1, 2],
            "name": ["a name", "another", "é"],
            "nameservers": [["ns1.example.org", "ns2.example.org"]],
            "password": every("/2/profile/applications/passwords"),
            "permissions": [{}, {"drive": {}}],
            "product": every("/1/products"),
            "record": every(f"/2/zones/{DOMAIN}/records"),
            "redirect_uris": [[REDIRECT]],
            "requests": [
                [{"method": "GET", "path": "/2/profile"}, {"id": "b", "method": "POST", "path": "/1/tokens/self/can"}]
            ],
            "role_type": ["normal", "admin", "owner"],
            "scopes": [["dns"], ["openid"], [*SCOPES]],
            "secret": every(f"{account}/applications/{others[0]}/secrets"),
            "serial": every(f"/2/zones/{DOMAIN}/versions", "serial"),
            "skel": ["$ORIGIN x.example.\n@ 60 IN A 192.0.2.1", "@ A 1"],
            "source": [".", "www", "*.wild", "a.b"],
            "tag": every(f"{account}/tags"),
            "tag_ids": [every(f"{account}/tags")],
            "target": [
                "192.0.2.1",
                "2001:db8::1",
                "host.example.org",
                "10 mail.example.org",
                '0 issue "ca.example.net"',
            ],
            "team": every(f"{account}/teams"),
            "template": every("/2/dns/templates", "name"),
            "timezone": [1, 2, 3],
            "tld": ["ch", "com"],
            "token": spare,
            "ttl": [60, 3600],
            "user": [self.user.id],
            "user_ids": [[self.user.id]],
            "zone": [DOMAIN],
        }
