// Three conveniences; every page works without them: sortable tables, refresh in place, opening what a link names.
"use strict";
(() => {
  const sorted = new Map(); // caption -> [column, direction], so that a refresh keeps the order

  const keyOf = (cell) => {
    const key = cell.dataset.key ?? cell.textContent.trim();
    const number = Number(key);
    return key !== "" && !Number.isNaN(number) ? number : key.toLowerCase();
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b
      : typeof a === "number" ? -1 : typeof b === "number" ? 1
      : a.localeCompare(b, undefined, { numeric: true });

  const sort = (table, column, direction) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
    rows.sort((a, b) => direction * compare(a[0], b[0]));
    body.append(...rows.map((pair) => pair[1]));
    [...table.tHead.rows[0].cells].forEach((cell, index) => {
      if (index === column) cell.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
  };

  const makeSortable = (table) => {
    const name = table.caption ? table.caption.textContent : "";
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cell.textContent;
      button.addEventListener("click", () => {
        const first = cell.classList.contains("number") ? -1 : 1; // numbers: the largest first
        const now = cell.getAttribute("aria-sort");
        const direction = now === null ? first : now === "ascending" ? -1 : 1;
        sorted.set(name, [column, direction]);
        sort(table, column, direction);
      });
      cell.replaceChildren(button);
    });
    if (sorted.has(name)) sort(table, ...sorted.get(name));
  };

  const prepare = () => document.querySelectorAll("table.sortable").forEach(makeSortable);

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target && (target.matches("details") ? target : target.querySelector("details"));
    if (details) { details.open = true; target.scrollIntoView(); }
  };

  // What a person holds on to must not be replaced under their hands.
  const busy = () => {
    const main = document.getElementById("content");
    const focus = document.activeElement;
    return document.hidden || String(getSelection()) !== "" ||
      (main.contains(focus) && focus.matches("input, select, textarea, summary, th button, .scroll"));
  };

  // What is open is known again by the id around it and its place there: a summary's text may tell a time.
  const marks = () => [...document.querySelectorAll("main details")].map((item) => {
    const owner = item.closest("[id]");
    return owner.id + "|" + [...owner.querySelectorAll("details")].indexOf(item);
  });

  const refresh = async () => {
    if (busy()) return;
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!response.ok) throw new Error(response.statusText);
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      if (busy()) return;
      const before = marks();
      const open = new Set([...document.querySelectorAll("main details")].flatMap((item, i) => item.open ? [before[i]] : []));
      for (const part of ["main", "header.top", "footer"]) {
        const there = document.querySelector(part), now = fresh.querySelector(part);
        if (there && now && !there.contains(document.activeElement)) there.replaceWith(document.adoptNode(now));
      }
      const after = marks();
      document.querySelectorAll("main details").forEach((item, i) => { item.open = open.has(after[i]); });
      document.body.classList.remove("offline");
      prepare();
    } catch {
      document.body.classList.add("offline");
    }
  };

  prepare();
  openTarget();
  addEventListener("hashchange", openTarget);
  const main = document.getElementById("content");
  const seconds = Number(main && main.dataset.refresh);
  if (seconds > 0) setInterval(refresh, seconds * 1000);
})();
