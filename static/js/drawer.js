/* “How was this computed?”. A link with `data-drawer` opens its address in the drawer: the dialog of base.html, modal,
   so the page behind is inert, Esc closes and focus returns. The open drawer is in the address (`?drawer=/proof/…`):
   Back works, the address can be sent on. Without scripts the same link is a page of its own.
   The answer is asked for with `X-Drawer: 1`; of a whole page only [data-drawer-body], or else its `main`, is shown. */
"use strict";
{
  const frame = document.querySelector("[data-drawer-frame]");
  const place = frame && frame.querySelector("[data-drawer-place]");
  const waiting = place && place.innerHTML;
  let shown = null; // the path that the drawer shows
  let opener = null;
  let running = null;

  function asked() {
    const path = new URLSearchParams(location.search).get("drawer");
    if (!path) return null;
    const url = new URL(path, location.origin);
    return url.origin === location.origin && path.startsWith("/") ? url.pathname + url.search : null;
  }

  function addressWith(path) {
    const url = new URL(location.href);
    if (path) url.searchParams.set("drawer", path);
    else url.searchParams.delete("drawer");
    return url;
  }

  async function load(path) {
    shown = path;
    if (running) running.abort();
    running = new AbortController();
    const slow = setTimeout(() => (place.innerHTML = waiting), 250);
    try {
      const answer = await fetch(path, { headers: { "X-Drawer": "1" }, signal: running.signal, credentials: "same-origin" });
      const html = await answer.text();
      if (!answer.ok || !(answer.headers.get("Content-Type") || "").startsWith("text/html")) throw new Error(String(answer.status));
      if (answer.redirected && !new URL(answer.url).pathname.startsWith(path.split("?")[0])) return void location.assign(path); // signed out
      const page = new DOMParser().parseFromString(html, "text/html");
      const body = page.querySelector("[data-drawer-body]") || page.querySelector("main") || page.body;
      clearTimeout(slow);
      place.replaceChildren(...(body.matches("main, body") ? body.childNodes : [body])); // a proof keeps its own frame
      frame.scrollTop = 0;
      const heading = place.querySelector("h1, h2");
      if (heading) {
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true });
      }
      place.dispatchEvent(new CustomEvent("roi:swapped", { bubbles: true }));
    } catch (problem) {
      clearTimeout(slow);
      if (problem.name === "AbortError") return;
      const link = Object.assign(document.createElement("a"), { href: path, textContent: path, className: "link" });
      const words = Object.assign(document.createElement("p"), { className: "notice worse", textContent: `${frame.dataset.failed} ` });
      words.append(link);
      place.replaceChildren(words);
    }
  }

  function show(path) {
    if (!frame.open) {
      frame.showModal();
      document.body.classList.add("has-drawer");
    }
    if (path !== shown) load(path);
  }

  function hide() {
    shown = null;
    if (running) running.abort();
    if (!frame.open) return;
    frame.close();
    document.body.classList.remove("has-drawer");
    if (opener && opener.isConnected) opener.focus();
    opener = null;
  }

  function follow() {
    const path = asked();
    if (path) show(path);
    else hide();
  }

  function close() {
    const depth = (history.state && history.state.drawerDepth) || 0;
    if (depth) history.go(-depth); // back to the page as it was before the drawer was opened; popstate hides it
    else {
      history.replaceState(null, "", addressWith(null));
      hide();
    }
  }

  if (frame && typeof frame.showModal === "function") {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-drawer]");
      if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const url = new URL(link.href, location.href);
      if (url.origin !== location.origin) return;
      event.preventDefault();
      const depth = frame.open ? (history.state && history.state.drawerDepth) || 0 : 0;
      if (!frame.open) opener = link;
      const path = url.pathname + url.search;
      history.pushState({ drawerDepth: depth + 1 }, "", addressWith(path));
      show(path);
    });
    frame.querySelector("[data-drawer-shut]").addEventListener("click", close);
    frame.addEventListener("cancel", (event) => {
      event.preventDefault();
      close();
    });
    frame.addEventListener("click", (event) => {
      if (event.target === frame && event.clientX < frame.getBoundingClientRect().left) close(); // the veil
    });
    addEventListener("popstate", follow);
    follow();
  }
}
