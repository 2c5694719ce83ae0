// Making a passkey: the form with `data-begin` is sent once the browser has made what it is to carry.

const form = document.querySelector("form[data-begin]");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const failed = form.querySelector("[data-when=failed]");
  failed.hidden = true;
  try {
    const begun = await fetch(form.dataset.begin, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!begun.ok) return form.submit(); // the answer to this says what is wrong
    const { options, ticket } = await begun.json();
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = await navigator.credentials.create({ publicKey });
    form.elements.ticket.value = ticket;
    form.elements.response.value = JSON.stringify(credential.toJSON());
  } catch {
    failed.hidden = false; // the person said no, the time is over, or this device holds a passkey already
    return;
  }
  form.submit();
});
