"""The reset of the demonstration: its account is again what `make run` made at first."""

from typing import Any

from alpage.accounts.accounts import Account
from alpage.accounts.members import WRITE
from alpage.api.calls import Call
from alpage.api.errors import ApiError, not_found
from alpage.api.faults import require_sandbox
from alpage.api.routes import Routes, Shape
from alpage.identity.users import User
from alpage.sandbox import contents, demonstration
from alpage.sandbox.demonstration import ACCOUNT, DOMAIN, USER, Demonstration

routes = Routes("Sandbox")

KEPT = {"id", "created_at"}

# on the wire


class ResetDemonstration(Shape):
    """The demonstration as it is again; `deleted` is how many things were in its account."""

    user_id: int
    account_id: int
    domain: str
    deleted: int


# who may


def _own(call: Call) -> Demonstration:
    """The demonstration, to its user. Raises `object_not_found`, and `access_denied` where his token is limited."""
    require_sandbox(is_sandbox=call.settings.sandbox)
    found = demonstration.find(call.transaction, call.caller.user_id)
    if found is None:
        raise not_found("Demonstration", call.caller.user_id)
    limits = call.caller.account_ids
    if call.caller.product_ids is not None or (limits is not None and found.account_id not in limits):
        raise ApiError("access_denied", model="Demonstration", id=found.id, required_right="owner")
    return found


# the routes


@routes.post(
    "/1/sandbox/reset",
    scope=WRITE,
    answer=ResetDemonstration,
    status=200,
    errors=["sandbox_off", "object_not_found", "access_denied"],
)
def reset(call: Call) -> dict[str, Any]:
    """Put the demonstration data back: the account, its domain and its zone are again what `make run` made at first.

    Everything else in the account is deleted, whoever made it, and its clock shows the real time again; other accounts
    are left alone. The user stays with his tokens, his sessions and his password. Only he may do this. It is all on
    record in the change log.
    """
    found = _own(call)
    user, account = call.session.get_one(User, found.user_id), call.session.get_one(Account, found.account_id)
    deleted = contents.delete(call.transaction, account.id)
    _make_as_at_first(account, ACCOUNT)
    for name, value in USER.items():
        setattr(user, name, value)
    demonstration.fill(call.transaction, call.settings, user, account, call.real_now)
    call.clocks.forget()
    return {"user_id": user.id, "account_id": account.id, "domain": DOMAIN, "deleted": deleted}


def _make_as_at_first(account: Account, values: dict[str, Any]) -> None:
    for column in Account.__table__.columns:
        if column.key not in KEPT:
            default = column.default.arg if column.default is not None and column.default.is_scalar else None
            setattr(account, column.key, values.get(column.key, default))
