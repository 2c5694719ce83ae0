"""What stands around every page of the manager, and what all of them do alike.

    return shell.show(visit, "manager/teams.html", teams=found.data)           # a page
    return shell.done(visit, "/teams", visit.gettext("The team was made."))    # after a form: go on, and say so
    except ApiError as error: return shell.again(visit, show_new_team, error)  # what is wrong, at its fields
    account = shell.account(visit)                                             # the account worked in: id, name

A template extends `manager/layout.html`, sets `title`, where it has them `state` and `action`, and fills `page`; a
value `crumbs` (of parts.Link) says where it is. It is given `errors` (what the API said, by field);
`typed(name, present)` and `chosen(name, present)`, what was typed into a field or ticked, else what stands there;
`sortable(label, field)`, a column that sorts; and `Column` and `Choice` of `design/parts.py`, to write in place.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design import parts
from alpage.web.manager import calls, navigation
from alpage.web.manager.surface import Visit, origin
from alpage.web.sites import YEAR_SECONDS

ACCOUNT_COOKIE = "manager-account"
FLASH_COOKIE = "manager-flash"
FLASH_SECONDS = 60
PER_PAGE = 25
EVERYTHING = ""  # what is wrong with a form as a whole, among its errors
PROFILE = {"with": ["preferences.account", "preferences.language", "preferences.country", "preferences.timezone"]}


class Errors(dict[str, str]):
    """What the API said of a form, by field; of a field it said nothing of, nothing."""

    def __missing__(self, name: str) -> str:
        return ""


def show(visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
    """A page, with everything around it."""
    errors: Errors = visit.kept.get("errors", Errors())
    around = _shell(visit)
    said = visit.unseal(FLASH_COOKIE, visit.cookie(FLASH_COOKIE)) if visit.cookie(FLASH_COOKIE) else None
    if said:
        visit.clear_cookie(FLASH_COOKIE)
    return visit.render(
        template,
        422 if errors and status == 200 else status,
        form_action=[origin(visit.surface.issuer)],  # signing out leads there
        shell=around,
        flash=said,
        errors=errors,
        typed=_typed(visit),
        chosen=_chosen(visit),
        sortable=_sortable(visit),
        Column=parts.Column,
        Choice=parts.Choice,
        calls=calls.shown(visit),
        **values,
    )


def done(visit: Visit, path: str, sentence: str, kind: str = "success") -> Response:
    """Goes on to another page, which says once what was done. `kind` is that of a notice."""
    visit.set_cookie(FLASH_COOKIE, visit.seal(FLASH_COOKIE, {"kind": kind, "sentence": sentence}, FLASH_SECONDS))
    return visit.redirect(path)


def again(visit: Visit, page: Callable[..., Response], error: ApiError, **arguments: Any) -> Response:
    """The page of a form once more, with what the API refused at its field and what was typed. Raises the error where
    the page could not help: for what is not there, or not allowed."""
    if error.status in (401, 404) or error.status >= 500:
        raise error
    visit.kept["errors"] = errors_of(error)
    return page(visit, **arguments)


def errors_of(error: ApiError) -> Errors:
    """What the API refused, by field: the first thing that is wrong with each. Of parts of a list, by the list."""
    found = Errors()
    for fault in error.faults:
        found.setdefault(fault.attribute.partition(".")[0], fault.description)
    if not found:
        found[str(error.context.get("attribute", EVERYTHING)).partition(".")[0]] = error.description
    return found


def profile(visit: Visit) -> dict[str, Any]:
    """The person who is signed in, as `/2/profile` shows him; asked once a visit."""
    if "profile" not in visit.kept:
        visit.kept["profile"] = _around(visit, "/2/profile", **PROFILE)
        visit.timezone = visit.kept["profile"]["preferences"]["timezone"]["name"]
    found: dict[str, Any] = visit.kept["profile"]
    return found


def accounts(visit: Visit) -> list[dict[str, Any]]:
    """The accounts of the person; asked once a visit."""
    if "accounts" not in visit.kept:
        visit.kept["accounts"] = _around(visit, "/1/accounts", order_by="name")
    found: list[dict[str, Any]] = visit.kept["accounts"]
    return found


def account(visit: Visit) -> dict[str, Any] | None:
    """The account that is worked in: the one just chosen, else the one chosen before, else that of the profile."""
    present = profile(visit)["preferences"]["account"]["current_account_id"]
    by_id = {str(one["id"]): one for one in accounts(visit)}
    chosen = visit.query.get("account", "")
    if chosen in by_id:
        visit.set_cookie(ACCOUNT_COOKIE, chosen, YEAR_SECONDS)
    wanted = (chosen, visit.cookie(ACCOUNT_COOKIE), str(present))
    return next((by_id[name] for name in wanted if name in by_id), next(iter(by_id.values()), None))


def _around(visit: Visit, path: str, **query: Any) -> Any:
    api = calls.api(visit)
    visit.kept.setdefault("around", set()).add(len(api.made))
    return api.get(path, **query)


def _shell(visit: Visit) -> parts.Shell:
    person, present = profile(visit), account(visit)
    return parts.Shell(
        account=present["name"] if present else visit.gettext("No organisation"),
        accounts=[
            parts.Link(one["name"], visit.url("/", account=one["id"]), current=one is present)
            for one in accounts(visit)
        ],
        sections=navigation.sections(visit),
        person=person["display_name"],
        person_links=navigation.own(visit),
        search=visit.url("/search"),
        sign_out=visit.url("/sign-out"),
    )


def listing(visit: Visit) -> dict[str, Any]:
    """What a page asks of a list: the part of it, the words searched for and the order its address names."""
    page = visit.query.get("page", "")
    asked: dict[str, Any] = {"page": int(page) if page.isdecimal() and len(page) < 10 else 1, "per_page": PER_PAGE}
    return {**asked, **{name: visit.query[name] for name in ("search", "order_by", "order") if visit.query.get(name)}}


def _sortable(visit: Visit) -> Callable[..., parts.Column]:
    def sortable(label: str, field: str, kind: Literal["", "number"] = "") -> parts.Column:
        """The column of a list that can be sorted by a field."""
        present = visit.query.get("order", "asc") if visit.query.get("order_by") == field else ""
        order: Literal["", "asc", "desc"] = "" if not present else "desc" if present == "desc" else "asc"
        following = "desc" if order == "asc" else "asc"
        return parts.Column(label, visit.here(order_by=field, order=following, page=None), order, kind)

    return sortable


def _typed(visit: Visit) -> Callable[[str, Any], Any]:
    def typed(name: str, present: Any = "") -> Any:
        """What was typed into a field of the form that is shown again, else what stands there now."""
        return visit.form.get(name, present)

    return typed


def _chosen(visit: Visit) -> Callable[[str, Any], Any]:
    def chosen(name: str, present: Any = ()) -> Any:
        """Which boxes of a name were ticked in the form that is shown again, else those that are now."""
        return visit.form.getlist(name) if visit.method == "POST" else [str(value) for value in present]

    return chosen


def steps(changes: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[parts.Step]:
    """The plan of a write, from what its dry run would change; `names` says what the events are about, in words."""
    return [
        parts.Step(
            kind={"created": "create", "deleted": "delete"}.get(change["action"], "update"),  # type: ignore[arg-type]  # one of the three
            what=" ".join(filter(None, (names.get(change["event"], change["event"]), _name(change)))),
            differences=_differences(change),
        )
        for change in changes
    ]


def _name(change: Mapping[str, Any]) -> str:
    known = {**(change["before"] or {}), **(change["after"] or {})}
    return str(next((known[key] for key in ("name", "email", "source", "login") if known.get(key)), ""))


def _differences(change: Mapping[str, Any]) -> list[parts.Difference]:
    if change["action"] == "deleted":
        return []
    before, after = change["before"] or {}, change["after"] or {}
    return [
        parts.Difference(name, _written(before.get(name)), _written(value))
        for name, value in after.items()
        if name != "id" and value != before.get(name)
    ]


def _written(value: Any) -> str | None:
    return None if value is None else str(value)
