"""The edge: reads a request off the wire, has a worker thread answer it, and sends the answer.

Everything between is plain synchronous code. What stands behind the edge is a surface: the API, or the endpoints of the
login that programs speak to.
"""

import os
from asyncio import sleep
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from alpage.api import faults
from alpage.api.calls import Request
from alpage.api.envelope import Response
from alpage.api.errors import ApiError
from alpage.api.faults import SandboxFault
from alpage.api.networks import Networks
from alpage.api.streams import EventStream, watch
from alpage.api.workers import Workers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = list[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


WAITING_SECONDS = 0.25  # between two looks on behalf of a caller who waits


class Surface(Protocol):
    """Answers requests, whatever happens."""

    def answer(self, request: Request) -> Response:
        """The answer to a request."""
        ...

    def refuse(self, request: Request, error: ApiError) -> Response:
        """The answer to a request whose body was not read."""
        ...


@dataclass(frozen=True, slots=True)
class Edge:
    """A surface as an ASGI application."""

    surface: Surface
    workers: Workers
    networks: Networks
    body_limit_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the request, has a worker thread answer it, and sends the answer."""
        request = read_head(scope, self.networks)
        try:
            request.body = await _read_body(request, receive, self.body_limit_bytes)
        except ApiError as error:
            response = self.surface.refuse(request, error)
        else:
            response = await self._answer(request)
        if response.fault is not None and await _go_wrong(scope, send, request, response, response.fault):
            return
        if response.stream is None:
            await _send(send, request, response)
        else:
            await self._go_on(response.stream, _head(request, response), receive, send)

    async def _answer(self, request: Request) -> Response:
        response = await self.workers.run(self.surface.answer, request)
        while response.is_early:
            await sleep(WAITING_SECONDS)
            request.is_repeated = True
            response = await self.workers.run(self.surface.answer, request)
        return response

    async def _go_on(self, stream: EventStream, head: Headers, receive: Receive, send: Send) -> None:
        gone = watch(receive)

        async def send_chunk(chunk: bytes) -> None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

        try:
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await stream.run(self.workers, gone, send_chunk)
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            stream.close()


def read_head(scope: Scope, networks: Networks) -> Request:
    """The request without its body. Several headers of one name become one, separated by commas (RFC 9110, 5.2)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(
        method=scope["method"],
        path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0],
        query_string=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=b"",
        ip=networks.client(scope["client"][0] if scope["client"] else "", headers.get("x-forwarded-for", "")),
        id=os.urandom(12).hex(),
    )


async def _read_body(request: Request, receive: Receive, limit: int) -> bytes:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return b""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise ApiError("payload_too_large", max_bytes=limit)
    chunks, size = [], 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise ApiError("payload_too_large", max_bytes=limit)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _go_wrong(scope: Scope, send: Send, request: Request, response: Response, fault: SandboxFault) -> bool:
    """Has an answer go wrong as its caller wants it; whether there is nothing more to send."""
    await sleep(fault.latency_ms / 1000)
    if not fault.drop:
        return False
    if response.stream is not None:
        response.stream.close()
    if not faults.cut(scope["client"]):  # as near to it as a server lets us: a head whose body never comes
        headers = [*_head(request, response), (b"content-length", str(len(response.body) + 1).encode())]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
    return True


async def _send(send: Send, request: Request, response: Response) -> None:
    headers = _head(request, response)
    if response.status != HTTPStatus.NOT_MODIFIED:  # it would tell of a body there is not (RFC 9110, 15.4.5)
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})


def _head(request: Request, response: Response) -> Headers:
    return [
        (b"content-type", response.content_type.encode()),
        (b"x-request-id", request.id.encode()),
        *((name.lower().encode(), value.encode("latin-1", "replace")) for name, value in response.headers),
    ]
