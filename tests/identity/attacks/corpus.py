"""Requests that work on a platform with something of everything in it: what a fuzzer makes others of."""

from base64 import b64encode
from collections.abc import Iterator
from random import Random

from tests.identity.attacks.drafts import Described, Draft, encoded
from tests.identity.attacks.seeds import LOST, Seeds
from tests.identity.oauth_support import REDIRECT, VERIFIER
from tests.web.login.conftest import PASSWORD

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
REPLACING = {("PUT", "/2/zones/{zone}"), ("DELETE", "/2/zones/{zone}")}


def corpus(seeds: Seeds, chance: Random) -> list[Draft]:
    """Requests that work: most ask something of the API, many of the login's endpoints, some of its pages."""
    api, programs, pages = [*_api(seeds, chance)], [*_programs(seeds)], [*_pages(seeds)]
    return [*api, *programs * (len(api) * 2 // 3 // len(programs)), *pages * (len(api) // 8 // len(pages))]


def _api(seeds: Seeds, chance: Random) -> Iterator[Draft]:
    description, known = seeds.api.get("/openapi.json").json(), seeds.values()
    for path, operations in description["paths"].items():
        for method in operations:
            values = {**known, "zone": LOST} if (method.upper(), path) in REPLACING else known
            described = Described(description, values, chance)
            for _ in range(3):
                headers = {b"Authorization": b"Bearer " + chance.choice(seeds.tokens).encode()}
                yield described.draft(path, method, headers)


def _programs(seeds: Seeds) -> Iterator[Draft]:
    """What programs ask of the login."""
    given = seeds.given
    who = {"client_id": seeds.shop.client_id, "client_secret": seeds.shop.secret}
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
        "/revoke": [{"token": seeds.tokens[-1]}, {"token": "alp_at_x", "token_type_hint": "refresh_token"}],
        "/device_authorization": [{"scope": "openid dns"}],
        "/par": [seeds.request()],
    }
    basic = b"Basic " + b64encode(":".join(who.values()).encode())
    for path, bodies in forms.items():
        for body in bodies:
            yield Draft(b"POST", _path("/login" + path), form=encoded({**who, **body}))
            headers = {b"Authorization": basic}
            yield Draft(b"POST", _path("/login" + path), headers=headers, form=encoded(body))
    token = {b"Authorization": b"Bearer " + given["access_token"].encode()}
    own = {b"Authorization": b"Bearer " + seeds.tokens[-1].encode()}
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


def _pages(seeds: Seeds) -> Iterator[Draft]:
    """What a browser sends that somebody is signed in with."""
    browser = {b"Cookie": seeds.cookies, b"Sec-Fetch-Site": b"same-origin"}
    request = encoded({**seeds.request(), "client_id": seeds.shop.client_id})
    pushed = encoded({"client_id": seeds.shop.client_id, "request_uri": seeds.given["request_uri"]})
    hint = encoded({"id_token_hint": seeds.given["id_token"], "post_logout_redirect_uri": REDIRECT, "state": "s"})
    for path, query in (
        ("/authorize", request),
        ("/authorize", pushed),
        ("/authorize", [*request, (b"prompt", b"none")]),
        ("/end_session", hint),
        ("/", []),
        ("/signin", encoded({"next": "/authorize?x"})),
        ("/device", encoded({"user_code": seeds.given["user_code"]})),
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
        ("/device", {"user_code": seeds.given["user_code"]}),
        ("/consent", {"request": "", "token": "", "decision": "approve"}),
        ("/forgotten", {"email": "nobody@example.org"}),
        ("/second-factor", {"code": "000000", "next": ""}),
        ("/password/reset", {"password": "x", "again": "x"}),
        ("/device/decision", {"token": "", "decision": "approve"}),
        ("/passkey/begin", {}),
        ("/choose", {"session": "x"}),
    ):
        yield Draft(b"POST", _path("/login" + path), [], {**browser}, form=encoded({**fields, "csrf": seeds.csrf}))
    yield Draft(b"POST", _path("/login/authorize"), [], {**browser}, form=request)
    yield Draft(b"GET", _path("/manager/"), [], {**browser})


def _path(path: str) -> list[bytes]:
    return path.encode().split(b"/")
