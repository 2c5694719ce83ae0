// Signs somebody in with oauth4webapi: a public application, by code and PKCE, its tokens bound to a key (DPoP).

import * as oauth from "oauth4webapi";

import { ask, finish, options, refusal, say } from "./dialog.js";

const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(options.issuer);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
const client = { client_id: options.client_id };
const authentication = oauth.None();
const keys = await oauth.generateKeyPair("ES256");
const bound = options.is_bound ? { ...insecure, DPoP: oauth.DPoP(client, keys) } : insecure;

/** Sends a request, and once more if the server wanted its nonce in the proof (RFC 9449, 8). */
async function withNonce(send, read) {
  try {
    return await read(await send());
  } catch (error) {
    if (options.is_bound && oauth.isDPoPNonceError(error)) return read(await send());
    throw error;
  }
}

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const address = new URL(server.authorization_endpoint);
const parameters = {
  response_type: "code",
  client_id: options.client_id,
  redirect_uri: options.redirect_uri,
  scope: options.scope,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
};
for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);

const callback = await ask({ go: address.href });
const answer = oauth.validateAuthResponse(server, client, new URL(callback), state); // checks `iss` too (RFC 9207)
let response;
const first = await withNonce(
  async () => {
    response = await oauth.authorizationCodeGrantRequest(
      server, client, authentication, answer, options.redirect_uri, verifier, bound,
    );
    return response;
  },
  (received) =>
    oauth.processAuthorizationCodeResponse(server, client, received, { expectedNonce: nonce, requireIdToken: true }),
);
await oauth.validateApplicationLevelSignature(server, response, insecure);
const { sub } = oauth.getValidatedIdTokenClaims(first);

const seen = (token) =>
  withNonce(
    () => oauth.userInfoRequest(server, client, token, bound),
    (received) => oauth.processUserInfoResponse(server, client, sub, received),
  );
const refresh = (token) =>
  withNonce(
    () => oauth.refreshTokenGrantRequest(server, client, authentication, token, bound),
    (received) => oauth.processRefreshTokenResponse(server, client, received),
  );
const userinfo = await seen(first.access_token);
const refreshed = await refresh(first.refresh_token);
await seen(refreshed.access_token);

const logout = new URL(server.end_session_endpoint);
logout.searchParams.set("id_token_hint", refreshed.id_token ?? first.id_token);
logout.searchParams.set("post_logout_redirect_uri", options.post_logout_redirect_uri);
logout.searchParams.set("state", "signed-out");
await ask({ first, refreshed, userinfo, subject: sub, logout: logout.href });

const revocation = await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token, insecure);
await oauth.processRevocationResponse(revocation);
say({ refresh: await refusal(refresh(refreshed.refresh_token)) });
finish();
