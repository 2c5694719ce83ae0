"""`alpage call`: prints what the API answers, and says what went wrong."""

import json
from functools import partial

import httpx
import pytest

from alpage.cli import call as command
from alpage.client import Alpage


@pytest.fixture
def calls(monkeypatch):
    """The requests that were sent; the one to /broken is refused."""
    sent = []

    def answer(request):
        sent.append(request)
        if request.url.path == "/broken":
            error = {"code": "not_found", "description": "There is nothing."}
            return httpx.Response(404, json={"result": "error", "error": error})
        return httpx.Response(200, json={"result": "success", "data": {"name": "Zürich"}})

    monkeypatch.setattr(command, "Alpage", partial(Alpage, transport=httpx.MockTransport(answer)))
    monkeypatch.setenv("ALPAGE_TOKEN", "alp_pat_of_the_test")
    return sent


def test_a_call_prints_the_data(calls, capsys):
    command.call("get", "/1/tokens?page=2")
    assert json.loads(capsys.readouterr().out) == {"name": "Zürich"}
    assert (calls[0].method, calls[0].url.raw_path) == ("GET", b"/1/tokens?page=2")
    assert calls[0].headers["authorization"] == "Bearer alp_pat_of_the_test"


def test_a_call_sends_a_body(calls):
    command.call("PATCH", "/2/profile", body='{"firstname": "Heidi"}')
    assert json.loads(calls[0].content) == {"firstname": "Heidi"}


def test_an_error_ends_the_program(calls, capsys):
    with pytest.raises(SystemExit) as end:
        command.call("GET", "/broken")
    assert end.value.code == 1
    assert "not_found: There is nothing." in capsys.readouterr().err


def test_a_body_that_is_not_json_is_not_sent(calls, capsys):
    with pytest.raises(SystemExit) as end:
        command.call("POST", "/1/tokens", body="{")
    assert end.value.code == 2
    assert "the body is not JSON" in capsys.readouterr().err
    assert calls == []
