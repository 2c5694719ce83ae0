"""A21: who guesses at client secrets is not looked at for a while, whether he guesses right or wrong."""

import pytest

from alpage.identity.oauth import endpoints
from alpage.identity.sessions import Session
from tests.identity.oauth_support import Login, Shop

WRONG = "alp_cs_wrong"


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_a21_guesses_at_client_secrets(
    login: Login, shop: Shop, session: Session, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "GUESSES", "5/minute")
    given = {"grant_type": "client_credentials", "token": "alp_at_any"}
    assert shop.post(path, **given).status_code == 200
    for _ in range(5):
        assert shop.post(path, **given, client_secret=WRONG).json()["error"] == "invalid_client"

    wrong, right = shop.post(path, **given, client_secret=WRONG), shop.post(path, **given)

    assert wrong.status_code == right.status_code == 429
    assert wrong.content == right.content
    assert 0 < int(right.headers["retry-after"]) <= 60


def test_a21_clients_that_show_who_they_are_are_not_counted(
    login: Login, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "GUESSES", "5/minute")
    for _ in range(10):
        assert shop.post("/introspect", token="alp_at_any").status_code == 200
        assert shop.post(grant_type="nonsense").status_code == 400
