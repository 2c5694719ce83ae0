"""What programs choke on: values, names, bodies, headers, and what is no HTTP any more."""

from base64 import urlsafe_b64encode
from itertools import product
from typing import Any
from urllib.parse import quote_from_bytes

import orjson


def _jwt(header: Any, claims: Any) -> bytes:
    parts = [urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (header, claims)]
    return b".".join([*parts, b"c2ln"])


PROOF = {"typ": "dpop+jwt", "alg": "ES256"}
JWT_HEADERS: list[Any] = [
    [], "x", 1, None, {}, {"alg": 1}, {"alg": []}, {"alg": "none"}, {"alg": "HS256", "kid": {}},
    {"alg": "RS256", "kid": "\0"}, {"alg": "RS256", "crit": ["exp"]}, {"alg": "RS256", "crit": 1},
    {"alg": "ES256", "b64": False}, {"alg": "RS256", "zip": "DEF"}, {**PROOF, "jwk": {}}, {**PROOF, "jwk": []},
    {**PROOF, "jwk": {"kty": "EC", "crv": "P-256", "x": 1, "y": []}},
    {**PROOF, "jwk": {"kty": "EC", "crv": "P-999", "x": "a", "y": "b"}},
    {**PROOF, "jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
    {**PROOF, "alg": "RS256", "jwk": {"kty": "RSA", "n": "AQAB", "e": "AA"}},
    {**PROOF, "alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": ""}},
]  # fmt: skip
JWT_CLAIMS: list[Any] = [
    {}, [], "x", {"iss": 1, "sub": [], "aud": {}, "exp": "x", "iat": None, "jti": {}, "htm": 1, "htu": []},
    {"exp": 1e300, "iat": -1, "jti": "\0"},
    {"htu": "https://[", "htm": "POST", "jti": "a", "iat": 2**62, "ath": None, "nonce": []},
    {"sub": "\ud7ff", "aud": ["a", 1], "exp": 2**63},
]  # fmt: skip
JWTS = [_jwt(header, claims) for header, claims in product(JWT_HEADERS, JWT_CLAIMS)]
NASTY = [
    *JWTS[::4], b"", b"0", b"-1", b"1", b"2", b"00", b"1.5", b"1e999", b"NaN", b"true", b"null", b"None", b"[]",
    b"{}", b"[", b"{\"", b"9" * 18, b"9" * 19, b"9" * 400, b"-" + b"9" * 30, b"2147483648", b"9223372036854775807",
    b"9223372036854775808", b"\0", b"a\0b", b"\x7f", b"\x01", b"\t", b"\r\nSet-Cookie: a=b", b" ", b"  a  ",
    b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", "é".encode(), "𝟘".encode(), "\u202e".encode(), "\ufeff".encode(),
    "１２".encode(), "ſ".encode(), "ı".encode(), "İ".encode(), b"a" * 129, b"a" * 257, b"a" * 5000, b"a" * 20_000,
    b"../../etc/passwd", b"..", b".", b"//", b"\\", b"%", b"%zz", b"%00", b"'; DROP TABLE users;--", b"\" OR 1=1",
    b"%' --", b"_", b"*", b"<script>alert(1)</script>", b"{{7*7}}", b"${7*7}", b"%s%n", b"https://[",
    b"https://a@b:c/", b"http://127.0.0.1:99999/", b"javascript:alert(1)", b"urn:x", b"https://shop.example/callback",
    b"a@b", b"heidi@example.org", b"\"@\"@example.org", b"xn--", b"xn--a", b".example", b"a..b", b"-.-",
    b"*.demo.example", b"@", b"192.0.2.1", b"::1", b"::ffff:1.2.3.4", b"1.2.3.4/33", b"0.0.0.0/0", b"fe80::1%eth0",
    b"10 mail.demo.example", b"\"", b"\\\"", b"2026-01-01", b"1970-13-45", b"99999999999", b"-62135596801",
    b"253402300800", b"Europe/Zurich", b"../UTC", b"de", b"xx_XX", b"alp_at_", b"alp_rt_" + b"0" * 49,
    b"alp_pat_" + b"0" * 49, b"eyJhbGciOiJub25lIn0.e30.", b"eyJhbGciOiJub25lIn0..", b"a.b.c", b"authorization_code",
    b"refresh_token", b"client_credentials", b"urn:ietf:params:oauth:grant-type:device_code",
    b"urn:ietf:params:oauth:grant-type:token-exchange", b"urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    b"urn:ietf:params:oauth:request_uri:alp_ot_x", b"asc", b"desc", b"total", b"id", b"name", b"created_at",
    b"id,name,,", b"a.b.c.d",
]  # fmt: skip
NAMES = [
    b"grant_type", b"client_id", b"client_secret", b"code", b"redirect_uri", b"code_verifier", b"refresh_token",
    b"scope", b"token", b"token_type_hint", b"device_code", b"subject_token", b"subject_token_type", b"actor_token",
    b"audience", b"requested_token_type", b"client_assertion", b"client_assertion_type", b"response_type",
    b"response_mode", b"request_uri", b"request", b"registration", b"resource", b"claims", b"max_age", b"prompt",
    b"dpop_jkt", b"duration", b"access_type", b"nonce", b"state", b"acr_values", b"ui_locales", b"login_hint",
    b"id_token_hint", b"post_logout_redirect_uri", b"code_challenge", b"code_challenge_method", b"user_code", b"next",
    b"email", b"password", b"decision", b"csrf", b"session", b"back", b"language", b"ticket", b"limit", b"skip",
    b"page", b"per_page", b"items", b"items_per_page", b"order_by", b"order_by%5B%5D", b"order", b"order_for%5Bid%5D",
    b"order_for", b"order_for%5B%5D", b"return", b"with", b"with%5B%5D", b"search", b"filter", b"filter%5Bname%5D",
    b"filter%5B%5D", b"filter%5Bname%5D%5B%5D", b"filter%5Bname%5D%5Ba%5D", b"filter%5Bcreated_at%5D", b"dry_run",
    b"_method", b"cursor", b"access_token", b"%5B%5D", b"%5B", b"a%5B", b"a%5D%5B", b"a" + b"%5Bb%5D" * 300, b"%00",
    b"%FF", b"a" * 300, b"",
]  # fmt: skip
RAW_JSON = [
    b"1e999", b"-1e999", b"NaN", b"-0", b"0.1", b"1E5", b"99999999999999999999999999", b"-9223372036854775809",
    b"18446744073709551616", b"\"\\ud800\"", b"\"\\u0000\"", b"\"\xff\"", b"\"\x01\"", b"[" * 63 + b"]" * 63,
    b"[" * 500 + b"]" * 500, b"{\"a\":" * 300 + b"1" + b"}" * 300, b"{\"a\":1,\"a\":2}", b"{\"\":{}}", b"", b",",
    b"1 2", b"/**/", b"'a'", b"\"", b"tru", b"[1,]", b"{\"a\"}",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 1.5, 2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), "", " ", "0", "1", "-1",
    "true", "\0", "a\0b", "é", "𝟘", "\u202e", "\ufeff", "\uffff", "a" * 129, "a" * 300, "a" * 5000, [], {}, [[]],
    [{}], [None], [1, "a", None], ["a"] * 60, {"a": {"b": {"c": []}}}, {"": ""}, {"id": 1}, "..", "*", "a@b",
    "heidi@example.org", "xn--a", "x.demo.example", "demo.example", "192.0.2.1", "::1",
    "https://shop.example/callback", "javascript:1", "https://[", "2026-01-01", "dns", "dns:read", "openid",
    "authorization_code", "owner", "admin", "normal", "TXT", "A", "MX", "10 mail.demo.example", "\"a\" \"b", "\\",
    "'; --", 3600, 60, "data:image/png;base64,iVBORw0KGgo=", "iVBORw0KGgo=", "+41791234567", "Europe/Zurich", "de_CH",
    99999999999,
]  # fmt: skip
BODIES = [
    b"", b" ", b"\0", b"{", b"}", b"[]", b"null", b"1", b"\"\"", b"{}", b"{\"a\":", b"\xef\xbb\xbf{}",
    b"\xff\xfe{\0}\0", b"a=1&a=2", b"=", b"&&&&", b"%", b"a=%FF", b"a=%zz", b"--x\r\n\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", b"a" * 70_000,
    b"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\na\r\n--x--\r\n",
    b"&".join([b"a%d=1" % n for n in range(60)]),
    b"--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--x--\r\n",
    b"[" * 100_000, b"<?xml version=\"1.0\"?><a/>", b"\x1f\x8b\x08\0\0\0\0\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"GIF89a" + b"\xff" * 20, b"$ORIGIN .\n@ SOA",
]  # fmt: skip
KINDS = [
    b"application/x-www-form-urlencoded", b"application/json", b"application/json; charset=utf-16",
    b"application/merge-patch+json", b"application/+json", b"text/plain", b"", b"multipart/form-data; boundary=x",
    b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary=\"x",
    b"application/x-www-form-urlencoded; charset=\xff", b";", b"/", b"image/png", b"text/dns",
    b"application/octet-stream", b"\xe9;=",
]  # fmt: skip
METHODS = [
    b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"PROPFIND", b"get", b"M-SEARCH",
    b"A" * 40,
]  # fmt: skip
HEADERS = [
    b"Accept-Language", b"Accept", b"If-None-Match", b"If-Match", b"If-Modified-Since", b"Idempotency-Key",
    b"X-HTTP-Method-Override", b"Origin", b"Referer", b"Cookie", b"DPoP", b"User-Agent", b"X-Forwarded-For",
    b"X-Forwarded-Proto", b"Forwarded", b"Sec-Fetch-Site", b"Range", b"Content-Encoding", b"X-Request-Id",
    b"X-Sandbox-Fault", b"Access-Control-Request-Method", b"Via", b"TE", b"Prefer", b"X-" + b"a" * 100,
]  # fmt: skip
HEADER_VALUES = [
    b"*", b"\"\"", b"\"a\", W/\"b\"", b"W/", b"de;q=2", b"de;q=a,fr;q=0.5,*;q=0", b",,,", b";;;",
    b"a=b; a=c; __Host-login=x", b"=", b"DELETE", b"PUT", b"GET", b"bytes=0-0,-1", b"https://spa.example", b"null",
    b"same-origin", b"cross-site", b"unix, 127.0.0.1, ::1", b"for=\"[::1]:1\"", b"Wed, 21 Oct 2015 07:28:00 GMT",
    b"gzip, deflate", b"\xff\xfe", b"a" * 4000, b"", b"a b c",
]  # fmt: skip
NOT_OF_A_HEADER = bytes([*range(9), *range(10, 32), 127])
OF_A_TARGET = frozenset(b"!$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~")

