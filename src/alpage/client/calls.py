"""Calls: one request to the API, and what came of it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from alpage.client.answers import Answer
from alpage.client.errors import ApiError

TIMEOUT_SECONDS = 30.0


class Alpage:
    """A client of the API at an address, with a token.

    `transport` replaces the network: a program that serves the API itself can call it in process.
    """

    def __init__(
        self,
        token: str = "",
        *,
        base_url: str,
        language: str = "",
        user_agent: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if language:
            headers["Accept-Language"] = language
        if user_agent:
            headers["User-Agent"] = user_agent
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Sends a request. Raises ApiError for an answer that is an error, httpx.TransportError when there is none."""
        given = {} if body is None else {"json": body}
        response = self._http.request(
            method, path, params=query, headers=headers, extensions=dict(extensions or {}), **given
        )
        return _read(response)

    def get(self, path: str, **query: Any) -> Any:
        """The data at a path."""
        return self.call("GET", path, query=query or None).data

    def close(self) -> None:
        """Lets go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(response: httpx.Response) -> Answer:
    try:
        envelope = response.json()
    except ValueError:
        envelope = None
    if not isinstance(envelope, dict):
        envelope = {} if response.is_success else {"error": {"description": response.reason_phrase}}
    if not response.is_success or envelope.get("result") == "error":
        raise ApiError(response.status_code, envelope.get("error") or {}, response.headers)
    root = {name: value for name, value in envelope.items() if name not in ("result", "data")}
    return Answer(response.status_code, envelope.get("data"), root, response.headers)
