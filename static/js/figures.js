/* Large charts. `<figure class="chart-frame" data-figure-url="…" data-live="roi:…">` holds the still picture
   (`.still`, one wide and one for the phone); after the first paint Plotly is fetched, draws the same picture over it
   and takes its place: same size, same scales, nothing moves. If anything fails the still picture stays.
   The server writes the light colours and names their tokens in layout.meta; here they become the theme's. */
"use strict";
{
  const phone = matchMedia("(max-width: 720px)");
  let library = null;

  function plotly() {
    library ||= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.body.dataset.plotly;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("the chart library could not be loaded"));
      document.head.append(script);
    });
    return library;
  }

  function coloured(node, colours) {
    if (typeof node === "string") return colours.get(node) ?? node;
    if (Array.isArray(node)) return typeof node[0] === "number" ? node : node.map((part) => coloured(part, colours));
    if (!node || typeof node !== "object") return node;
    return Object.fromEntries(Object.entries(node).map(([key, part]) => [key, coloured(part, colours)]));
  }

  function inTheme(figure) {
    const style = getComputedStyle(document.documentElement);
    const tokens = Object.entries(figure.layout.meta?.tokens || {});
    const colours = new Map(tokens.map(([light, token]) => [light, style.getPropertyValue(token).trim() || light]));
    const layout = coloured(figure.layout, colours);
    layout.font = { ...layout.template?.layout?.font, ...layout.font, family: style.getPropertyValue("--sans").trim() };
    layout.autosize = true;
    return { data: coloured(figure.data, colours), layout };
  }

  async function draw(frame) {
    if (!frame.figure) return;
    const { data, layout } = inTheme(frame.figure);
    const Plotly = await plotly();
    let plot = frame.querySelector(".plot");
    if (!plot) {
      plot = document.createElement("div");
      plot.className = "plot";
      plot.setAttribute("aria-hidden", "true"); // the still picture's label and the table say it in words
      frame.prepend(plot);
    }
    await Plotly.react(plot, data, layout, { responsive: true, displaylogo: false, displayModeBar: false, doubleClick: false });
    describe(frame, frame.figure.layout.meta?.summary);
    frame.classList.add("is-drawn");
  }

  function describe(frame, summary) {
    if (!summary) return;
    frame.setAttribute("role", "img");
    frame.setAttribute("aria-label", summary);
  }

  async function load(frame) {
    const url = new URL(frame.dataset.figureUrl, location.href);
    if (phone.matches) url.searchParams.set("size", "phone");
    const asked = (frame.asked = Symbol("asked"));
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const figure = await answer.json();
      if (frame.asked !== asked) return; // a later question has overtaken this one
      frame.figure = figure;
      await draw(frame);
    } catch (problem) {
      console.warn("the still picture stays:", problem);
    }
  }

  const frames = (root) => root.querySelectorAll("figure[data-figure-url]");

  function loadAll(root) {
    for (const frame of frames(root)) load(frame);
  }

  document.addEventListener("roi:theme", () => frames(document).forEach(draw));
  document.addEventListener("roi:redraw", (event) => {
    if (event.target.matches?.("figure[data-figure-url]")) load(event.target);
  });
  document.addEventListener("roi:swapped", (event) => loadAll(event.target));
  phone.addEventListener("change", () => loadAll(document));

  if (frames(document).length) {
    const later = window.requestIdleCallback || ((work) => setTimeout(work, 60));
    const begin = () => later(() => loadAll(document), { timeout: 1500 });
    if (document.readyState === "complete") begin();
    else addEventListener("load", begin, { once: true });
  }
}
