"""Problems: what a page raises when it has nothing to show, and the page that then says so."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from alpage import client
from alpage.api.errors import ApiError
from alpage.web import forgery
from alpage.web.translations.catalogues import N_
from alpage.web.visits import Visit

WORDS = {
    400: (
        N_("That request cannot be read"),
        N_("What the browser sent is not complete. Go back and try again."),
    ),
    403: (
        N_("That is not allowed"),
        N_("You may not see or do this."),
    ),
    404: (
        N_("There is nothing here"),
        N_("The address may be mistyped, or what was here has been moved or deleted."),
    ),
    405: (
        N_("That cannot be done here"),
        N_("This address does not take what the browser sent."),
    ),
    413: (
        N_("That is too large"),
        N_("Nothing was kept. Send less at once, or a smaller file."),
    ),
    429: (
        N_("That was too much at once"),
        N_("Wait a moment, then try again."),
    ),
    500: (
        N_("Something went wrong on our side"),
        N_("Nothing was changed. Try again in a moment; if it happens again, tell us the number below."),
    ),
}
SECRET_WORDS = ("password", "secret", "code", "token")


class PageError(Exception):
    """Why there is no page. `sentence` is in the visitor's language; without one the status speaks for itself."""

    def __init__(self, status: int, sentence: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.sentence = sentence
        self.headers = headers or {}


class AnsweredError(Exception):
    """What a page is answered instead: raised where going on makes no sense, such as when nobody is signed in."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class ForgedError(Exception):
    """A form does not prove to be one of ours; `from_us`: it does come from one of our pages."""

    def __init__(self, *, from_us: bool) -> None:
        super().__init__()
        self.from_us = from_us


def page(visit: Visit[Any], problem: PageError) -> Response:
    """The page that says what the problem is."""
    title, sentence = WORDS.get(problem.status) or WORDS[500 if problem.status >= 500 else 400]
    response = visit.render(
        "design/problem.html",
        problem.status,
        number=problem.status,
        title=visit.gettext(title),
        sentence=problem.sentence or visit.gettext(sentence),
    )
    response.headers.update(problem.headers)
    return response


def refusal(visit: Visit[Any], forged: ForgedError) -> Response:
    """The page that says why a form was not taken, and gives back what was typed.

    It can be sent again from here when it came from one of our pages: its page may just be older than the session. What
    another site has put together cannot, or the visitor would do with one click what that site wants. Secrets are typed
    anew.
    """
    typed = [(name, value) for name, value in visit.form.multi_items() if name != forgery.FIELD]
    kept = [(name, value) for name, value in typed if not any(word in name for word in SECRET_WORDS)]
    may_resend = forged.from_us and kept == typed and not visit.files
    return visit.render("design/refused.html", 403, typed=kept, may_resend=may_resend)


def of_client(error: client.ApiError) -> PageError:
    """The problem behind an error a client of the API was answered, in the API's own words."""
    return PageError(error.status, error.description)


def of_api(error: ApiError, language: str) -> PageError:
    """The problem behind an error of the API, in its own words."""
    return PageError(error.status, error.encode(language, "")["description"], dict(error.headers))
