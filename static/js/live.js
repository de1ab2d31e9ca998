/* Live means pushed. An element with `data-live="roi:support-triage interval:*"` and `data-live-url` is fetched again
   when such an event comes, and exchanged in place: no reload, no spinner, no jump of scroll or focus. A figure with
   `data-figure-url` draws itself anew. A pattern is `event:key`; `*` at its end stands for anything, an event alone for
   all its keys. What has changed fades shortly, and `data-changed-at` says when. A lost connection says since when;
   when it is back, everything on the page is fetched once. */
"use strict";
{
  const body = document.body;
  const clock = new Intl.DateTimeFormat(document.documentElement.lang || "en", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const notice = document.querySelector("[data-connection]");
  const underWay = new WeakMap(); // element → true while it is fetched, "again" where it changed meanwhile

  const keyOf = (data) => {
    try {
      const parsed = JSON.parse(data);
      return typeof parsed === "object" && parsed ? String(parsed.key ?? "") : String(parsed);
    } catch {
      return data;
    }
  };

  function concerns(element, name, key) {
    return element.dataset.live.split(/\s+/).some((pattern) => {
      if (pattern === name || pattern === "*") return true;
      const said = `${name}:${key}`;
      return pattern.endsWith("*") ? said.startsWith(pattern.slice(0, -1)) : said === pattern;
    });
  }

  function swap(element, html) {
    const fetched = new DOMParser().parseFromString(html, "text/html");
    const same = element.id && fetched.getElementById(element.id);
    const fresh = document.importNode(same || fetched.body, true);
    if (fresh.innerHTML === (element.fetchedHtml ?? element.innerHTML)) return false;
    element.fetchedHtml = fresh.innerHTML;
    const before = texts(element);
    const focus = focusIn(element);
    const open = [...element.querySelectorAll("details")].map((details) => details.open);
    element.replaceChildren(...fresh.childNodes);
    [...element.querySelectorAll("details")].forEach((details, k) => (details.open = open[k] ?? details.open));
    const after = texts(element);
    const changed = after.filter(({ text }, k) => !before[k] || before[k].text !== text);
    changed.forEach(({ node }) => node.classList.add("fresh"));
    if (focus) restore(element, focus);
    element.dispatchEvent(new CustomEvent("roi:swapped", { bubbles: true }));
    return changed.length > 0 || after.length !== before.length;
  }

  const texts = (element) =>
    [...element.querySelectorAll("td, dd, .answer a, .figure, [data-figure]")].map((node) => ({ node, text: node.textContent }));

  function focusIn(element) {
    const active = document.activeElement;
    if (!active || !element.contains(active)) return null;
    return { id: active.id, href: active.getAttribute("href"), index: [...element.querySelectorAll("a, button, summary, [tabindex]")].indexOf(active) };
  }

  function restore(element, focus) {
    const doors = [...element.querySelectorAll("a, button, summary, [tabindex]")];
    const again = doors.find((door) => focus.id && door.id === focus.id) || doors.find((door) => focus.href && door.getAttribute("href") === focus.href) || doors[focus.index];
    if (again) again.focus({ preventScroll: true });
  }

  const fetched = (url) => fetch(url, { headers: { "X-Fragment": "1" }, credentials: "same-origin" }).then(async (answer) => (answer.ok && !answer.redirected ? answer.text() : null));

  const isPicture = (element) => element.matches("figure[data-figure-url]");

  async function refresh(element, get = fetched) {
    if (!element.isConnected) return;
    if (isPicture(element)) {
      element.dispatchEvent(new CustomEvent("roi:redraw", { bubbles: true }));
      if (!element.dataset.liveUrl) return;
    }
    if (!element.dataset.liveUrl) return;
    if (underWay.get(element)) return void underWay.set(element, "again");
    underWay.set(element, true);
    try {
      const html = await get(element.dataset.liveUrl);
      if (html !== null && swap(element, html)) sayChanged();
    } catch {
      // The connection is gone: the stream says so, and everything is fetched when it is back.
    }
    const again = underWay.get(element) === "again";
    underWay.delete(element);
    if (again) refresh(element);
  }

  function sayChanged() {
    const place = document.querySelector("[data-changed-at]");
    if (place) place.textContent = place.dataset.changedAt.replace("{time}", clock.format(new Date()));
  }

  const waiting = new Set();
  let timer = null;

  function soon(elements) {
    elements.forEach((element) => waiting.add(element));
    timer ??= setTimeout(() => {
      timer = null;
      const now = [...waiting];
      waiting.clear();
      // Parts of a page that have one address are one answer.
      const answers = new Map();
      const once = (url) => answers.get(url) ?? answers.set(url, fetched(url)).get(url);
      const [pictures, figures] = [now.filter(isPicture), now.filter((element) => !isPicture(element))];
      // The figures first: a picture that is fetched beside them takes the server's time from them.
      Promise.allSettled(figures.map((element) => refresh(element, once))).then(() => pictures.forEach((element) => refresh(element, once)));
    }, 40); // changes come in groups: one fetch for the group
  }

  const all = () => [...document.querySelectorAll("[data-live]")];

  function hear(message) {
    if (message.kind === "event") {
      soon(all().filter((element) => concerns(element, message.name, keyOf(message.data))));
      document.dispatchEvent(new CustomEvent("roi:event", { detail: message }));
    } else if (message.kind === "lost") {
      if (notice) {
        notice.textContent = notice.dataset.connection.replace("{time}", clock.format(new Date(message.since)));
        notice.hidden = Date.now() - message.since < 2500; // a short break is nobody's news
        if (notice.hidden) setTimeout(() => lost && (notice.hidden = false), 2500);
      }
      lost = true;
    } else if (message.kind === "open") {
      lost = false;
      if (notice) notice.hidden = true;
      if (message.after) soon(all());
    }
  }
  let lost = false;

  function listenAlone() {
    // Browsers without SharedWorker: a stream for each page.
    const stream = new EventSource(body.dataset.events);
    let lostAt = null;
    stream.onopen = () => {
      hear({ kind: "open", after: lostAt });
      lostAt = null;
    };
    stream.onerror = () => hear({ kind: "lost", since: (lostAt ??= Date.now()) });
    for (const name of ["interval", "roi", "alert", "source"]) {
      stream.addEventListener(name, (event) => hear({ kind: "event", name, data: event.data }));
    }
    addEventListener("pagehide", () => stream.close());
  }

  if (body.dataset.events && all().length) {
    if ("SharedWorker" in window && "BroadcastChannel" in window) {
      new BroadcastChannel("roi-events").onmessage = (event) => hear(event.data);
      const worker = new SharedWorker(body.dataset.eventsWorker, { name: "roi-events" });
      worker.onerror = listenAlone;
      worker.port.start();
      worker.port.postMessage(new URL(body.dataset.events, location.href).href);
    } else {
      listenAlone();
    }
    addEventListener("pageshow", (event) => event.persisted && soon(all())); // out of the back-forward cache
  }
}
