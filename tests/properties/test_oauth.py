"""Properties of what the login reads: parameters and redirect URIs, registered and asked for."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from authlib.oauth2.rfc6749 import InvalidRequestError
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from alpage.identity.client_metadata import RESPONSE_PARAMETERS, check_redirect_uri, is_loopback
from alpage.identity.oauth.parameters import MAX_PARAMETERS, Parameters, read_form, read_query
from alpage.identity.oauth.redirects import is_registered, with_parameters

FORM = "application/x-www-form-urlencoded"
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=20)
NAMES = TEXT.filter(lambda name: name != "resource")
PARAMETERS = st.dictionaries(NAMES, TEXT, max_size=MAX_PARAMETERS)
PATHS = st.text("abcABC/.%-_~0159?&=;:@!$'()*+,", max_size=20)
HOSTS = st.sampled_from(["shop.example", "127.0.0.1", "[::1]", "localhost", "127.0.0.1.example", "127.0.0.2"])
PORTS = st.one_of(st.just(""), st.integers(-5, 99_999).map(lambda port: f":{port}"))
URIS = st.builds(
    lambda scheme, host, port, path: f"{scheme}://{host}{port}/{path}",
    st.sampled_from(["http", "https", "HTTP", "app"]), HOSTS, PORTS, PATHS,
)  # fmt: skip
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@given(PARAMETERS)
def test_what_is_written_is_read(parameters: dict[str, str]) -> None:
    encoded = urlencode(parameters)

    assert read_query(encoded) == read_form(encoded.encode(), FORM) == Parameters(parameters)


@given(PARAMETERS.filter(bool), st.data())
def test_a_repeated_parameter_is_refused(parameters: dict[str, str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(parameters)))
    pairs = [*parameters.items()][: MAX_PARAMETERS - 1]
    once_more = data.draw(
        st.permutations([*dict(pairs, **{name: "a"}).items(), (name, data.draw(st.text(max_size=3)))])
    )

    try:
        read_query(urlencode(once_more))
    except InvalidRequestError:
        return
    raise AssertionError(once_more)


@given(st.one_of(st.binary(max_size=200), st.text("&=%+;aZ0\xff", max_size=60).map(str.encode)))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for kind in (FORM, "multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "", ";", "\xff"):
        try:
            parameters = read_form(body, kind)
        except InvalidRequestError:
            continue
        assert all(parameters.values.values())
        assert not any("\0" in text for pair in parameters.values.items() for text in pair)


@given(URIS, URIS)
def test_only_the_port_of_the_machine_itself_may_differ(asked: str, known: str) -> None:
    if not is_registered(asked, [known]) or asked == known:
        return
    one, other = urlsplit(asked), urlsplit(known)
    assert one.hostname in LOOPBACK
    assert one._replace(netloc="") == other._replace(netloc="")
    assert (one.scheme, one.hostname) == ("http", other.hostname)
    assert one.port is None or 0 < one.port < 65536


@given(URIS)
def test_an_uri_is_itself(uri: str) -> None:
    assert is_registered(uri, ["https://other.example/", uri])
    assert not is_registered(uri, [])


@given(URIS, st.dictionaries(TEXT, TEXT, min_size=1, max_size=4))
def test_an_answer_keeps_what_the_uri_has(uri: str, answer: dict[str, str]) -> None:
    whole = with_parameters(uri, answer)

    assert whole.startswith(uri)
    assert parse_qsl(urlsplit(whole).query, keep_blank_values=True)[-len(answer) :] == [*answer.items()]


PARTS = st.lists(
    st.sampled_from([*"/?#@:.&=%\\ *[]0a\t", "code", "%63ode", "state", "app.example", "..", "//"]), max_size=12
).map("".join)
DANGEROUS = st.sampled_from(["javascript", "data", "vbscript", "file", "ftp", "ws"])


@given(st.one_of(st.text(max_size=60), PARTS, PARTS.map("https://app.example{}".format)))
@example("https://app.example?code")
def test_what_may_be_registered_holds_the_rules(text: str) -> None:
    try:
        check_redirect_uri(text)
    except PydanticCustomError:
        return
    parts = urlsplit(text)
    assert text.isascii()
    assert text.isprintable()
    assert not {" ", "\\", "#"} & {*text}
    assert "@" not in parts.netloc
    is_ours = parts.scheme == "http" and is_loopback(parts.hostname)
    assert parts.scheme == "https" or is_ours or "." in parts.scheme
    assert not RESPONSE_PARAMETERS & {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}


@given(DANGEROUS, st.text(max_size=40), st.booleans())
def test_no_dangerous_scheme_is_registered_in_any_spelling(scheme: str, rest: str, upper: bool) -> None:
    uri = f"{scheme.upper() if upper else scheme}:{rest}"

    with pytest.raises(PydanticCustomError) as refused:
        check_redirect_uri(uri)

    assert refused.value.context is not None
    assert refused.value.context["reason"] in ("scheme", "characters", "host", "fragment", "userinfo")


@given(st.one_of(PARTS.map("https://app.example{}".format), PARTS.map("http://localhost{}".format)), st.data())
def test_what_was_registered_is_matched_as_it_is_and_in_no_other_spelling(uri: str, data: st.DataObject) -> None:
    try:
        check_redirect_uri(uri)
    except PydanticCustomError:
        return
    assert is_registered(uri, [uri])
    place = data.draw(st.integers(0, len(uri)))
    other = uri[:place] + data.draw(st.sampled_from([*"/.#?@\\%\t a", "%2f", "//", "/..", "/."])) + uri[place:]
    assert not is_registered(other, [uri])
