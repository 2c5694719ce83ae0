from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from alpage.identity.users import User, hash_password
from tests.conftest import Platform
from tests.identity.conftest import login, shop
from tests.web.browsing import Browser, Page

__all__ = ["login", "shop"]  # fixtures

PASSWORD = "goats climb higher than cows"


@pytest.fixture
def anna(platform: Platform) -> User:
    """A user with a password."""
    return platform.user("anna", password_hash=hash_password(PASSWORD))


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client.app)


@pytest.fixture
def sign_in(browser: Browser) -> Callable[..., Page]:
    """Signs a user in with the browser, from the page that is given or from the start."""

    def enter(user: User, page: Page | None = None, password: str = PASSWORD) -> Page:
        page = page or browser.get("/login/signin")
        return page.submit("/signin", email=user.email, password=password)

    return enter
