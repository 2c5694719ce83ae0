"""Tokens, and the scopes each route asks for."""

from alpage.identity.scopes import SCOPES
from tests.conventions.routes import of_every_route, path_of

METADATA = 'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource"'  # RFC 9728, 5.1
NEEDS_TOKEN = of_every_route(lambda route: route.scopes is not None)
NEEDS_SCOPE = of_every_route(lambda route: bool(route.scopes))


@NEEDS_TOKEN
def test_without_a_token(route, client):
    answer = client.request(route.method, path_of(route))
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authorized"
    assert answer.headers["www-authenticate"] == f"Bearer {METADATA}"


@NEEDS_SCOPE
def test_without_the_scope(route, heidi):
    reaching = {scope for wanted in route.scopes for scope in (wanted, wanted.partition(":")[0])}
    heidi.token = heidi.platform.token(heidi.user, *(SCOPES.keys() - reaching))
    answer = heidi.call(route.method, path_of(route))
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "all_scopes"
    challenge = f'Bearer error="insufficient_scope", scope="{route.scopes[0]}"'
    assert answer.headers["www-authenticate"] == f"{challenge}, {METADATA}"


@NEEDS_SCOPE
def test_scopes_of_routes_exist(route):
    assert set(route.scopes) <= SCOPES.keys()
