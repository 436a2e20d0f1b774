"use strict";
// The page works without this script: it only asks for the same page as the fields change, and shows its answer.
const PAUSE_MS = 80;
const MAX_CARS = 10;
const KEY = "cars";
const form = document.getElementById("listing");
const answer = document.getElementById("answer");
let asked = 0;
let timer;
let recorded = "";

function writeQuery() {
  const pairs = [...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value);
  return new URLSearchParams(pairs).toString();
}

function updateField(label, found) {
  const [own, other] = [label, found].map((part) => part.querySelector("input, select"));
  if (own.tagName === "SELECT") {
    const chosen = own.value;
    own.replaceChildren(...other.children);
    own.value = chosen;
  } else {
    own.placeholder = other.placeholder;
    label.querySelector("datalist").replaceChildren(...found.querySelector("datalist").children);
  }
  own.required = other.required;
  for (const name of ["list", "aria-invalid", "aria-describedby"]) {
    if (other.hasAttribute(name)) own.setAttribute(name, other.getAttribute(name)); else own.removeAttribute(name);
  }
  label.querySelector(".error").textContent = found.querySelector(".error").textContent;
}

function showPage(page) {
  const found = page.getElementById("answer");
  if (!found) { location.reload(); return; } // no model any more: the page says so
  for (const label of form.querySelectorAll("[data-field]")) {
    updateField(label, page.querySelector(`[data-field="${label.dataset.field}"]`));
  }
  answer.replaceChildren(...found.childNodes);
  document.title = page.title;
  answer.classList.remove("stale");
}

function showFailure() {
  const note = document.createElement("p");
  [note.className, note.textContent] = ["card error", "The service does not answer. Try again."];
  answer.replaceChildren(note);
  answer.classList.remove("stale");
}

async function askPrice(isTyping) {
  const number = ++asked;
  const query = writeQuery();
  const url = query ? `/?${query}` : "/";
  answer.classList.add("stale"); // an old price never stands beside new values
  try {
    const response = await fetch(url, { headers: isTyping ? { "X-Typing": "1" } : {} });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (number !== asked) return;
    if (isTyping) history.replaceState(null, "", url); else history.pushState(null, "", url);
    showPage(page);
    rememberCar(query);
  } catch {
    if (number === asked) showFailure();
  }
}

function priceLater() {
  answer.classList.add("stale");
  clearTimeout(timer);
  timer = setTimeout(() => askPrice(true), PAUSE_MS);
}

async function priceNow(event) {
  event.preventDefault();
  clearTimeout(timer);
  await askPrice(false);
  const wrong = form.querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();
  else answer.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function readCars() {
  try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; }
}

function writeCars(cars) {
  try { localStorage.setItem(KEY, JSON.stringify(cars)); } catch { /* a browser that keeps nothing */ }
  showCars();
}

function rememberCar(query) {
  const shown = answer.querySelector("[data-title]");
  if (!shown) return;
  const { title, details } = shown.dataset;
  const car = { query, title, details, price: answer.querySelector(".price").textContent, day: new Date().toISOString().slice(0, 10) };
  // While a car is being typed, its last state alone is kept.
  const others = readCars().filter((each) => each.query !== query && each.query !== (each.title === title ? recorded : ""));
  recorded = query;
  writeCars([car, ...others].slice(0, MAX_CARS));
}

function showCars() {
  const section = document.getElementById("history");
  const cars = readCars();
  section.hidden = !cars.length;
  section.querySelector("ul").replaceChildren(...cars.map(({ query, title, details, price, day }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    [link.href, link.textContent] = [`/?${query}`, `${title}${details ? `, ${details}` : ""}`];
    item.append(link, ` ${price} `, Object.assign(document.createElement("small"), { textContent: day }));
    return item;
  }));
}

if (form) {
  form.noValidate = true; // the server's words, beside the field
  form.addEventListener("input", priceLater);
  form.addEventListener("submit", priceNow);
  addEventListener("popstate", () => location.reload());
  document.querySelector("#history button").addEventListener("click", () => writeCars([]));
  rememberCar(location.search.slice(1));
  showCars();
}
