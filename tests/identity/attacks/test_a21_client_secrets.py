"""A21: who guesses at client secrets is not looked at for a while, whether he guesses right or wrong."""

import pytest
from limits import parse

from alpage.identity.oauth.endpoints import GUESSES
from alpage.identity.sessions import Session
from tests.identity.oauth_support import Shop

WRONG = "alp_cs_wrong"
FREE = parse(GUESSES).amount


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_a21_guesses_at_client_secrets(shop: Shop, session: Session, path: str) -> None:
    given = {"grant_type": "client_credentials", "token": "alp_at_any"}
    assert shop.post(path, **given).status_code == 200
    for _ in range(FREE):
        assert shop.post(path, **given, client_secret=WRONG).json()["error"] == "invalid_client"

    wrong, right = shop.post(path, **given, client_secret=WRONG), shop.post(path, **given)

    assert wrong.status_code == right.status_code == 429
    assert wrong.content == right.content
    assert 0 < int(right.headers["retry-after"]) <= 60


def test_a21_clients_that_show_who_they_are_are_not_counted(shop: Shop) -> None:
    for _ in range(FREE + 1):
        assert shop.post("/introspect", token="alp_at_any").status_code == 200
    assert shop.post(grant_type="nonsense").status_code == 400
