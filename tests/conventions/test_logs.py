"""The log: one JSON object a line, and nothing in it that only the caller should know."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from alpage.api import logs


@pytest.fixture
def written(monkeypatch) -> Iterator[io.BytesIO]:
    """What the log has written."""
    stream = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure("info")
    yield stream.buffer
    monkeypatch.undo()
    logs.configure("error")  # as `tests/conftest.py` has it


def test_a_failure_is_logged_with_its_place_but_not_with_what_variables_held(written):
    def fail(token):
        raise RuntimeError("this must not happen")

    try:
        fail("alp_pat_secret")
    except RuntimeError:
        structlog.get_logger(name="test").exception("failed", request_id="r1")
    line = json.loads(written.getvalue())
    assert (line["name"], line["event"], line["level"], line["request_id"]) == ("test", "failed", "error", "r1")
    assert line["exception"][0]["exc_value"] == "this must not happen"
    assert line["exception"][0]["frames"][-1]["name"] == "fail"
    assert b"alp_pat_secret" not in written.getvalue()


def test_every_answer_has_a_line(written, client):
    answer = client.get("/1/countries/756")
    line = json.loads(written.getvalue().splitlines()[-1])
    assert line.pop("ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "name": "request",
        "event": "answered",
        "level": "info",
        "request_id": answer.headers["x-request-id"],
        "method": "GET",
        "path": "/1/countries/756",
        "status": 200,
    }


def test_a_higher_level_leaves_answers_out(written, client):
    logs.configure("warning")
    client.get("/1/countries/756")
    assert written.getvalue() == b""
