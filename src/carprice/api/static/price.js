"use strict";
const { currency, paid } = document.currentScript.dataset;
const form = document.getElementById("listing");
const answer = document.getElementById("answer");
const format = (more) => new Intl.NumberFormat(undefined, {
  style: "currency", currency: currency || "USD", maximumFractionDigits: 0, ...more,
}).format;
const money = format({});
const change = format({ signDisplay: "exceptZero" });

const isTrue = (value) => value === "true";
const READERS = { number: Number, integer: Number, boolean: isTrue, string: String }; // by the JSON type

function readListing() {
  const listing = {};
  for (const input of form.elements) {
    const { name, value, dataset } = input;
    if (!name || value === "") continue;
    listing[name] = READERS[dataset.type](value);
  }
  return listing;
}

function findInput(pointer) {
  return form.elements.namedItem(pointer.slice(2).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function labelOf(pointer) {
  const input = findInput(pointer);
  return input ? input.closest("label").querySelector("span").firstChild.textContent.trim() : pointer.slice(2);
}

function addRow(part, name, amount) {
  const row = part.insertRow();
  row.appendChild(document.createElement("th")).textContent = name;
  row.insertCell().textContent = amount;
}

function showBreakdown({ base, parts }, price) {
  const [body, foot] = [answer.querySelector("tbody"), answer.querySelector("tfoot")];
  body.replaceChildren();
  foot.replaceChildren();
  addRow(body, "Average car", money(base));
  const largestFirst = [...parts].sort((one, other) => Math.abs(other.amount) - Math.abs(one.amount));
  for (const { label, amount } of largestFirst) addRow(body, label, change(amount));
  addRow(foot, "Price", money(price));
}

const SURENESS = {
  high: "Sure: at least three in four such prices are within 10 %.",
  medium: "Fairly sure: at least half of such prices are within 10 %.",
  low: "Unsure: fewer than half of such prices are within 10 %.",
};

function describeRange({ low, high, coverage }) {
  const amounts = `between ${money(low)} and ${money(high)}`;
  return coverage === null
    ? `Perhaps ${amounts}: the model never saw such a car, so nothing is promised.`
    : `${Math.round(coverage * 100)} % of such cars are ${paid ? "sold" : "offered"} ${amounts}.`;
}

function listNotes({ warnings, not_given: missing, as_of: day }) {
  const notes = warnings.map(({ pointer, detail }) => pointer === "#" ? detail : `${labelOf(pointer)} ${detail}`);
  if (missing.length) {
    const names = missing.map(({ field, adds }) =>
      labelOf(`#/${field}`) + (adds ? ` (adds ${(adds * 100).toFixed(1)} % to the usual error)` : ""));
    notes.push(`Not given: ${names.join(", ")}`);
  }
  if (day) notes.push(`Prices as of ${day}`);
  return notes;
}

function showAnswer(valuation) {
  const { price, confidence, breakdown } = valuation;
  answer.querySelector(".price").textContent = money(price);
  answer.querySelector(".range").textContent = describeRange(valuation);
  answer.querySelector(".confidence").textContent = SURENESS[confidence];
  answer.querySelector(".warnings").replaceChildren(...listNotes(valuation).map((note) => {
    const item = document.createElement("li");
    item.textContent = note;
    return item;
  }));
  showBreakdown(breakdown, price);
  answer.hidden = false;
  answer.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function showProblem({ detail, errors = [], next_best: nextBest }) {
  answer.hidden = true;
  const elsewhere = [];
  for (const error of errors) {
    const input = findInput(error.pointer);
    if (input) input.closest("label").querySelector(".error").textContent = error.detail;
    else elsewhere.push(`${error.pointer.slice(2)} ${error.detail}`);
  }
  form.querySelector("p.error").textContent =
    errors.length ? elsewhere.join("; ") : [detail, nextBest].filter(Boolean).join(". ");
}

async function priceListing(event) {
  event.preventDefault();
  for (const place of form.querySelectorAll(".error")) place.textContent = "";
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const response = await fetch("/predict/price?explain=1", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(readListing()),
    });
    const data = await response.json();
    if (response.ok) showAnswer(data); else showProblem(data);
  } catch {
    showProblem({ detail: "The service does not answer. Try again." });
  } finally {
    button.disabled = false;
  }
}

if (form) form.addEventListener("submit", priceListing);
