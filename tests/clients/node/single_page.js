// Makes the user manager of the page, with the settings the test keeps in the browser.

const { is_bound: isBound, ...settings } = JSON.parse(sessionStorage.getItem("settings") ?? "{}");
const stores = { userStore: new oidc.WebStorageStateStore({ store: sessionStorage }) };
const bound = isBound ? { dpop: { store: new oidc.IndexedDbDPoPStore(), bind_authorization_code: true } } : {};
globalThis.manager = settings.authority ? new oidc.UserManager({ ...settings, ...stores, ...bound }) : null;
