"""Calls in process: the transport by which a part of the platform is a client of its API like any other.

What goes through it is a whole request, with token, scope and limit; only the network is left out.
"""

import os
from collections.abc import Callable

import httpx

from alpage.api.calls import Request
from alpage.api.edge import Surface

IP = "ip"  # the extension of a request that names the address it is made for


class InProcess(httpx.BaseTransport):
    """Answers requests by the surface their address belongs to."""

    def __init__(self, surface_of: Callable[[str, str], Surface]) -> None:
        self._surface_of = surface_of  # by host and path

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request, in the thread that asks."""
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        answer = self._surface_of(request.headers["host"], path).answer(
            Request(
                method=request.method,
                path=path,
                query_string=request.url.query.decode("ascii"),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.read(),
                ip=str(request.extensions.get(IP, "")),
                id=os.urandom(12).hex(),
            )
        )
        headers = [("content-type", answer.content_type), *answer.headers]
        return httpx.Response(answer.status, headers=headers, content=answer.body)
