// Makes a passkey: <form data-passkey="options as JSON"> is sent once the browser has made it, with what it answered in
// the field `response`.

const form = document.querySelector("form[data-passkey]");

function show(name) {
  for (const part of form.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== name;
}

async function make() {
  show("waiting");
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.passkey));
    const credential = await navigator.credentials.create({ publicKey });
    form.elements.response.value = JSON.stringify(credential.toJSON());
  } catch {
    show("failed"); // the person said no, the time is over, or this device holds a passkey already
    return;
  }
  form.submit();
}

if (form && window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
  show("ready");
  for (const button of form.querySelectorAll("[data-make]")) button.addEventListener("click", make);
}
