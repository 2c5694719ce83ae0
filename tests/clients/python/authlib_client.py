"""Signs somebody in with Authlib's client: a confidential application, by code and PKCE, the ID token checked."""

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from dialog import ask, options, say
from joserfc import jwt
from joserfc.jwk import KeySet

metadata = httpx.get(f"{options['issuer']}/.well-known/openid-configuration").json()
client = OAuth2Client(
    options["client_id"],
    options["client_secret"],
    token_endpoint_auth_method="client_secret_basic",
    redirect_uri=options["redirect_uri"],
    scope=options["scope"],
    code_challenge_method="S256",
)
verifier, nonce = generate_token(48), generate_token(20)

address, state = client.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
)
callback = ask({"go": address})
first = client.fetch_token(
    metadata["token_endpoint"], authorization_response=callback, code_verifier=verifier, state=state
)
keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
claims = jwt.decode(first["id_token"], keys).claims
jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": metadata["issuer"]},
    aud={"essential": True, "value": options["client_id"]},
    nonce={"essential": True, "value": nonce},
    exp={"essential": True},
).validate(claims)
userinfo = client.get(metadata["userinfo_endpoint"]).json()
refreshed = client.refresh_token(metadata["token_endpoint"])
client.get(metadata["userinfo_endpoint"]).raise_for_status()
active = client.introspect_token(metadata["introspection_endpoint"], refreshed["access_token"]).json()
logout = httpx.URL(
    metadata["end_session_endpoint"],
    params={
        "id_token_hint": first["id_token"],
        "post_logout_redirect_uri": options["post_logout_redirect_uri"],
        "state": "signed-out",
    },
)
found = {"first": first, "refreshed": refreshed, "userinfo": userinfo, "subject": claims["sub"], "active": active}
ask({**found, "logout": str(logout)})

client.revoke_token(metadata["revocation_endpoint"], refreshed["refresh_token"], "refresh_token").raise_for_status()
after = client.introspect_token(metadata["introspection_endpoint"], refreshed["access_token"]).json()
try:
    client.refresh_token(metadata["token_endpoint"], refresh_token=refreshed["refresh_token"])
    say({"refresh": None, "introspection": after})
except OAuthError as error:
    say({"refresh": error.error, "introspection": after})
