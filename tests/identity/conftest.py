import pytest
from starlette.testclient import TestClient

from alpage.identity.sessions import Session
from tests.conftest import Person, Platform
from tests.identity.oauth_support import Login, Shop


@pytest.fixture
def login(platform: Platform, client: TestClient) -> Login:
    return Login(platform, client)


@pytest.fixture
def shop(login: Login, heidi: Person) -> Shop:
    """An application of heidi's that keeps a secret."""
    return login.shop(user_id=heidi.user.id, account_id=heidi.account.id)


@pytest.fixture
def session(login: Login, heidi: Person) -> Session:
    """The browser heidi is signed in with."""
    return login.session(heidi.user)
