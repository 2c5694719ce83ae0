"""Leaks: the place to hand in a credential that was found where it should not be. It works no more."""

from typing import Annotated

from pydantic import Field
from sqlalchemy import select

from alpage.api.calls import Call
from alpage.api.routes import PUBLIC, Routes, Shape
from alpage.identity import grants
from alpage.identity.application_secrets import ApplicationSecret
from alpage.identity.applications import Application
from alpage.identity.credentials import is_well_formed, keyed_hash, pepper_of
from alpage.identity.grants import Grant
from alpage.identity.security_events import note_call
from alpage.identity.tokens import Token

routes = Routes("Tokens")

REPORTS = "30/minute"

# on the wire


class Leak(Shape):
    """A credential that was found where it should not be."""

    token: Annotated[str, Field(max_length=200)]


# the verbs


def _revoke_leaked(call: Call, secret: str) -> None:
    """Ends what a credential opens: the grant of a token, with the tokens made with it; or a client secret."""
    digest = keyed_hash(pepper_of(call.settings), secret)
    grant = call.session.scalar(select(Grant).join(Token, Token.grant_id == Grant.id).where(Token.hash == digest))
    together = [] if grant is None else grants.with_made(call.session, [grant], in_manager=True)
    alive = [one for one in together if one.revoked_at is None]
    if grant is not None and alive:
        grants.revoke(call.session, alive, call.now)
        note_call(call, "token_leaked", user_id=grant.user_id, grant_id=grant.id, application_id=grant.application_id)
    found = call.session.scalar(select(ApplicationSecret).where(ApplicationSecret.hash == digest))
    if found is not None and found.revoked_at is None:
        found.revoked_at = call.now
        application = call.session.get_one(Application, found.application_id)
        note_call(
            call,
            "token_leaked",
            user_id=application.user_id,
            application_id=application.id,
            last_four=found.last_four,
        )


# the routes


@routes.post("/1/tokens/leaked", scope=PUBLIC, answer=bool, status=200, limit=REPORTS)
def report_leaked_token(call: Call, body: Leak) -> bool:
    """Report a credential that was found where it should not be: personal, access or refresh token, or client secret.

    Whatever it is, the answer is the same. If it is one of ours, it works no more, nor do the tokens made with it.
    """
    if is_well_formed(body.token):
        _revoke_leaked(call, body.token)
    return True
