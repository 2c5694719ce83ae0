// Signing in with a passkey: shows the button where the browser can, asks it for the key, and goes on.

const part = document.querySelector("[data-passkey]");
const can = window.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;

if (part && can) {
  part.hidden = false;
  part.querySelector("button").addEventListener("click", () => signIn(part.dataset, part.querySelector("[role=alert]")));
}

async function signIn(given, complaint) {
  complaint.hidden = true;
  try {
    const { options, ticket } = await send(given.begin, {});
    const credential = await navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
    });
    const { next } = await send(given.finish, { ticket, response: JSON.stringify(credential.toJSON()) });
    location.assign(next);
  } catch (error) {
    complaint.textContent = error instanceof Refusal ? error.message : given.failed;
    complaint.hidden = false;
  }

  async function send(path, fields) {
    const { csrf, step, next } = given;
    const response = await fetch(path, { method: "POST", body: new URLSearchParams({ csrf, step, next, ...fields }) });
    const answer = response.headers.get("content-type")?.startsWith("application/json") ? await response.json() : {};
    if (!response.ok) throw new Refusal(answer.error ?? given.failed);
    return answer;
  }
}

class Refusal extends Error {}
