"""Oneself: names, language and place, picture, addresses, phone numbers, and passwords of programs."""

from base64 import b64encode
from typing import Any

from starlette.responses import Response

from alpage.client import ApiError
from alpage.web.design.environment import LANGUAGE_NAMES
from alpage.web.design.parts import Choice, Link
from alpage.web.forms import Upload
from alpage.web.manager import calls, shell
from alpage.web.manager.surface import Visit
from alpage.web.pages import Pages
from alpage.web.sites import YEAR_SECONDS
from alpage.web.visits import LANGUAGE_COOKIE

pages = Pages()

PROFILE, PASSWORDS = "/2/profile", "/2/profile/applications/passwords"


@pages.get("/profile")
def show_profile(visit: Visit) -> Response:
    """Everything about oneself that can be changed."""
    api, person = calls.api(visit), shell.profile(visit)
    countries = api.get("/1/countries", only_enabled=True, order_by="name")
    timezones = api.get("/1/timezones", order_by="name")
    found = {
        "emails": api.get("/2/profile/emails"),
        "phones": api.get("/2/profile/phones"),
        "passwords": api.get(PASSWORDS),
    }
    api.will("PATCH", PROFILE, {"firstname": person["first_name"], "lastname": person["last_name"]})
    api.will("POST", PASSWORDS, {"name": "…"})
    return shell.show(
        visit,
        "manager/profile.html",
        person=person,
        countries=[Choice(str(one["id"]), one["name"]) for one in countries],
        languages=[Choice(code, name) for code, name in LANGUAGE_NAMES.items()],
        timezones=[Choice(one["name"], f"{one['name']} ({one['gmt']})") for one in timezones],
        **found,
    )


@pages.post("/profile")
def change_names(visit: Visit) -> Response:
    """Changes the names."""
    return _change(visit, _given(visit, "firstname", "lastname"))


@pages.post("/profile/place")
def change_place(visit: Visit) -> Response:
    """Changes language, country and time zone. The pages speak the new language from now on."""
    body = _given(visit, "locale", "country_id", "timezone")
    if body.get("country_id", "").isdecimal():
        body["country_id"] = int(body["country_id"])
    response = _change(visit, body)
    if response.status_code == 303 and body.get("locale") in LANGUAGE_NAMES:
        visit.set_cookie(LANGUAGE_COOKIE, body["locale"], YEAR_SECONDS)
    return response


@pages.post("/profile/email")
def change_email(visit: Visit) -> Response:
    """Changes the address one signs in with."""
    return _change(visit, _given(visit, "email", "current_password"))


@pages.post("/profile/reminders")
def change_reminders(visit: Visit) -> Response:
    """Adds an address and a phone number to be reminded at."""
    return _change(
        visit, {name: value for name, value in _given(visit, "reminder_email", "reminder_phone").items() if value}
    )


@pages.post("/profile/avatar")
def replace_avatar(visit: Visit) -> Response:
    """Adds or replaces the picture."""
    return _try(visit, "POST", f"{PROFILE}/avatar", picture(visit.files.get("avatar"), "avatar"))


@pages.post("/profile/avatar/delete")
def delete_avatar(visit: Visit) -> Response:
    """Deletes the picture."""
    return _try(visit, "DELETE", f"{PROFILE}/avatar")


@pages.post("/profile/emails/{email_type}/{email_id:int}/verify")
def verify_email(visit: Visit, email_type: str, email_id: int) -> Response:
    """Has a link sent to an address that proves that it is one's own."""
    try:
        calls.api(visit).call("POST", f"/1/profile/emails/{email_type}/{email_id}/verification")
    except ApiError as error:
        return shell.again(visit, show_profile, error)
    return shell.done(visit, "/profile", visit.gettext("A mail with a link is on its way."))


@pages.post("/profile/emails/{email_type}/{email_id:int}/delete")
def delete_email(visit: Visit, email_type: str, email_id: int) -> Response:
    """Deletes an address."""
    return _try(visit, "DELETE", f"{PROFILE}/emails/{email_type}/{email_id}")


@pages.post("/profile/phones/{phone_id:int}/delete")
def delete_phone(visit: Visit, phone_id: int) -> Response:
    """Deletes a phone number."""
    return _try(visit, "DELETE", f"{PROFILE}/phones/{phone_id}")


@pages.post("/profile/passwords")
def create_password(visit: Visit) -> Response:
    """Makes a password for a program, and shows it."""
    try:
        made = calls.api(visit).call("POST", PASSWORDS, {"name": visit.form.get("name", "")}).data
    except ApiError as error:
        return shell.again(visit, show_profile, error)
    return shell.show(visit, "manager/profile_password.html", 201, made=made, crumbs=_crumbs(visit, made["name"]))


@pages.get("/profile/passwords/{password_id:int}/delete")
def ask_about_password(visit: Visit, password_id: int) -> Response:
    """Asks before a password of a program is deleted."""
    api = calls.api(visit)
    found = api.get(f"{PASSWORDS}/{password_id}")
    api.will("DELETE", f"{PASSWORDS}/{password_id}")
    return shell.show(
        visit, "manager/profile_password_delete.html", password=found, crumbs=_crumbs(visit, found["name"])
    )


@pages.post("/profile/passwords/{password_id:int}/delete")
def delete_password(visit: Visit, password_id: int) -> Response:
    """Deletes a password of a program."""
    return _try(visit, "DELETE", f"{PASSWORDS}/{password_id}")


def picture(upload: Upload | None, name: str) -> dict[str, str]:
    """A picture as the API takes it; the API says what is wrong with one that is none."""
    if upload is None:
        return {name: "", "encoding": "png"}
    encoding = upload.content_type.removeprefix("image/").replace("jpg", "jpeg")
    return {name: b64encode(upload.content).decode(), "encoding": encoding}


def _given(visit: Visit, *names: str) -> dict[str, Any]:
    return {name: visit.form[name] for name in names if name in visit.form}


def _change(visit: Visit, body: dict[str, Any]) -> Response:
    return _try(visit, "PATCH", PROFILE, body)


def _try(visit: Visit, method: str, path: str, body: Any = None) -> Response:
    try:
        calls.api(visit).call(method, path, body)
    except ApiError as error:
        return shell.again(visit, show_profile, error)
    return shell.done(visit, "/profile", visit.gettext("Your profile was changed."))


def _crumbs(visit: Visit, name: str) -> list[Link]:
    return [Link(visit.gettext("Profile"), visit.url("/profile")), Link(name, visit.here(), current=True)]
