"""A platform with something of everything in it, and requests that work there: what fuzzing begins with."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from alpage.cli.demo import DOMAIN, EMAIL, demonstrate
from alpage.cli.platform import Platform as OwnersPlatform
from alpage.identity.scopes import SCOPES
from alpage.identity.users import User, find_by_email, hash_password
from alpage.storage.changes import NOBODY
from tests.identity.attacks.drafts import Described, Draft, encoded
from tests.identity.attacks.login import RunningLogin
from tests.identity.attacks.served import Served
from tests.identity.oauth_support import CHALLENGE, REDIRECT, VERIFIER, Shop
from tests.web.login.conftest import PASSWORD

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
LOST = [f"lost{number}.{DOMAIN}" for number in range(5)]  # zones that may be replaced and deleted
REPLACING = {("PUT", "/2/zones/{zone}"), ("DELETE", "/2/zones/{zone}")}
TOKENS = 30  # so that one that is ended in passing is missed by few


@dataclass(slots=True)
class Seeds:
    """What there is to work with."""

    served: Served
    chance: Random
    login: RunningLogin = field(init=False)
    user: User = field(init=False)
    shop: Shop = field(init=False)
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
        self._sign_in_somebody()
        self._let_the_login_give()

    def _sign_in_somebody(self) -> None:
        session = self.login.session(self.login.platform.user("peter"))
        browser = self.login.browsers[session.id]
        self.csrf = browser.get("/login/signout").form("/signout").fields["csrf"]
        self.cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items()).encode()

    def _let_the_login_give(self) -> None:
        session = self.login.session(self.user)
        tokens = self.shop.tokens(session, access_type="offline", scope="openid email dns accounts user_info")
        device = self.shop.post("/device_authorization", scope="openid").json()
        pushed = self.shop.post("/par", **self._request()).json()
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

    def _request(self) -> dict[str, str]:
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

    # What works

    def corpus(self) -> list[Draft]:
        """Requests that work: most ask something of the API, many of the login's endpoints, some of its pages."""
        api, programs, pages = [*self._api()], [*self._programs()], [*self._pages()]
        return [*api, *programs * (len(api) * 2 // 3 // len(programs)), *pages * (len(api) // 8 // len(pages))]

    def _api(self) -> Iterator[Draft]:
        client = self.served.client(headers={"Authorization": f"Bearer {self.tokens[0]}"})
        self._fill(client)
        description = client.get("/openapi.json").json()
        known = self._values(client)
        for path, operations in description["paths"].items():
            for method in operations:
                values = {**known, "zone": LOST} if (method.upper(), path) in REPLACING else known
                described = Described(description, values, self.chance)
                for _ in range(3):
                    headers = {b"Authorization": b"Bearer " + self.chance.choice(self.tokens).encode()}
                    yield described.draft(path, method, headers)

    def _fill(self, client: httpx.Client) -> None:
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
                answer = client.post(path, json=body)
                assert answer.is_success, (path, answer.text)

    def _values(self, client: httpx.Client) -> dict[str, list[Any]]:
        """Values of parameters and properties, by name."""

        def every(path: str, field: str = "id") -> list[Any]:
            answer = client.get(path)
            assert answer.is_success, (path, answer.text)
            found = [one[field] for one in answer.json()["data"]]
            assert found, path
            return found

        account = f"/1/accounts/{self.user.current_account_id}"
        applications = every(f"{account}/applications")
        others = [one for one in applications if one != self.shop.application.id]
        spare = [one["id"] for one in client.get("/1/tokens").json()["data"] if one["name"].startswith("Spare")]
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

    def _programs(self) -> Iterator[Draft]:
        """What programs ask of the login."""
        given = self.given
        who = {"client_id": self.shop.client_id, "client_secret": self.shop.secret}
        of_code = {"code": given["code"], "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        forms: dict[str, list[dict[str, str]]] = {
            "/token": [
                {"grant_type": "authorization_code", **of_code},
                {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]},
                {"grant_type": "client_credentials", "scope": "dns"},
                {"grant_type": DEVICE, "device_code": given["device_code"]},
                {"grant_type": EXCHANGE, "subject_token": given["access_token"], "subject_token_type": ACCESS_TOKEN},
            ],
            "/introspect": [
                {"token": given["access_token"]},
                {"token": given["refresh_token"], "token_type_hint": "x"},
            ],
            "/revoke": [{"token": self.tokens[-1]}, {"token": "alp_at_x", "token_type_hint": "refresh_token"}],
            "/device_authorization": [{"scope": "openid dns"}],
            "/par": [self._request()],
        }
        basic = b"Basic " + b64encode(":".join(who.values()).encode())
        for path, bodies in forms.items():
            for body in bodies:
                yield Draft(b"POST", _path("/login" + path), form=encoded({**who, **body}))
                headers = {b"Authorization": basic}
                yield Draft(b"POST", _path("/login" + path), headers=headers, form=encoded(body))
        token = {b"Authorization": b"Bearer " + given["access_token"].encode()}
        own = {b"Authorization": b"Bearer " + self.tokens[-1].encode()}
        client = {b"Authorization": b"Bearer " + given["registration_access_token"].encode()}
        described = {
            "redirect_uris": [REDIRECT],
            "client_name": "App",
            "scope": "openid",
            "grant_types": ["authorization_code"],
        }
        registered = f"/login/register/{given['registered']}"
        yield Draft(b"GET", _path("/login/oauth2/userinfo"), headers=token)
        yield Draft(b"POST", _path("/login/oauth2/userinfo"), headers=token, form=[])
        yield Draft(b"DELETE", _path("/login/token"), headers=own)
        yield Draft(b"POST", _path("/login/register"), headers=own, document=described)
        yield Draft(b"GET", _path(registered), headers=client)
        yield Draft(b"PUT", _path(registered), headers=client, document={**described, "client_id": given["registered"]})
        for path in (
            "/login/jwks",
            "/login/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server/login",
        ):
            yield Draft(b"GET", _path(path), headers={b"Origin": b"https://spa.example"})

    def _pages(self) -> Iterator[Draft]:
        """What a browser sends that somebody is signed in with."""
        browser = {b"Cookie": self.cookies, b"Sec-Fetch-Site": b"same-origin"}
        request = encoded({**self._request(), "client_id": self.shop.client_id})
        pushed = encoded({"client_id": self.shop.client_id, "request_uri": self.given["request_uri"]})
        hint = encoded({"id_token_hint": self.given["id_token"], "post_logout_redirect_uri": REDIRECT, "state": "s"})
        for path, query in (
            ("/authorize", request),
            ("/authorize", pushed),
            ("/authorize", [*request, (b"prompt", b"none")]),
            ("/end_session", hint),
            ("/", []),
            ("/signin", encoded({"next": "/authorize?x"})),
            ("/device", encoded({"user_code": self.given["user_code"]})),
            ("/choose", []),
            ("/forgotten", []),
            ("/second-factor", []),
            ("/password/reset", encoded({"token": "x"})),
            ("/email/verify", encoded({"token": "x"})),
            ("/assets/x", []),
        ):
            yield Draft(b"GET", _path("/login" + path), query, {**browser})
        for path, fields in (
            ("/signin", {"email": "nobody@example.org", "password": PASSWORD, "next": ""}),
            ("/device", {"user_code": self.given["user_code"]}),
            ("/consent", {"request": "", "token": "", "decision": "approve"}),
            ("/forgotten", {"email": "nobody@example.org"}),
            ("/second-factor", {"code": "000000", "next": ""}),
            ("/password/reset", {"password": "x", "again": "x"}),
            ("/device/decision", {"token": "", "decision": "approve"}),
            ("/passkey/begin", {}),
            ("/choose", {"session": "x"}),
        ):
            yield Draft(b"POST", _path("/login" + path), [], {**browser}, form=encoded({**fields, "csrf": self.csrf}))
        yield Draft(b"POST", _path("/login/authorize"), [], {**browser}, form=request)
        yield Draft(b"GET", _path("/manager/"), [], {**browser})


def _path(path: str) -> list[bytes]:
    return path.encode().split(b"/")
