"use strict";
// The page works without this script: it takes dropped files, shows the answer without a page load, and sorts.
const form = document.getElementById("stock");
const answer = document.getElementById("answer");
const input = form.elements.file;

function say(text, kind) {
  const note = document.createElement("p");
  [note.className, note.textContent] = [`card ${kind}`, text];
  answer.replaceChildren(note);
}

async function priceFile() {
  if (!input.files.length) return;
  say(`Pricing ${input.files[0].name} ...`, "pending");
  try {
    const response = await fetch("/stock", { method: "POST", body: new FormData(form) });
    const text = await response.text();
    if (!response.ok) { say(JSON.parse(text).detail, "error"); return; }
    const found = new DOMParser().parseFromString(text, "text/html").getElementById("answer");
    answer.replaceChildren(...found.childNodes);
    addSorting();
  } catch {
    say("The service does not answer, or the file is too large. Try again.", "error");
  }
}

function sortBy(head) {
  const body = head.closest("table").tBodies[0];
  const descending = head.getAttribute("aria-sort") !== "descending";
  const amount = (row) => row.dataset.amounts.split(" ;")[head.dataset.sort];
  const rows = [...body.rows].sort((one, other) => {
    const [left, right] = [amount(one), amount(other)];
    if (left === "" || right === "") return (left === "") - (right === ""); // without an amount: last
    return (Number(left) - Number(right)) * (descending ? -1 : 1);
  });
  body.append(...rows);
  for (const each of head.parentNode.cells) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

function addSorting() {
  for (const head of answer.querySelectorAll("[data-sort]")) {
    const button = document.createElement("button");
    [button.type, button.className, button.textContent] = ["button", "plain", head.textContent];
    button.addEventListener("click", () => sortBy(head));
    head.replaceChildren(button);
  }
}

form.addEventListener("submit", (event) => {
  if (event.submitter?.name === "as") return; // the browser saves the priced file
  event.preventDefault();
  priceFile();
});
form.addEventListener("dragover", (event) => event.preventDefault());
form.addEventListener("drop", (event) => {
  event.preventDefault();
  input.files = event.dataTransfer.files;
  priceFile();
});
input.addEventListener("change", priceFile);
addSorting();
