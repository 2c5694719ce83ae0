"""Postponed requests: a write that is over a limit is made later, by a task, where its sender asks for that.

It says so with `Prefer: respond-async` (RFC 7240). What was sent is kept encrypted until it has been made, for it may
hold secrets; its token is not kept: it is made for the grant, if that still stands.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ForeignKey, bindparam, delete, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.api import envelope
from alpage.api.calls import Acting, Call, Request
from alpage.api.edge import Surface
from alpage.api.envelope import Response
from alpage.api.errors import ApiError
from alpage.settings import Settings
from alpage.storage.changes import Author
from alpage.storage.database import Database, Transaction
from alpage.storage.tables import Base
from alpage.tasks import queue
from alpage.tasks.declarations import TemporaryError, declare
from alpage.tasks.running import Running
from alpage.tasks.tasks import AsyncTask, Task, add_progress

NAME = "api.request"
MOST_WAITING = 1000  # of one user
NONCE_BYTES = 12
KEPT_HEADERS = (
    "accept-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "user-agent",
    "x-http-method-override",
)

# stored


class PostponedRequest(Base):
    """A request that is to be made, encrypted. It goes with its task."""

    __tablename__ = "postponed_requests"

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes]


# the verbs


class Postponed:
    """Puts requests off, and reads them again; `secret` is the key they are kept under."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._cipher = AESGCM(secret)

    def postpone(self, call: Call, refused: ApiError) -> Response | None:
        """The answer to a call that is put off; None where too many of its user's wait already."""
        caller = call.caller
        author = Author(caller.user_id, caller.grant_id, call.request.id)
        with self._database.transaction(author) as transaction:
            waiting = transaction.execute(_WAITING, {"of": caller.user_id}).scalar_one()
            if waiting >= MOST_WAITING:
                return None
            task = queue.enqueue(transaction, NAME, call.real_now, delay_seconds=_delay_seconds(refused, waiting))
            transaction.execute(insert(PostponedRequest), {"task_id": task.id, "sealed": self._seal(call)})
            shown = _show(call, transaction, task)
        return Response(202, envelope.success(shown, 202, {}).body, [("Preference-Applied", "respond-async")])

    def restore(self, sealed: bytes, task: Running) -> Request:
        """The request as it was sent, with a key, so that it is made once however often the task is begun."""
        nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        head, _, body = self._cipher.decrypt(nonce, content, None).partition(b"\n")
        method, path, query_string, headers, ip, id, grant_id, scopes = orjson.loads(head)
        return Request(
            method=method,
            path=path,
            query_string=query_string,
            headers={"idempotency-key": task.uuid, **headers},
            body=body,
            ip=ip,
            id=id,
            acting=Acting(grant_id, frozenset(scopes)),
        )

    def _seal(self, call: Call) -> bytes:
        request, caller = call.request, call.caller
        headers = {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers}
        head = [request.sent_as, request.path, request.query_string, headers, request.ip, request.id]
        content = orjson.dumps([*head, caller.grant_id, sorted(caller.scopes)]) + b"\n" + request.body
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, None)


def _show(call: Call, transaction: Transaction, task: Task) -> dict[str, Any]:
    seeing = replace(call, root={})
    seeing.transaction = transaction
    shown = AsyncTask.present(task, seeing)
    add_progress(seeing, [task], [shown])
    return shown


def _delay_seconds(refused: ApiError, waiting: int) -> int:
    """When a request is made: after those that wait already, as many in each window as the limit allows."""
    context = refused.context
    return int(context["retry_after"] + waiting // context["limit"] * context["window"])


Opened = tuple[Postponed, Surface]
_openers: list[Callable[[Settings, Database], Opened]] = []


def opened_by(opener: Callable[[Settings, Database], Opened]) -> None:
    """Says who opens the API for the task: rooms above this one put it together."""
    _openers[:] = [opener]


@lru_cache(maxsize=2)
def _open(settings: Settings, database: Database) -> Opened:
    return _openers[0](settings, database)


@declare(NAME)
def make(task: Running) -> dict[str, Any]:
    """Makes a request that was put off; the response of the task is what it was answered."""
    postponed, api = _open(task.settings, task.database)
    with task.database.reading() as transaction:
        sealed = transaction.execute(_SEALED, {"of": task.id}).scalar_one()
    response = api.answer(postponed.restore(sealed, task))
    retry_after = dict(response.headers).get("Retry-After")
    if retry_after:  # over the limit again, or another with its key is being made
        raise TemporaryError(f"the request was answered {response.status}", int(retry_after))
    if response.status >= 500:
        raise RuntimeError(f"the request was answered {response.status}")
    made: dict[str, Any] = task.write("forget", _forget, task.id, response.status, orjson.loads(response.body))
    return made


def _forget(transaction: Transaction, task_id: int, status: int, body: Any) -> dict[str, Any]:
    transaction.execute(delete(PostponedRequest).where(PostponedRequest.task_id == task_id))
    return {"status": status, "body": body}


_WAITING = select(func.count()).where(
    Task.user_id == bindparam("of"), Task.name == NAME, Task.status.in_(("spooled", "running"))
)
_SEALED = select(PostponedRequest.sealed).where(PostponedRequest.task_id == bindparam("of"))
