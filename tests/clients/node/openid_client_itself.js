// An application that acts for itself with openid-client: client credentials, introspection, revocation.

import * as client from "openid-client";

import { finish, options, say } from "./dialog.js";

const config = await client.discovery(
  new URL(options.issuer),
  options.client_id,
  undefined,
  client.ClientSecretPost(options.client_secret),
  { execute: [client.allowInsecureRequests] },
);
const tokens = await client.clientCredentialsGrant(config, { scope: options.scope });
const before = await client.tokenIntrospection(config, tokens.access_token);
await client.tokenRevocation(config, tokens.access_token);
const after = await client.tokenIntrospection(config, tokens.access_token);
say({ tokens, before, after });
finish();
