"use strict";
// Asks for this page again and again; while nobody answers, it says since when, and goes on asking.
const PAUSE_MS = 2000;
const lost = document.getElementById("lost");
let since = null;

async function refresh() {
  try {
    const response = await fetch("/service", { signal: AbortSignal.timeout(10_000) });
    const found = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("state");
    if (!found) throw new Error(`status ${response.status}`);
    document.getElementById("state").replaceWith(found);
    [lost.hidden, since] = [true, null];
  } catch {
    since ??= new Date().toLocaleTimeString();
    lost.textContent = `No answer since ${since}: what stands below is of before. Asking again every ${PAUSE_MS / 1000} s.`;
    [lost.hidden, document.getElementById("state").className] = [false, "old"];
  }
  setTimeout(refresh, document.hidden ? 10 * PAUSE_MS : PAUSE_MS);
}

setTimeout(refresh, PAUSE_MS);
