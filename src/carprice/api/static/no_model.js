"use strict";
// Looks for a model, and shows the page once there is one. Without this script the browser asks for the page itself.
const SECONDS = 5;

async function look() {
  try {
    const response = await fetch("/readyz");
    if (response.ok) { location.reload(); return; }
  } catch { /* the service is away, and asked again */ }
  setTimeout(look, SECONDS * 1000);
}

setTimeout(look, SECONDS * 1000);
