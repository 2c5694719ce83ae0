"""What a fuzzed platform is sent: what chance makes of requests that work. The same seed makes the same."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

import orjson

from tests.identity.attacks.drafts import JSON, Draft, Pairs
from tests.identity.attacks.nasty import (
    AS_THEY_ARE,
    BAD_HEADERS,
    BAD_STARTS,
    BODIES,
    ENCODED,
    HEADERS,
    IN_HEADERS,
    KINDS,
    METHODS,
    NAMES,
    NASTY,
    NOT_OF_A_HEADER,
    RAW_JSON,
    VALUES,
)
from tests.identity.attacks.wire import Sent

MOST_BYTES = 60_000  # of what the server reads to its end, even if it has refused it
WITHOUT_BODY = (b"GET", b"HEAD", b"OPTIONS")  # whose body it does not read: then it ends the connection
PLACE = "\x1a here"  # stands in a JSON body for what no JSON library writes
PLACE_IN_JSON = orjson.dumps(PLACE)


@dataclass(slots=True)
class Fuzzer:
    """Makes requests of working ones, as its chance wants it."""

    chance: Random
    host: bytes
    corpus: Sequence[Draft]
    known: Sequence[bytes]  # names and secrets that mean something
    authorizations: Sequence[bytes]
    _mutations: list[Callable[[Draft], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._mutations = [
            *[self._change_a_value] * 8,
            *[self._change_path] * 2,
            *[self._change_query] * 3,
            *[self._change_authorization] * 2,
            *[self._add_header] * 2,
            self._change_method,
            self._change_kind,
            self._change_body,
            self._override,
        ]

    def next(self) -> Sent:
        """One more request."""
        chance = self.chance
        draft = chance.choice(self.corpus).copy()
        draft.headers[b"Host"] = self.host
        number = chance.getrandbits(24)
        draft.headers[b"X-Forwarded-For"] = b"10.%d.%d.%d" % (number >> 16, number >> 8 & 255, number & 255)
        for _ in range(chance.choice((0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4))):
            chance.choice(self._mutations)(draft)
        draft.is_chunked = chance.random() < 0.02
        data = draft.encode()
        if PLACE_IN_JSON in data:
            data = self._with_raw_json(draft, data)
        if chance.random() < 0.03:
            return Sent(self._broken(draft, data), is_whole=False)
        if len(data) > MOST_BYTES:
            return Sent(data, is_whole=False)
        return Sent(data, may_end=draft.method in WITHOUT_BODY and _has_body(data))

    # What may happen to a request

    def _value(self) -> bytes:
        """A value for a query or a form, encoded."""
        if self.chance.random() < 0.3:
            return quote_from_bytes(self.chance.choice(self.known), safe="").encode()
        return self.chance.choice(ENCODED)

    def _change_a_value(self, draft: Draft) -> None:
        if draft.form is not None:
            self._change_pairs(draft.form)
        elif isinstance(draft.document, dict):
            draft.document = self._changed(draft.document)
        else:
            self._change_query(draft)

    def _change_pairs(self, pairs: Pairs) -> None:
        chance, what = self.chance, self.chance.random()
        if not pairs or what < 0.25:
            pairs.append((chance.choice(NAMES), self._value()))
            return
        place = chance.randrange(len(pairs))
        name, value = pairs[place]
        if what < 0.75:
            pairs[place] = name, self._value()
        elif what < 0.85:
            pairs.append((name, value))
        elif what < 0.95:
            del pairs[place]
        else:
            pairs[place] = name, value + chance.choice(ENCODED)

    def _changed(self, value: Any) -> Any:
        """A JSON value with something in it changed; the one that is given stays as it is."""
        chance = self.chance
        if isinstance(value, dict) and value and chance.random() < 0.9:
            return self._changed_object(value)
        if isinstance(value, list) and value and chance.random() < 0.6:
            changed = [*value]
            changed[chance.randrange(len(value))] = self._changed(chance.choice(value))
            return changed * chance.choice((1, 1, 1, 2, 30))
        what = chance.random()
        if what < 0.15:
            return PLACE
        return chance.choice(self.known).decode(errors="replace") if what < 0.25 else chance.choice(VALUES)

    def _changed_object(self, value: dict[str, Any]) -> dict[str, Any]:
        name, what = self.chance.choice([*value]), self.chance.random()
        if what < 0.1:
            return {other: inner for other, inner in value.items() if other != name}
        if what < 0.15:
            return {**value, name + self.chance.choice(("s", "\0", " ", "[]", ".0")): value[name]}
        return {**value, name: self._changed(value[name])}

    def _with_raw_json(self, draft: Draft, data: bytes) -> bytes:
        """The request with raw JSON where the place for it is; its length is counted anew."""
        body, _ = draft.content()
        draft.body = body.replace(PLACE_IN_JSON, self.chance.choice(RAW_JSON))
        draft.headers.setdefault(b"Content-Type", JSON)
        return draft.encode()

    def _change_path(self, draft: Draft) -> None:
        place = self.chance.randrange(1, len(draft.path)) if len(draft.path) > 1 else 0
        what = self.chance.random()
        if what < 0.5:
            draft.path[place] = self._value()[:2000]
        elif what < 0.75:
            draft.path[place] = self.chance.choice(AS_THEY_ARE)[:2000]
        elif what < 0.9:
            draft.path.insert(place + 1, self._value()[:500])
        else:
            draft.path[place] = draft.path[place][:-1]
        if draft.path[0]:
            draft.path.insert(0, b"")

    def _change_query(self, draft: Draft) -> None:
        self._change_pairs(draft.query)

    def _change_authorization(self, draft: Draft) -> None:
        chance, what = self.chance, self.chance.random()
        if what < 0.4:
            value = chance.choice(self.authorizations)
        elif what < 0.6:
            value = b"Basic " + b64encode(chance.choice(NASTY) + b":" + chance.choice(self.known))
        else:
            value = chance.choice((b"Bearer ", b"bearer  ", b"DPoP ", b"Basic ", b"", b"Bearer")) + chance.choice(
                IN_HEADERS
            )
        draft.headers[b"Authorization"] = value.translate(None, NOT_OF_A_HEADER)

    def _add_header(self, draft: Draft) -> None:
        draft.headers[self.chance.choice(HEADERS)] = self.chance.choice(IN_HEADERS)[:5000]

    def _change_method(self, draft: Draft) -> None:
        draft.method = self.chance.choice(METHODS)

    def _change_kind(self, draft: Draft) -> None:
        draft.headers[b"Content-Type"] = self.chance.choice(KINDS)

    def _change_body(self, draft: Draft) -> None:
        chance, what = self.chance, self.chance.random()
        if what < 0.4:
            draft.body = chance.choice(BODIES)
        elif what < 0.6:
            draft.body = chance.randbytes(chance.randrange(200))
        else:
            content, kind = draft.content()
            draft.body = _scratched(chance, content)
            if kind:
                draft.headers.setdefault(b"Content-Type", kind)

    def _override(self, draft: Draft) -> None:
        draft.headers[b"X-HTTP-Method-Override"] = self.chance.choice((b"PUT", b"PATCH", b"DELETE", draft.method))
        if self.chance.random() < 0.5:
            draft.query.append((b"_method", self.chance.choice((b"PUT", b"PATCH", b"DELETE", b"x"))))

    # What is no HTTP any more

    def _broken(self, draft: Draft, data: bytes) -> bytes:
        chance, what = self.chance, self.chance.random()
        head, _, body = data.partition(b"\r\n\r\n")
        if what < 0.3:
            return _scratched(chance, head) + b"\r\n\r\n" + body
        if what < 0.45:
            return data[: chance.randrange(len(data))]
        if what < 0.85:
            return head + b"\r\n" + chance.choice(BAD_HEADERS) + b"\r\n\r\n" + body
        return chance.choice(BAD_STARTS).replace(b"HOST", draft.headers[b"Host"])


def _has_body(data: bytes) -> bool:
    return not data.endswith(b"\r\n\r\n") or b"\r\nTransfer-Encoding: chunked\r\n" in data


def _scratched(chance: Random, data: bytes) -> bytes:
    """Bytes with a few of them changed, taken out or put in."""
    scratched = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        place, what = chance.randrange(len(scratched) + 1), chance.random()
        if what < 0.4 and place < len(scratched):
            scratched[place] = chance.randrange(256)
        elif what < 0.7:
            scratched[place : place + chance.randrange(1, 9)] = b""
        else:
            scratched[place:place] = chance.choice(
                (chance.randbytes(1), b"\0", b"\r\n", b"\n", b"\xff", b'"', b"{", b"&", b"%")
            )
    return bytes(scratched)
