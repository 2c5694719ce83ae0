// Signs somebody in with openid-client: a confidential application, by code and PKCE, signatures checked.

import * as client from "openid-client";

import { ask, finish, options, refusal, say } from "./dialog.js";

const config = await client.discovery(
  new URL(options.issuer),
  options.client_id,
  undefined,
  client.ClientSecretBasic(options.client_secret),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const parameters = {
  redirect_uri: options.redirect_uri,
  scope: options.scope,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
};
const address = options.is_pushed
  ? await client.buildAuthorizationUrlWithPAR(config, parameters)
  : client.buildAuthorizationUrl(config, parameters);

const callback = await ask({ go: address.href });
const first = await client.authorizationCodeGrant(config, new URL(callback), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const { sub } = first.claims();
const userinfo = await client.fetchUserInfo(config, first.access_token, sub);

const refreshed = await client.refreshTokenGrant(config, first.refresh_token);
await client.fetchUserInfo(config, refreshed.access_token, sub);
const active = await client.tokenIntrospection(config, refreshed.access_token);

const logout = client.buildEndSessionUrl(config, {
  post_logout_redirect_uri: options.post_logout_redirect_uri,
  id_token_hint: refreshed.id_token ?? first.id_token,
  state: "signed-out",
});
await ask({ first, refreshed, userinfo, subject: sub, active, logout: logout.href });

await client.tokenRevocation(config, refreshed.refresh_token, { token_type_hint: "refresh_token" });
say({
  refresh: await refusal(client.refreshTokenGrant(config, refreshed.refresh_token)),
  introspection: await client.tokenIntrospection(config, refreshed.access_token),
});
finish();
