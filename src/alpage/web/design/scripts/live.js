// Parts that follow long work: data-live="address of a page with the same part". Each looks again until the part there
// is no longer live. Without this script a link does the same.

import { load, put } from "./fragments.js";

const EVERY_MS = 2000;
const LONGEST_MS = 30000;

async function follow(part, wait = EVERY_MS) {
  await new Promise((resolve) => setTimeout(resolve, wait));
  if (!part.isConnected) return;
  if (document.hidden) return follow(part, wait);
  let fresh;
  try {
    fresh = await load(part.dataset.live, part.id);
  } catch {
    return follow(part, Math.min(wait * 2, LONGEST_MS));
  }
  if (fresh.id !== part.id) return; // its page has nothing more to tell
  put(part, fresh);
  if (fresh.dataset.live) follow(fresh);
}

for (const part of document.querySelectorAll("[data-live]")) follow(part);
