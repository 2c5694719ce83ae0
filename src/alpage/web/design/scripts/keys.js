// A key that leads to a field: <input data-key="/">.

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const field = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!field || !field.checkVisibility()) return;
  event.preventDefault();
  field.focus();
});
