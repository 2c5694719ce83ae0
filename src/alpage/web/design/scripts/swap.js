// Changes a part of the page in its place: a link or a form with data-swap="id" is followed in the background, and the
// element of that id in the answer takes the place of the one here. Inline editing is a link to the page with the form
// in it; without this script it is that page.

import { load, put } from "./fragments.js";

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  swap(link.dataset.swap, link.href, {}, () => location.assign(link.href));
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-swap]");
  if (!form) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  const action = event.submitter?.formAction || form.action;
  swap(form.dataset.swap, action, { method: "POST", body }, () => form.submit());
});

async function swap(id, address, request, otherwise) {
  const part = document.getElementById(id);
  part.setAttribute("aria-busy", "true");
  try {
    put(part, await load(address, id, request));
  } catch {
    otherwise(); // an answer without that part, or none at all: the whole page says more
  }
}
