"use strict";
const search = document.querySelector("input[type=search]");
const found = document.querySelector("input[type=checkbox]");
const count = document.querySelector(".count");
const exchanges = [...document.querySelectorAll("details")];
const rows = new Map(
  [...document.querySelectorAll("[data-step]")].map((row) => [row.dataset.step, row]),
);
const texts = exchanges.map((one) => one.textContent.toLowerCase());

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  exchanges.forEach((one, at) => {
    const fits =
      words.every((word) => texts[at].includes(word)) &&
      (!found.checked || one.dataset.found !== undefined);
    one.hidden = !fits;
    shown += Number(fits);
    rows.get(one.dataset.of)?.classList.toggle("out-of-filter", !fits);
  });
  count.textContent = `${shown} of ${exchanges.length}`;
}

/** What a link leads to is opened, and shown whatever the filter says. */
function open() {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.matches("details")) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView({ block: "start" });
  }
}

let closed = [];
addEventListener("beforeprint", () => {
  closed = exchanges.filter((one) => !one.open && one.dataset.other === undefined);
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});
search.addEventListener("input", filter);
found.addEventListener("change", filter);
addEventListener("hashchange", open);
document.querySelector(".filter").hidden = false;
filter();
open();