ENCODED = [quote_from_bytes(value, safe="").encode() for value in NASTY]
AS_THEY_ARE = [bytes(byte for byte in value if byte in OF_A_TARGET and byte not in b"/?") for value in NASTY]
IN_HEADERS = [*HEADER_VALUES, *(value.translate(None, NOT_OF_A_HEADER) for value in NASTY)]
BAD_HEADERS = [
    b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999",
    b"Content-Length: 1\r\nContent-Length: 2", b"Content-Length: 1, 2", b"Content-Length: +1", b"Content-Length: 0x1",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: gzip",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: \x0bchunked",
    b"Content-Length: 3\r\nTransfer-Encoding: chunked", b"Host: a\r\nHost: b", b"Host: \xff", b"Host:", b"Host: [::1",
    b"Host: a:b:c", b"no colon", b": no name", b"a b: c", b"A\0: b", b"a: \0", b"a: b\r c", b" folded", b"\tfolded",
    b"a: " + b"b" * 100_000, b"\n", b"Expect: 100-continue", b"Expect: nonsense", b"Connection: close",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk", b"Upgrade: websocket\r\nConnection: Upgrade",
    b"\r\n".join([b"H%d: v" % number for number in range(200)]), b"Cookie: " + b"a=b; " * 3000,
    b"Content-Length: 1048577000",
]  # fmt: skip
BAD_STARTS = [
    b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
    b"GET / FTP/1.1\r\n\r\n", b"\r\n\r\n", b"\n\n\n", b"\0" * 50, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET  /  HTTP/1.1\r\nHost: HOST\r\n\r\n", b"GET /1/events\0 HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" + b"\xff" * 40,
    b"CONNECT HOST:443 HTTP/1.1\r\nHost: HOST\r\n\r\n", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", b"GET http://HOST/2/events HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET http://evil.example/login/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /login/\xff\xfe HTTP/1.1\r\nHost: HOST\r\n\r\n", b"GET /%2e%2e/%2e%2e HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET ../../etc/passwd HTTP/1.1\r\nHost: HOST\r\n\r\n", b"GET /<>\"`^{}| HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"POST /login/token HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /login/token HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\na",
    b"POST /login/token HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"a" * 20_000 + b"\r\n",
]  # fmt: skip
