"""Calls in process are whole requests: token, scope, limit, headers."""

import httpx

from alpage.api.envelope import Response
from alpage.web import in_process


class Echo:
    """A surface that answers with what it was asked."""

    def answer(self, request):
        told = [("x-asked", f"{request.method} {request.path} {request.query_string} {request.ip}")]
        return Response(201, request.body, told, "text/plain")


def test_a_request_arrives_whole():
    asked = []

    def surface_of(host, path):
        asked.append((host, path))
        return Echo()

    with httpx.Client(base_url="http://api.example:8000", transport=in_process.InProcess(surface_of)) as client:
        answer = client.post(
            "/1/caf%C3%A9/%2F", params={"a": "1 2"}, content=b"body", extensions={in_process.IP: "192.0.2.1"}
        )
    assert asked == [("api.example:8000", "/1/caf%C3%A9/%2F")]
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (201, b"body", "text/plain")
    assert answer.headers["x-asked"] == "POST /1/caf%C3%A9/%2F a=1+2 192.0.2.1"
