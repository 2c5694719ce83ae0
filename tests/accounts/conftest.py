"""People in heidi's account besides her."""

from dataclasses import replace

import pytest


def join(heidi, name, role="normal"):
    """Somebody new in heidi's account."""
    user = heidi.platform.user(name)
    heidi.platform.member(heidi.account, user, role)
    return replace(heidi, user=user, token=heidi.platform.token(user))


@pytest.fixture
def anna(heidi):
    """An administrator of heidi's account."""
    return join(heidi, "anna", "admin")


@pytest.fixture
def nils(heidi):
    """A member of heidi's account without rights of his own."""
    return join(heidi, "nils")


@pytest.fixture
def domain(heidi):
    """A product of heidi's account."""
    return heidi.platform.product(heidi.account)


@pytest.fixture
def team(heidi):
    """A team of heidi's account without members or rights."""
    created = heidi.call("POST", f"/1/accounts/{heidi.account.id}/teams", {"name": "Web"})
    return created.json()["data"]["id"]
