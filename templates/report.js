// Filters and sorts the table of namespaces, and opens what a link leads to. The page reads well without it.
"use strict";
(() => {
  const open = () => {
    let id;
    try {
      id = decodeURIComponent(location.hash.slice(1));
    } catch {
      return;
    }
    const target = id && document.getElementById(id);
    // Namespaces that share a section are names within it.
    const item = target && target.closest("details.item");
    if (item) {
      item.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  // A link to where we already are changes no hash.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) open();
  });
  open();

  // Browsers that cannot unfold by style sheet print what is open.
  if (!CSS.supports("selector(::details-content)")) {
    let closed = [];
    addEventListener("beforeprint", () => {
      closed = [...document.querySelectorAll("details.item:not([open])")];
      for (const item of closed) item.open = true;
    });
    addEventListener("afterprint", () => {
      for (const item of closed) item.open = false;
    });
  }

  const table = document.getElementById("namespace-table");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));

  const text = document.getElementById("filter-text");
  const level = document.getElementById("filter-level");
  const status = document.getElementById("filter-status");
  const count = document.getElementById("filter-count");
  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, text } of rows) {
      const keep =
        (!level.value || row.dataset.level === level.value) &&
        (!status.value || row.dataset.status === status.value) &&
        words.every((word) => text.includes(word));
      if (row.hidden === keep) row.hidden = !keep;
      if (keep) shown += 1;
    }
    count.textContent = `${shown} of ${rows.length} shown`;
  };
  const tools = document.getElementById("filter");
  tools.hidden = false;
  tools.addEventListener("input", filter);
  // Browsers fill in what was chosen before a reload.
  filter();

  const order = new Intl.Collator("en", { numeric: true }).compare;
  const key = (row, column) => {
    const cell = row.cells[column];
    return "k" in cell.dataset ? Number(cell.dataset.k) : cell.textContent;
  };
  const sort = (column) => {
    const descending = heads[column].getAttribute("aria-sort") === "ascending";
    const sorted = rows.map(({ row }) => ({ row, key: key(row, column) }));
    sorted.sort((a, b) => {
      const less = typeof a.key === "number" ? a.key - b.key : order(a.key, b.key);
      return descending ? -less : less;
    });
    // Rows that stand in no page are cheap to move.
    body.remove();
    for (const { row } of sorted) body.append(row);
    table.append(body);
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
  };
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
  }
  heads[0].setAttribute("aria-sort", "ascending");
  table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("button")?.closest("th");
    if (head) sort(head.cellIndex);
  });
})();
