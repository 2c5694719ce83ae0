// Changes a part of the page in its place: a link or a form with data-swap="id" is followed in the background, and the
// element of that id in the answer takes the place of the one here; an answer without it takes the place of the whole
// content. Inline editing is a link to the page with the form in it; without this script it is that page.

import { load, put } from "./fragments.js";

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  swap(link.dataset.swap, link.href).catch(() => location.assign(link.href));
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-swap]");
  if (!form) return;
  event.preventDefault();
  const address = event.submitter?.hasAttribute("formaction") ? event.submitter.formAction : form.action;
  const request = { method: "POST", body: new FormData(form, event.submitter) };
  // Not sent a second time: who knows whether the first got through.
  swap(form.dataset.swap, address, request).catch(() => say(form, document.body.dataset.offline));
});

async function swap(id, address, request) {
  const part = document.getElementById(id);
  part.setAttribute("aria-busy", "true");
  try {
    const fresh = await load(address, id, request);
    put(document.getElementById(fresh.id), fresh);
  } finally {
    part.removeAttribute("aria-busy");
  }
}

function say(form, words) {
  const place = form.querySelector("[data-said]") ?? form.appendChild(document.createElement("p"));
  place.dataset.said = "";
  place.className = "error";
  place.setAttribute("role", "alert");
  place.textContent = words;
}
