"use strict";
// Answers that are given without a network wait in IndexedDB and are sent once: each has a key, and the server keeps
// what comes under one key a single time.
(() => {
  const note = document.getElementById("net");
  const say = text => { note.textContent = text; note.hidden = !text; };

  const database = () => new Promise((done, failed) => {
    const asked = indexedDB.open("selfback", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("waiting", { keyPath: "key" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  const waiting = async (mode, act) => {
    const base = await database();
    return new Promise((done, failed) => {
      const work = base.transaction("waiting", mode, { durability: "strict" });
      const asked = act(work.objectStore("waiting"));
      work.oncomplete = () => { base.close(); done(asked.result); };
      work.onerror = work.onabort = () => { base.close(); failed(work.error); };
    });
  };
  const send = item => fetch(item.address, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: item.body,
    redirect: "follow",
  });
  // What a server can't answer now is tried again; what it refuses for good would be refused again, and is told.
  const settled = status => status < 500 && status !== 429 && status !== 401 && status !== 403;

  const flush = async () => {
    const items = (await waiting("readonly", store => store.getAll())).sort((one, other) => one.at - other.at);
    let sent = 0;
    for (const item of items) {
      let answer;
      try { answer = await send(item); } catch { break; }
      if (!settled(answer.status)) break;
      await waiting("readwrite", store => store.delete(item.key));
      sent += 1;
    }
    const left = items.length - sent;
    if (left) say(left === 1 ? "One answer waits on this device and will be sent." : `${left} answers wait on this device and will be sent.`);
    else if (sent) say("What waited on this device was sent.");
    return left;
  };
  // One page at a time sends, so that two open pages don't race.
  const flushOnce = () => navigator.locks
    ? navigator.locks.request("selfback-send", { ifAvailable: true }, lock => lock ? flush() : 0)
    : flush();

  const submitted = async event => {
    const form = event.target.closest("form[data-queue]");
    if (!form) return;
    event.preventDefault();
    const button = event.submitter;
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    if (button) button.setAttribute("aria-busy", "true");
    const values = new FormData(form, button);
    const key = crypto.randomUUID();
    values.set("key", key);
    if (form.dataset.day) {
      const now = new Date();
      const two = number => String(number).padStart(2, "0");
      values.set("day", `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`);
    }
    const urgent = !!form.querySelector("input[data-urgent]:checked");
    const item = { key, at: Date.now(), address: form.getAttribute("action"), body: new URLSearchParams(values).toString() };
    try {
      await waiting("readwrite", store => store.put(item));
    } catch {
      form.submit(); // a browser that keeps nothing still sends
      return;
    }
    let answer = null;
    try { answer = await send(item); } catch { /* no network: it waits */ }
    if (answer && settled(answer.status)) {
      await waiting("readwrite", store => store.delete(key));
      if (answer.ok && answer.redirected) { location.assign(answer.url); if (new URL(answer.url).pathname === location.pathname) location.reload(); return; }
      say("That couldn't be kept. Look at your answers again.");
    } else if (answer) {
      say("It is kept on this device. Load the page again to send it.");
    } else if (urgent) {
      location.assign("/help");
      return;
    } else {
      say("No network. Your answer is kept on this device and will be sent.");
      if (button) button.textContent = `${button.textContent} ✓`;
    }
    delete form.dataset.busy;
    if (button) button.removeAttribute("aria-busy");
    note.scrollIntoView({ block: "nearest" });
  };

  const left = async event => {
    const form = event.target.closest("form[data-leave]");
    if (!form || form.dataset.sure) return;
    event.preventDefault();
    const count = await flush().catch(() => 0);
    if (count && !confirm("Some answers were not sent yet and would be lost. Sign out?")) return;
    form.dataset.sure = "1";
    form.submit();
  };

  // A counter of repetitions, or of seconds, set by set.
  const counters = () => {
    for (const box of document.querySelectorAll(".counter")) {
      const sets = Number(box.dataset.sets), amount = Number(box.dataset.amount), timed = !!box.dataset.timed;
      const button = box.querySelector("button"), shown = button.querySelector("b"), said = box.querySelector("p");
      let set = 1, left = amount, running = 0;
      const show = () => {
        shown.textContent = set > sets ? "✓" : timed ? left : amount - left;
        said.textContent = set > sets ? "Done. How was it?" : `Set ${set} of ${sets}`;
      };
      const step = () => {
        if (set > sets) return;
        left -= 1;
        if (left <= 0) {
          clearInterval(running); running = 0; set += 1; left = amount;
          if (navigator.vibrate) navigator.vibrate(200);
        }
        show();
      };
      button.addEventListener("click", () => {
        if (set > sets) { set = 1; left = amount; show(); }
        else if (!timed) step();
        else if (running) { clearInterval(running); running = 0; }
        else running = setInterval(step, 1000);
      });
      box.hidden = false;
      show();
    }
  };

  document.addEventListener("submit", submitted);
  document.addEventListener("submit", left);
  addEventListener("online", () => flushOnce().catch(() => {}));
  addEventListener("offline", () => say("No network. You see what this device kept."));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flushOnce().catch(() => {}); });
  counters();
  if (document.body.classList.contains("participant")) {
    if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.js");
    if (!navigator.onLine) say("No network. You see what this device kept.");
    flushOnce().catch(() => {});
  }
})();
