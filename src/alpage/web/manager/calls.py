"""Calls of the API, as a page makes them: with the visitor's token, in his language, for his address.

    found = calls.api(visit).list("/1/accounts/7/teams", page=2, per_page=50)   # Answer: .data, .total, .root["pages"]
    profile = calls.api(visit).get("/2/profile", **{"with": "emails"})          # the data alone
    calls.api(visit).call("PATCH", "/2/profile", {"firstname": "Heidi"})        # Answer
    calls.api(visit).will("DELETE", f"/1/tokens/{id}", what=visit.gettext("Revoke the token"))   # what its form does

Every call is remembered for the panel "By API" of the page, in the three ways people call. `client.ApiError` comes out
where the API refuses; whoever is not signed in, or not freshly enough, is sent to the sign-in and back.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pprint import pformat
from typing import Any, NoReturn, TypeAlias
from urllib.parse import urlencode

from alpage.client import Alpage, Answer, ApiError
from alpage.web import forgery
from alpage.web.design import parts
from alpage.web.manager import session, sign_in
from alpage.web.manager.surface import Visit

IP = "ip"  # the extension of a request in process that says whom it is made for
TOO_OLD = "login_too_old"
HIDDEN = "…"
SECRETS = ("password", "secret", "token", "code", "avatar", "logo", "response", "ticket")
WIDTH = 88

Changes: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was made, or that a form of the page will make. `status` is 0 for one that is still to come."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    status: int
    what: str = ""


@dataclass
class Calls:
    """The calls of one visit."""

    visit: Visit
    token: str
    made: list[Made] = field(default_factory=list)

    def get(self, path: str, **query: Any) -> Any:
        """The data at a path. Raises ApiError."""
        return self.call("GET", path, **query).data

    def list(self, path: str, **query: Any) -> Answer:
        """A list: `data`, with `total` and `root["pages"]` where `page` or `per_page` is asked. Raises ApiError."""
        return self.call("GET", path, **query)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Sends a request. A list in the query is sent as a list; None is left out. Raises ApiError."""
        sent = {name: value for name, value in query.items() if value is not None}
        try:
            answer = self._send(method, path, body, sent)
        except ApiError as error:
            self.made.append(Made(method, path, sent, body, error.status))
            if error.status == 401:
                self._sign_in(error)
            raise
        self.made.append(Made(method, path, sent, body, answer.status))
        return answer

    def plan(self, method: str, path: str, body: Any = None, **query: Any) -> Changes:
        """What a write would change, without changing it: `event`, `action`, `before`, `after` of each object.

        Raises ApiError, as the write itself would.
        """
        changes: Changes = self.call(method, path, body, **query, dry_run=1).root["changes"]
        return changes

    def will(self, method: str, path: str, body: Any = None, *, what: str = "", **query: Any) -> None:
        """Tells of a call that a form of this page will make."""
        self.made.append(Made(method, path, query, body, 0, what or self.visit.gettext("when the form is sent")))

    def require_fresh(self, method: str, path: str) -> None:
        """Has the visitor sign in now if he must have done so just before a call that a form of this page makes."""
        told = self.call("POST", "/1/tokens/self/can", {"method": method, "path": path}).data
        for reason in told["reasons"]:
            if reason["code"] == TOO_OLD:
                sign_in.ask(self.visit, int(reason["context"]["max_age"]))

    def _send(self, method: str, path: str, body: Any, query: Mapping[str, Any]) -> Answer:
        surface = self.visit.surface
        with Alpage(
            self.token,
            base_url=surface.api_url,
            language=self.visit.language,
            user_agent=self.visit.headers.get("user-agent", ""),
            transport=surface.transport,
        ) as alpage:
            headers = self._key(method, path, body)
            return alpage.call(method, path, body, query=pairs(query), headers=headers, extensions={IP: self.visit.ip})

    def _key(self, method: str, path: str, body: Any) -> dict[str, str]:
        """The idempotency key of what a form makes: sent again, by a reload of the answer say, it makes it once."""
        form = self.visit.form.get(forgery.FIELD)
        if method != "POST" or not form:
            return {}
        made = json.dumps([form, path, body], sort_keys=True).encode()
        return {"Idempotency-Key": sha256(made).hexdigest()}

    def _sign_in(self, error: ApiError) -> NoReturn:
        if error.code == TOO_OLD:
            sign_in.ask(self.visit, int(error.context["max_age"]))
        session.forget(self.visit)
        sign_in.ask(self.visit)


