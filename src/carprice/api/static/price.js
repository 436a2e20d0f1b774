"use strict";
const script = document.currentScript;
const form = document.getElementById("listing");
const answer = document.getElementById("answer");
const money = new Intl.NumberFormat(undefined, {
  style: "currency", currency: script.dataset.currency || "USD", maximumFractionDigits: 0,
});

function readListing() {
  const listing = {};
  for (const input of form.elements) {
    if (!input.name || input.value === "") continue;
    const kind = input.dataset.kind;
    listing[input.name] = kind === "number" ? Number(input.value) : kind === "flag" ? input.value === "true" : input.value;
  }
  return listing;
}

function labelOf(name) {
  const input = form.elements[name];
  return input ? input.closest("label").querySelector("span").firstChild.textContent.trim() : name;
}

function addRow(body, name, amount) {
  const row = body.insertRow();
  row.appendChild(document.createElement("th")).textContent = name;
  row.insertCell().textContent = money.format(amount);
}

function showAnswer(valuation) {
  answer.querySelector(".price").textContent = money.format(valuation.price);
  answer.querySelector(".range").textContent =
    `${script.dataset.coverage} % of such cars are offered between ${money.format(valuation.low)} and ${money.format(valuation.high)}.`;
  answer.querySelector(".warnings").replaceChildren(...valuation.warnings.map((warning) => {
    const item = document.createElement("li");
    item.textContent = `${labelOf(warning.pointer.slice(2))} ${warning.detail}`;
    return item;
  }));
  const body = answer.querySelector("tbody");
  body.replaceChildren();
  addRow(body, "Average car", valuation.breakdown.base);
  for (const part of valuation.breakdown.parts) addRow(body, labelOf(part.feature), part.amount);
  addRow(body, "Price", valuation.price);
  answer.hidden = false;
}

function showProblem(problem) {
  answer.hidden = true;
  for (const error of problem.errors || []) {
    const place = form.querySelector(`[data-error="${CSS.escape(error.pointer.slice(2))}"]`);
    if (place) place.textContent = error.detail;
  }
  if (!problem.errors) form.querySelector(".error").textContent = problem.detail;
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
  } catch (error) {
    showProblem({ detail: "The service does not answer. Try again." });
  } finally {
    button.disabled = false;
  }
}

if (form) form.addEventListener("submit", priceListing);
