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

function clearTable(name) {
  const table = answer.querySelector(`table.${name}`);
  const parts = [table.tBodies[0], table.tFoot];
  for (const part of parts) part.replaceChildren();
  return parts;
}

function showBreakdown({ base, parts, against = "Average car" }, price) {
  const [body, foot] = clearTable("breakdown");
  addRow(body, against[0].toUpperCase() + against.slice(1), money(base));
  const largestFirst = [...parts].sort((one, other) => Math.abs(other.amount) - Math.abs(one.amount));
  for (const { label, amount, words = [] } of largestFirst) {
    const said = words.map((each) => `\u201c${each.word}\u201d ${change(each.amount)}`).join(", ");
    addRow(body, said ? `${label} (${said})` : label, change(amount));
  }
  addRow(foot, "Price", money(price));
}

function linkTo(url, text) {
  const link = document.createElement("a");
  [link.href, link.textContent, link.rel] = [url, text, "noreferrer"];
  return link;
}

function showValue(name, value) {
  const input = form.elements.namedItem(name);
  const text = typeof value === "boolean" ? (value ? "Yes" : "No")
    : typeof value === "number" && name !== "year" ? value.toLocaleString() : value ?? "";
  return input && text !== "" ? String(text) : "";
}

function showComparables({ search, median, listings }, asked) {
  const table = answer.querySelector("table.comparables");
  const [body, foot] = clearTable("comparables");
  table.hidden = !listings.length;
  table.caption.textContent = `Similar cars: ${search}`;
  const given = Object.keys(asked).filter((name) => name in (listings[0]?.listing ?? {}));
  const differing = given.filter((name) => listings.some(({ listing }) => listing[name] !== asked[name]));
  const head = [...differing.map((name) => labelOf(`#/${name}`)), paid ? "Sold for" : "Asked", "As this car"];
  const headRow = table.tHead.rows[0];
  headRow.replaceChildren(...head.map((text) => {
    const cell = document.createElement("th");
    [cell.textContent, cell.scope] = [text, "col"];
    return cell;
  }));
  for (const { listing, price, adjusted, link, day } of listings) {
    const row = body.insertRow();
    for (const name of differing) row.insertCell().textContent = showValue(name, listing[name]);
    const cell = row.insertCell();
    cell.append(link ? linkTo(link, money(price)) : money(price), day ? ` on ${day}` : "");
    row.insertCell().textContent = money(adjusted);
  }
  if (listings.length > 1) {
    const row = foot.insertRow();
    const cell = document.createElement("th");
    [cell.textContent, cell.colSpan] = ["The median of these", head.length - 1];
    row.append(cell);
    row.insertCell().textContent = money(median);
  }
}

function describePosition(position, asking) {
  if (!position) return "";
  const { percentile, percent_to_market: level, word } = position;
  const off = Math.abs(level - 100).toFixed(0);
  const place = off === "0" ? "is the price" : `is ${off} % ${level > 100 ? "above" : "below"} the price`;
  return `${money(asking)} ${place}: ${word}. ${percentile.toFixed(0)} in 100 such cars cost less.`;
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

function showAnswer(valuation, asked) {
  const { price, confidence, breakdown, comparables, position } = valuation;
  answer.querySelector(".price").textContent = money(price);
  answer.querySelector(".range").textContent = describeRange(valuation);
  answer.querySelector(".confidence").textContent = SURENESS[confidence];
  answer.querySelector(".warnings").replaceChildren(...listNotes(valuation).map((note) => {
    const item = document.createElement("li");
    item.textContent = note;
    return item;
  }));
  answer.querySelector(".position").textContent = describePosition(position, asked.asking_price);
  showComparables(comparables, asked);
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
    const listing = readListing();
    const response = await fetch("/predict/price?explain=model&comparables=5", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(listing),
    });
    const data = await response.json();
    if (response.ok) showAnswer(data, listing); else showProblem(data);
  } catch {
    showProblem({ detail: "The service does not answer. Try again." });
  } finally {
    button.disabled = false;
  }
}

if (form) form.addEventListener("submit", priceListing);
