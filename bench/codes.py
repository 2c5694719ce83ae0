"""Makes authorization codes in a data folder, as a user who allows an application many times would.

`python -m bench.codes DATA CLIENT_ID REDIRECT_URI NUMBER FILE` writes one form for the token endpoint on each line.
"""

import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from time import time
from urllib.parse import parse_qs, urlencode, urlsplit

from sqlalchemy import select

from alpage.cli.platform import open_platform
from alpage.identity import sessions
from alpage.identity.oauth.authorization import Authorizations
from alpage.identity.users import User

VERIFIER = "a-code-verifier-of-forty-three-characters-or-more"


def main() -> None:
    """Make the codes, in one transaction."""
    data, client_id, redirect_uri, number, file = sys.argv[1:]
    platform, now = open_platform(Path(data)), int(time())
    pepper = platform.tokens.pepper
    authorizations = Authorizations(platform.settings, pepper)
    with platform.writing() as transaction:
        user = transaction.session.scalars(select(User).limit(1)).one()
        session, _ = sessions.start(
            transaction, user.id, ("pwd",), ip="127.0.0.1", user_agent="bench", pepper=pepper, now=now
        )
        asked = authorizations.read(transaction, query(client_id, redirect_uri), now)
        answers = [authorizations.approve(transaction, asked, session, asked.scopes, now) for _ in range(int(number))]
        Path(file).write_text("".join(form(answer.url, redirect_uri) + "\n" for answer in answers))


def query(client_id: str, redirect_uri: str) -> str:
    """Write the authorization request."""
    challenge = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid user_info",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )


def form(url: str, redirect_uri: str) -> str:
    """Write what the application makes of the answer."""
    code = parse_qs(urlsplit(url).query)["code"][0]
    return urlencode(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": VERIFIER,
        }
    )


if __name__ == "__main__":
    main()