def api(visit: Visit) -> Calls:
    """The API as the visitor of a page; it has him sign in first where nobody is. One for a visit."""
    if "calls" not in visit.kept:
        tokens = session.tokens(visit)
        if tokens is None:
            sign_in.ask(visit)
        visit.kept["calls"] = Calls(visit, tokens.access_token)
    found: Calls = visit.kept["calls"]
    return found


def pairs(query: Mapping[str, Any]) -> dict[str, Any]:
    """A query as it is written: lists as `name[]`, booleans as 1 and 0."""
    written: dict[str, Any] = {}
    for name, value in query.items():
        many = isinstance(value, Sequence) and not isinstance(value, str)
        written[f"{name}[]" if many else name] = int(value) if isinstance(value, bool) else value
    return written


def shown(visit: Visit) -> list[parts.Call]:
    """The calls of a visit as the panel "By API" shows them: what the page is about, then what stands around it."""
    made: list[Made] = visit.kept["calls"].made if "calls" in visit.kept else []
    around: set[int] = visit.kept.get("around", set())
    order = sorted(range(len(made)), key=lambda number: number in around)
    seen: list[parts.Call] = []
    for number in order:
        call = _shown(visit.surface.api_url, made[number])
        if call not in seen:
            seen.append(call)
    return seen


def _shown(api_url: str, made: Made) -> parts.Call:
    body = hidden(made.body)
    query = pairs(made.query)
    address = made.path + (f"?{urlencode(query, doseq=True)}" if query else "")
    what = f"{made.method} {made.path}" + (f" · {made.what}" if made.what else "")
    return parts.Call(
        what=what,
        curl=_curl(api_url, made.method, address, body),
        python=_python(api_url, made.method, made.path, query, body),
        cli=_cli(made.method, address, body),
    )


def _curl(api_url: str, method: str, address: str, body: Any) -> str:
    lines = ["curl" + ("" if method == "GET" else f" -X {method}") + f" {shlex.quote(api_url + address)}"]
    lines.append('  -H "Authorization: Bearer $ALPAGE_TOKEN"')
    if body is not None:
        lines += ["  -H 'Content-Type: application/json'", f"  -d {shlex.quote(_json(body))}"]
    return " \\\n".join(lines)


def _python(api_url: str, method: str, path: str, query: Mapping[str, Any], body: Any) -> str:
    opening = f'from alpage.client import Alpage\n\nalpage = Alpage(token, base_url="{api_url}")\n'
    arguments = [json.dumps(method), json.dumps(path)]
    if body is not None:
        arguments.append(pformat(body, width=WIDTH, sort_dicts=False))
    if query:
        arguments.append(f"query={pformat(dict(query), width=WIDTH, sort_dicts=False)}")
    return f"{opening}alpage.call({', '.join(arguments)}).data"


def _cli(method: str, address: str, body: Any) -> str:
    command = f"alpage call {method} {shlex.quote(address)}"
    return command if body is None else f"{command} \\\n  --body {shlex.quote(_json(body))}"


def _json(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def hidden(body: Any) -> Any:
    """A body without its secrets."""
    if isinstance(body, Mapping):
        return {
            name: HIDDEN
            if value and isinstance(value, str | Mapping) and any(word in name for word in SECRETS)
            else hidden(value)
            for name, value in body.items()
        }
    if isinstance(body, list):
        return [hidden(value) for value in body]
    return body
