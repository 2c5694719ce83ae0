// Parts of pages: fetched as whole pages, and put in the place of what stands there.

const CONTENT = "content";

export async function load(address, id, request = {}) {
  const response = await fetch(address, { ...request, headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const part = page.getElementById(id) ?? page.getElementById(CONTENT);
  if (!part) throw new Error(`no ${id} at ${address}`);
  return part;
}

export function put(old, fresh) {
  for (const button of fresh.querySelectorAll("[data-copy]")) button.hidden = false;
  old.replaceWith(fresh);
  fresh.querySelector("[autofocus], [aria-invalid]")?.focus();
}
