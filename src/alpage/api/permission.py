"""What a call must pass before its handler runs: its scope, a fresh login, the objects its path names.

`dispatch.py` asks it of every call; `refusals` asks it about a call that nobody makes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from alpage.api import validation
from alpage.api.callers import Caller, require_fresh_login, require_scope
from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, invalid, not_found
from alpage.api.routes import Route, Shape
from alpage.api.versions import Match

ACCOUNT_PARAMETERS = ("account", "account_id")


def load_path(call: Call, match: Match, arguments: dict[str, Any]) -> None:
    """Puts what the placeholders of the path stand for among the handler's arguments, with the caller's right on it.

    Raises `object_not_found` for what the caller does not see, `access_denied` for what he sees and may not change.
    """
    for parameter, text in zip(match.route.parameters, match.values, strict=True):
        value: Any = text
        if parameter.type is int:
            if not text.isdecimal() or len(text) > 19 or int(text) > validation.LARGEST:
                raise not_found(parameter.name, text)
            value = int(text)
        found = arguments[parameter.name] = parameter.load(call, value) if parameter.load else value
        if call.clocks.any_moved:
            _follow_clock(call, parameter.name, found)


def _follow_clock(call: Call, name: str, found: Any) -> None:
    """Has a call go by the clock of the account its path names, or that what its path names belongs to."""
    account_id = found if name in ACCOUNT_PARAMETERS else None
    account_id = getattr(found, "account_id", account_id)
    if isinstance(account_id, int):
        call.go_by(account_id)


def require_permission(caller: Caller, route: Route) -> None:
    """Raises why a caller may not use a route at all: his token lacks the scope, or he has signed in too long ago."""
    require_scope(caller, route.scopes or ())
    require_fresh_login(caller, route.fresh_seconds)


def refusals(asking: Call, method: str, path: str, body: Any) -> list[ApiError]:
    """Why a call by the same caller would be refused before its handler runs; nothing if it would not be.

    What a path names is looked at only where the token has the scope to look at it. A body is held against its shape;
    None: no body is asked about.
    """
    try:
        match = asking.table.find(method, path)
    except ApiError as error:
        return [error]
    route = match.route
    found = [
        *_refusal(require_scope, asking.caller, route.scopes or ()),
        *_refusal(require_fresh_login, asking.caller, route.fresh_seconds),
    ]
    if body is not None and route.body is not None:
        found += _refusal(_require_valid, route.body, body)
    if not any(error.code == "all_scopes" for error in found):
        found += _refusal(load_path, another_call(asking, match, path), match, {})
    return found


def another_call(call: Call, match: Match, path: str, query_string: str = "") -> Call:
    """Another call by the same caller, in the transaction of this one."""
    request = replace(call.request, method=match.route.method, path=path, query_string=query_string, body=b"")
    other = replace(call, request=request, route=match.route, root={}, ignored=[], query={}, wanted=frozenset())
    other.transaction = call.transaction
    return other


def _require_valid(shape: type[Shape], body: Any) -> None:
    faults: list[Fault] = []
    validation.validate(shape, body, faults)
    if faults:
        raise invalid(*faults)


def _refusal(check: Callable[..., None], *arguments: Any) -> list[ApiError]:
    try:
        check(*arguments)
    except ApiError as error:
        return [error]
    return []
