"""The profile of the caller."""


def test_profile_of_the_caller(heidi):
    answer = heidi.call("GET", "/profile")
    assert answer.status_code == 200
    assert answer.json()["data"]["display_name"] == "Heidi Test"
    assert answer.headers["api-version"] == "2"


def test_profile_needs_the_scope(heidi):
    heidi.token = heidi.platform.token(heidi.user, "dns:read")
    answer = heidi.call("GET", "/2/profile")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "all_scopes"
    assert answer.json()["error"]["context"]["scopes"] == ["user_info"]
