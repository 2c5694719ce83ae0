// Signs a device in with openid-client: a person allows it in a browser meanwhile (RFC 8628).

import * as client from "openid-client";

import { finish, options, say } from "./dialog.js";

const config = await client.discovery(new URL(options.issuer), options.client_id, undefined, client.None(), {
  execute: [client.allowInsecureRequests],
});
const device = await client.initiateDeviceAuthorization(config, { scope: options.scope });
say({ go: device.verification_uri_complete, address: device.verification_uri, code: device.user_code });
say(await client.pollDeviceAuthorizationGrant(config, device));
finish();
