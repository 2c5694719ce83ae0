"""Signs somebody in with requests-oauthlib: a confidential application, by code and PKCE."""

import requests
from dialog import ask, options, say
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from requests_oauthlib import OAuth2Session

metadata = requests.get(f"{options['issuer']}/.well-known/openid-configuration", timeout=10).json()
client = WebApplicationClient(options["client_id"])
session = OAuth2Session(
    client=client, redirect_uri=options["redirect_uri"], scope=options["scope"].split(), pkce="S256"
)
secret = (options["client_id"], options["client_secret"])

address, _ = session.authorization_url(metadata["authorization_endpoint"])
callback = ask({"go": address})
first = session.fetch_token(
    metadata["token_endpoint"], authorization_response=callback, client_secret=options["client_secret"]
)
userinfo = session.get(metadata["userinfo_endpoint"]).json()
refreshed = session.refresh_token(metadata["token_endpoint"], auth=secret)
session.get(metadata["userinfo_endpoint"]).raise_for_status()
logout = requests.Request(
    "GET",
    metadata["end_session_endpoint"],
    params={
        "id_token_hint": first["id_token"],
        "post_logout_redirect_uri": options["post_logout_redirect_uri"],
        "state": "signed-out",
    },
).prepare()
ask({"first": first, "refreshed": refreshed, "userinfo": userinfo, "subject": userinfo["sub"], "logout": logout.url})

url, headers, body = client.prepare_token_revocation_request(
    metadata["revocation_endpoint"], refreshed["refresh_token"], "refresh_token"
)
requests.post(url, headers=headers, data=body, auth=secret, timeout=10).raise_for_status()
try:
    session.refresh_token(metadata["token_endpoint"], refresh_token=refreshed["refresh_token"], auth=secret)
    say({"refresh": None})
except OAuth2Error as error:
    say({"refresh": error.error})
