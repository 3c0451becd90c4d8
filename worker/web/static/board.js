// Keeps the board as it is now, and tells of new alerts when the visitor wants that.

import { byId, keyed } from "./dom.js";

const EVERY = 15_000;
const ON = "hotlead-board-notify";
const here = byId("parts").dataset.here;
const known = new Set();
let etag = "";
let coming;

// What is there already is no news.
for (const alert of byId("open").children) known.add(alert.dataset.key);
for (const list of ["open", "waits"]) adopt(byId(list));
title();
asOf();

function bring(list, nodes) {
  keyed(list, nodes, (node) => node.dataset.key, (node) => node, (node) => node.outerHTML);
}

function adopt(list) {
  bring(list, [...list.children]);
  for (const node of list.children) node.classList.remove("new");
}

async function look() {
  clearTimeout(coming);
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const path = here.replace("/board", "/board/parts");
    const answer = await fetch(path, { headers, cache: "no-store" });
    if (answer.status === 200) {
      etag = answer.headers.get("ETag") ?? "";
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } else if (answer.status !== 304) {
      throw new TypeError(`HTTP ${answer.status}`);
    }
    byId("lost").hidden = true;
    asOf();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    byId("lost").textContent = "Hotlead does not answer. What is shown may be old; the page goes on trying.";
    byId("lost").hidden = false;
  } finally {
    clearTimeout(coming);
    coming = setTimeout(look, EVERY);
  }
}

function show(fresh) {
  for (const id of ["open", "waits"]) {
    const nodes = [...fresh.getElementById(id).children];
    bring(byId(id), nodes.map((node) => document.importNode(node, true)));
  }
  frame(byId("parts"), fresh);
  const news = [...byId("open").children].filter((node) => !known.has(node.dataset.key));
  for (const alert of news) {
    known.add(alert.dataset.key);
    notify(alert);
  }
  if (news.length) say(`New: ${news.map((alert) => alert.dataset.title).join("; ")}`);
  title();
}

// Brings everything around the two lists in line, and leaves the lists themselves alone.
function frame(parts, fresh) {
  byId("figures").replaceWith(document.importNode(fresh.getElementById("figures"), true));
  const mine = parts.querySelectorAll("section");
  fresh.querySelectorAll("section").forEach((section, index) => {
    const notes = (of) => [...of.children].filter((node) => node.matches("ul ~ p"));
    for (const old of notes(mine[index])) old.remove();
    mine[index].append(...notes(section).map((node) => document.importNode(node, true)));
  });
}

function title() {
  const open = byId("figures").dataset.open;
  document.title = `${open === "0" ? "" : `(${open}) `}Board · Hotlead`;
}

function asOf() {
  byId("as-of").textContent = `As of ${new Date().toLocaleTimeString()}.`;
}

function say(text) {
  byId("said").textContent = text;
}

// Notifications by the browser.

function isOn() {
  return sessionStorage.getItem(ON) !== null;
}

function turn(on, text) {
  if (on) sessionStorage.setItem(ON, "on");
  else sessionStorage.removeItem(ON);
  byId("notify").setAttribute("aria-pressed", String(on));
  byId("notify").textContent = on ? "Notifying" : "Notify me";
  if (text) say(text);
}

async function pressed() {
  if (isOn()) {
    turn(false, "New alerts are shown on this page alone.");
    return;
  }
  const refused = await refusal();
  if (refused) turn(false, refused);
  else turn(true, "Each new alert of this view is told once by a notification, as long as this tab is open.");
}

// Why the browser will not notify; "" when it will.
async function refusal() {
  if (!("Notification" in window)) return "This browser has no notifications, or not for this address. The page shows new alerts by itself.";
  const answer = await Notification.requestPermission();
  if (answer === "granted") return "";
  return "This browser refuses notifications from this page. Allow them for this address in its settings, then press again. The page shows new alerts by itself.";
}

function notify(alert) {
  if (!isOn()) return;
  const { key, title: head, text } = alert.dataset;
  try {
    if (Notification.permission !== "granted") throw new TypeError("no longer allowed");
    // The tag is the alert's, so that several tabs show it once.
    const shown = new Notification(head, { body: text, tag: key });
    shown.onclick = () => {
      window.focus();
      document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.scrollIntoView({ block: "center" });
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    turn(false, "This browser no longer allows notifications from this page. The page shows new alerts by itself.");
  }
}

byId("choose").hidden = false;
byId("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  location.assign(byId("whose").value);
});
byId("notify").hidden = false;
byId("notify").addEventListener("click", pressed);
if (isOn()) turn("Notification" in window && Notification.permission === "granted", "");
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});
coming = setTimeout(look, EVERY);
