"""What goes back to an application, and what does not: an error nobody vouches for ends on a page of ours (A8)."""

from starlette.responses import Response

from alpage.identity.oauth.authorization_requests import AuthorizationError
from alpage.identity.oauth.redirects import Answer
from alpage.web.login import returns
from alpage.web.login.surface import LoginVisit


def send(visit: LoginVisit, answer: Answer) -> Response:
    """Takes the visitor back to the application: by a redirect, or by a form that sends itself (form_post)."""
    if answer.fields is None:
        return Response(status_code=303, headers={"Location": answer.url})
    return visit.render(
        "login/form_post.html", form_action=[returns.target(answer.url)], url=answer.url, fields=answer.fields
    )


def show(visit: LoginVisit, error: AuthorizationError) -> Response:
    """Says what is wrong with a request: to the application, if it is known where that is, else to the visitor."""
    if error.answer is not None:
        return send(visit, error.answer)
    return visit.render("login/bad_request.html", 400, code=error.code, description=error.description)
