// node-oidc-provider as its documentation sets it up, with the memory adapter it comes with: nothing is durable.
// Usage: server.js PORT CLIENT_ID CLIENT_SECRET

import { generateKeyPairSync } from "node:crypto";

import { Provider } from "oidc-provider";

const [port, clientId, clientSecret] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      scope: "user_info",
    },
  ],
  scopes: ["openid", "user_info"],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
  cookies: { keys: ["a-key-of-the-bench"] },
  ttl: { ClientCredentials: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
  },
});

provider.listen(Number(port), "127.0.0.1");
