// Buttons that copy the text beside them. Without this script they are not there, and the text can be selected.

const SHOWN_MS = 2000;

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(text.textContent);
  } catch {
    getSelection().selectAllChildren(text); // the browser does not let us: the reader copies what is selected
    return;
  }
  const words = button.querySelector("span");
  const before = words.textContent;
  if (before === button.dataset.done) return;
  words.textContent = button.dataset.done;
  setTimeout(() => (words.textContent = before), SHOWN_MS);
});
