"use strict";
// Pages that have to be readable without a network; all others need one. STATIC is written before this by the server.
const PAGES = ["/", "/exercises", "/help", "/why", "/week", "/flare", "/ask/weekly-checkin"];
const KEPT = "selfback-" + STATIC.join("").replace(/[^0-9a-f]/g, "").slice(0, 40);

const keep = async address => {
  const answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
  if (answer.ok && !answer.redirected) (await caches.open(KEPT)).put(address, answer);
};

self.addEventListener("install", event => {
  event.waitUntil((async () => {
    await (await caches.open(KEPT)).addAll(STATIC);
    await Promise.allSettled(PAGES.map(keep));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", event => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("selfback-") && name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  })());
});

const fresh = async (request, path) => {
  const held = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await held.put(path, answer.clone());
    // Somebody who was signed out elsewhere shall not go on seeing what was kept.
    if (answer.status === 401) await Promise.all(PAGES.map(page => held.delete(page)));
    return answer;
  } catch (fault) {
    const kept = await held.match(path);
    if (kept) return kept;
    throw fault;
  }
};

self.addEventListener("fetch", event => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin) return;
  if (STATIC.includes(address.pathname)) {
    event.respondWith(caches.match(address.pathname).then(kept => kept || fetch(event.request)));
  } else if (PAGES.includes(address.pathname)) {
    event.respondWith(fresh(event.request, address.pathname));
  }
});
