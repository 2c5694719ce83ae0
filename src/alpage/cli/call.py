"""`alpage call`: one call of the API, as the manager's panels "By API" write it. It needs no server of one's own."""

import json
import os
import sys
from typing import Annotated

import httpx
from cyclopts import Parameter

from alpage.client import Alpage, ApiError

ADDRESS = "http://127.0.0.1:8000"


def call(
    method: str,
    path: str,
    *,
    body: str | None = None,
    url: Annotated[str, Parameter(env_var="ALPAGE_URL")] = ADDRESS,
) -> None:
    """Call the API and print what it answers. The token is taken from the variable ALPAGE_TOKEN.

    Parameters
    ----------
    method
        GET, POST, PUT, PATCH or DELETE.
    path
        Path and query: `/1/tokens?page=2`.
    body
        What to send, as JSON.
    url
        Address of the API.
    """
    try:
        with Alpage(os.environ.get("ALPAGE_TOKEN", ""), base_url=url) as alpage:
            answer = alpage.call(method.upper(), path, None if body is None else json.loads(body))
    except json.JSONDecodeError as error:
        _stop(f"the body is not JSON: {error}", 2)
    except (ApiError, httpx.TransportError) as error:
        _stop(str(error), 1)
    else:
        print(json.dumps(answer.data, ensure_ascii=False, indent=2))


def _stop(message: str, code: int) -> None:
    print(f"alpage: {message}", file=sys.stderr)
    raise SystemExit(code)
