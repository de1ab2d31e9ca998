/* `/` search, `g p` portfolio, `?` help. Never while somebody types, never with a modifier. */
"use strict";
{
  const help = document.querySelector("[data-help-frame]");
  let afterG = 0;

  const typing = (element) => element.isContentEditable || /^(input|select|textarea)$/i.test(element.tagName);

  function openHelp() {
    if (help && !help.open) help.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const second = afterG && event.timeStamp - afterG < 1200;
    afterG = 0;
    if (second && event.key === "p") {
      location.assign("/");
    } else if (event.key === "g") {
      afterG = event.timeStamp;
    } else if (event.key === "?") {
      event.preventDefault();
      openHelp();
    } else if (event.key === "/") {
      const field = document.querySelector("[data-search]");
      if (!field) return;
      event.preventDefault();
      field.focus();
    }
  });

  for (const button of document.querySelectorAll("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", openHelp);
  }
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
