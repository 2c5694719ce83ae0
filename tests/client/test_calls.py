"""Calls of the SDK: against the API in process, and what they make of answers."""

import httpx
import pytest

from alpage.client import Alpage, ApiError


@pytest.fixture
def alpage(heidi):
    def forward(request):
        answer = heidi.client.request(
            request.method, str(request.url), content=request.content, headers=dict(request.headers)
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    with Alpage(heidi.token, base_url="http://testserver", language="fr", transport=httpx.MockTransport(forward)) as it:
        yield it


def test_data_and_what_stands_beside_it(alpage, heidi):
    answer = alpage.call("GET", "/1/accounts", query={"page": 1, "per_page": 5})
    assert [account["name"] for account in answer.data] == [heidi.account.name]
    assert (answer.status, answer.total, answer.root["pages"]) == (200, 1, 1)
    assert alpage.get("/2/profile", **{"with": "emails"})["emails"]


def test_a_body(alpage):
    assert alpage.call("PATCH", "/2/profile", {"firstname": "Vreni"}).data["first_name"] == "Vreni"


def test_every_fault_of_a_refused_call(alpage):
    with pytest.raises(ApiError) as refused:
        alpage.call("PATCH", "/2/profile", {"firstname": "", "country_id": 0})
    assert (refused.value.status, refused.value.code) == (422, "validation_failed")
    assert [fault.attribute for fault in refused.value.faults] == ["firstname", "country_id"]
    assert refused.value.request_id
    assert "validation_failed" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]"])
def test_what_is_no_envelope_is_an_error_all_the_same(content):
    transport = httpx.MockTransport(lambda _request: httpx.Response(502, content=content))
    with Alpage(base_url="http://testserver", transport=transport) as it, pytest.raises(ApiError) as refused:
        it.get("/1/limits")
    assert (refused.value.status, refused.value.code, refused.value.description) == (
        502, "unexpected_error", "Bad Gateway",
    )  # fmt: skip
