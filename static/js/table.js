/* Tables: columns that sort (`th data-sort="text|number"`, the cell's `data-value` or its text), and copying
   (`button data-copy="#id"`: a table as tab-separated text, anything else as its text; `data-copied` says so). */
"use strict";
{
  const locale = document.documentElement.lang || "en";

  function value(cell, kind) {
    const raw = cell ? (cell.dataset.value ?? cell.textContent.trim()) : "";
    if (kind !== "number") return raw;
    const number = parseFloat(raw);
    return Number.isNaN(number) ? null : number; // what does not exist goes last, in both directions
  }

  function sort(head) {
    const body = head.closest("table").tBodies[0];
    const kind = head.dataset.sort;
    const column = head.cellIndex;
    const rising = head.getAttribute("aria-sort") !== "ascending";
    const rows = [...body.rows].map((row) => ({ row, at: value(row.cells[column], kind) }));
    rows.sort((a, b) => {
      if (a.at === null || b.at === null) return (a.at === null) - (b.at === null);
      const order = kind === "number" ? a.at - b.at : a.at.localeCompare(b.at, locale, { numeric: true });
      return rising ? order : -order;
    });
    body.append(...rows.map((entry) => entry.row));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  }

  function makeSortable(root) {
    for (const head of root.querySelectorAll("th[data-sort]:not(:has(button))")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
    }
  }

  function textOf(element) {
    if (element.tagName !== "TABLE") return element.textContent.trim();
    return [...element.rows]
      .map((row) => [...row.cells].map((cell) => (cell.dataset.value ?? cell.textContent).trim().replace(/\s+/g, " ")).join("\t"))
      .join("\n");
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without HTTPS browsers hide the clipboard; a selection can still be copied.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "unseen";
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  document.addEventListener("click", async (event) => {
    const head = event.target.closest("th[data-sort]");
    if (head && event.target.closest("button")) sort(head);
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    const from = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
    await copy(from ? textOf(from) : button.dataset.text || new URL(button.href || location.href, location).href);
    if (!button.dataset.copied) return;
    const before = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = before), 1600);
  });
  document.addEventListener("roi:swapped", (event) => makeSortable(event.target));
  makeSortable(document);
}
