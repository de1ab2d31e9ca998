/* Light, dark or as the system: kept in the cookie `theme`, which base.html reads, so the first paint is right.
   Without scripts the same form is posted to the server. Tells `roi:theme` when the colours have changed. */
"use strict";
{
  const root = document.documentElement;
  const form = document.querySelector("[data-theme-switch]");

  function choose(theme) {
    const kept = theme === "light" || theme === "dark";
    document.cookie = `theme=${kept ? theme : ""}; path=/; max-age=${kept ? 31536000 : 0}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    if (kept) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of form.querySelectorAll("button[name=theme]")) {
      button.setAttribute("aria-pressed", String(button.value === (kept ? theme : "system")));
    }
    document.dispatchEvent(new CustomEvent("roi:theme"));
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("click", (event) => {
      const button = event.target.closest("button[name=theme]");
      if (!button) return;
      event.preventDefault();
      choose(button.value);
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (!root.dataset.theme) document.dispatchEvent(new CustomEvent("roi:theme"));
  });
}
