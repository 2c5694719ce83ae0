"""Access tokens: the list, one of them, making one, revoking one."""

from time import time
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.parts import Choice, Link
from alpage.web.manager import calls, scopes, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.translations.catalogues import N_

pages = Pages()

DAY_SECONDS, HOUR_SECONDS = 86_400, 3600
BELOW = "/v3/ng/accounts/token"
LIST = f"{BELOW}/list"
TOKENS = "/1/tokens"
STATES = (("active", N_("Active")), ("revoked", N_("Revoked")), ("expired", N_("Ended")), ("", N_("All")))
NEVER = "never"
LIFETIMES = (7, 30, 90, 365)  # days
MOST_PRODUCTS = 200


@pages.get(LIST)
def list_tokens(visit: Visit) -> Response:
    """The tokens of the person."""
    state = visit.query.get("state", "active")
    query = {"order_by": "created_at", "order": "desc", **shell.listing(visit)}
    found = calls.api(visit).list(TOKENS, **query, **({"filter[state]": state} if state else {}))
    return shell.show(
        visit,
        "manager/tokens.html",
        tokens=[{**token, "words": scopes.in_words(visit, token["scopes"])} for token in found.data],
        root=found.root,
        state=state,
        tabs=[Link(visit.gettext(label), visit.url(LIST, state=name), current=name == state) for name, label in STATES],
    )


@pages.get(f"{BELOW}/new")
def ask_for_token(visit: Visit) -> Response:
    """What a new token is to be."""
    api = calls.api(visit)
    products = api.list("/1/products", order_by="customer_name", page=1, per_page=MOST_PRODUCTS)
    api.will("POST", TOKENS, {"name": "…", "scopes": ["dns:read"]}, what=visit.gettext("Make the token"))
    return shell.show(
        visit,
        "manager/token_new.html",
        groups=[
            (scopes.field(group), visit.gettext(group.label), scopes.choices(visit, group), visit.gettext(group.hint))
            for group in scopes.GROUPS
        ],
        accounts=[Choice(str(one["id"]), one["name"]) for one in shell.accounts(visit)],
        products=[Choice(str(one["id"]), one["customer_name"], one["service_name"]) for one in products.data],
        lifetimes=[
            *(Choice(str(days), visit.ngettext("One day", "%(num)s days", days)) for days in LIFETIMES),
            Choice(NEVER, visit.gettext("No end")),
        ],
        crumbs=_crumbs(visit, visit.gettext("New")),
    )


@pages.post(f"{BELOW}/new")
def make_token(visit: Visit) -> Response:
    """Makes a token, and shows it this once."""
    try:
        made = calls.api(visit).call("POST", TOKENS, _body(visit)).data
    except ApiError as error:
        return shell.again(visit, ask_for_token, error)
    return shell.show(
        visit,
        "manager/token_made.html",
        201,
        made=made,
        words=scopes.in_words(visit, made["scopes"]),
        crumbs=_crumbs(visit, made["name"]),
    )


@pages.get(BELOW + "/{token_id:int}")
def show_token(visit: Visit, token_id: int) -> Response:
    """One token: what it may do, and since when."""
    api = calls.api(visit)
    token = api.get(f"{TOKENS}/{token_id}")
    api.will("PATCH", f"{TOKENS}/{token_id}", {"name": token["name"]}, what=visit.gettext("Rename the token"))
    names = {one["id"]: one["name"] for one in shell.accounts(visit)}
    return shell.show(
        visit,
        "manager/token.html",
        token=token,
        words=scopes.in_words(visit, token["scopes"]),
        accounts=[names.get(number, str(number)) for number in token["account_ids"] or ()],
        products=_names_of(visit, token["product_ids"] or ()),
        crumbs=_crumbs(visit, token["name"]),
    )


@pages.post(BELOW + "/{token_id:int}")
def rename_token(visit: Visit, token_id: int) -> Response:
    """Renames a token."""
    try:
        calls.api(visit).call("PATCH", f"{TOKENS}/{token_id}", {"name": visit.form.get("name", "")})
    except ApiError as error:
        return shell.again(visit, show_token, error, token_id=token_id)
    return shell.done(visit, f"{BELOW}/{token_id}", visit.gettext("The token was renamed."))


@pages.get(BELOW + "/{token_id:int}/revoke")
def ask_to_revoke(visit: Visit, token_id: int) -> Response:
    """Asks before a token is revoked."""
    api = calls.api(visit)
    token = api.get(f"{TOKENS}/{token_id}")
    api.will("DELETE", f"{TOKENS}/{token_id}", what=visit.gettext("Revoke the token"))
    return shell.show(
        visit,
        "manager/token_revoke.html",
        token=token,
        back=visit.url(f"{BELOW}/{token_id}"),
        crumbs=_crumbs(visit, token["name"]),
    )


@pages.post(BELOW + "/{token_id:int}/revoke")
def revoke_token(visit: Visit, token_id: int) -> Response:
    """Revokes a token."""
    calls.api(visit).call("DELETE", f"{TOKENS}/{token_id}")
    return shell.done(visit, LIST, visit.gettext("The token was revoked. It works no more after a few seconds."))


def _end_of_hour() -> int:
    """Where days are counted from: not the second, which would make another token of a form that is sent again."""
    return -(-int(time()) // HOUR_SECONDS) * HOUR_SECONDS


def _body(visit: Visit) -> dict[str, Any]:
    form = visit.form
    days = form.get("expires_at", "")
    return {
        "name": form.get("name", ""),
        "scopes": scopes.chosen(form),
        "account_ids": [int(number) for number in form.getlist("account_ids") if number.isdecimal()] or None,
        "product_ids": [int(number) for number in form.getlist("product_ids") if number.isdecimal()] or None,
        "ip_ranges": form.get("ip_ranges", "").split() or None,
        "expires_at": _end_of_hour() + int(days) * DAY_SECONDS if days.isdecimal() else None,
    }


def _names_of(visit: Visit, product_ids: Any) -> list[str]:
    if not product_ids:
        return []
    found = calls.api(visit).list("/1/products", order_by="customer_name", page=1, per_page=MOST_PRODUCTS).data
    names = {one["id"]: one["customer_name"] for one in found}
    return [names.get(number, str(number)) for number in product_ids]


def _crumbs(visit: Visit, name: str) -> list[Link]:
    return [Link(visit.gettext("Access tokens"), visit.url(LIST)), Link(name, visit.here(), current=True)]
