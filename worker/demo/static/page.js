// Polls the state, shows it, and carries the visitor's deeds to the demo.
import { byId, fill, h, once } from "./dom.js";
import { showDetail } from "./detail.js";
import { showAlerts, showSignals, showTasks } from "./flow.js";
import { showSlack } from "./slack.js";
import { clock, crmName, minutes, setClock } from "./words.js";

const POLL = 1000;
const view = { alert: null, followed: true, place: null, as: "", read: new Map(), scrollSlack: false,
  facts: false, sign: "" };
let state = null;
let latest = 0;

const act = {
  choose(id) {
    view.followed = false;
    focusOn(id);
    show();
  },
  open(place) {
    view.followed = false;
    view.place = place;
    show();
  },
  note: toast,
  press(button, place, alert, action, choice = "", words = undefined) {
    const person = place.kind === "dm" ? place.email : view.as;
    return deed(button, "/demo/press", { person, alert, action, choice, words });
  },
  ask,
  respond: (button, person, alert, kind) => deed(button, "/demo/respond", { person, alert, kind }),
};

// Where the alert's message lies: with those whose turn it is, else wherever it was sent.
function placeOf(alert) {
  const holding = state.places.filter((place) =>
    place.messages.some((one) => one.alert_id === alert.id));
  return holding.find((place) => place.name === alert.rung_name)
    ?? holding.find((place) => place.kind === "dm") ?? holding[0];
}

// Brings the alert into view everywhere: in the lists, and in Slack.
function focusOn(id) {
  view.alert = id;
  const alert = state.alerts.find((one) => one.id === id);
  const place = alert && placeOf(alert);
  if (place) view.place = place.id;
  view.scrollSlack = true;
}

// Follows the newest alert, and each of its messages once it is there.
function follow() {
  const newest = state.alerts[0];
  if (!view.followed || !newest) return;
  const sign = JSON.stringify([newest.id, placeOf(newest)?.id]);
  if (sign === view.sign) return;
  view.sign = sign;
  focusOn(newest.id);
}

function show() {
  setClock(state);
  byId("now").textContent = clock(state.now);
  byId("crm-name").textContent = crmName(state.crm);
  byId("told").textContent = state.told;
  byId("told").hidden = !state.told;
  byId("follow").hidden = view.followed || state.alerts.length === 0;
  showLatency();
  showSignals(state, view, act);
  showAlerts(state, view, act);
  showSlack(state, view, act);
  showTasks(state, view, act);
  showDetail(state, view, act);
  const [send, away] = [byId("send"), byId("away")];
  fill(send.elements.prospect, state.prospects.map((one) =>
    [one.email, one.account ? `${one.name} (${one.account})` : one.name]));
  fill(away.elements.person, state.people.map((one) => [one.email, personWords(one)]));
}

function personWords(person) {
  const notes = [person.away_until && "away", !person.on_slack && "not on Slack"].filter(Boolean);
  return notes.length ? `${person.name} (${notes.join(", ")})` : person.name;
}

function showLatency() {
  const [team, ...reps] = state.latency;
  const { good, bad } = state.marks;
  once(byId("latency"), JSON.stringify(team), () => {
    const value = team.working_median;
    const filled = h("span", { class: `fill m-${team.mark}` });
    filled.style.width = `${Math.min(100, ((value ?? 0) / (bad * 4 / 3)) * 100)}%`;
    const words = value === null ? "no answer yet" : minutes(value);
    const marks = `good is under ${good / 60} hours, bad is over ${bad / 60} hours`;
    return [
      h("span", { class: "label" }, "Median from alert to answer, working time"),
      h("span", { class: "median" }, h("strong", {}, words),
        h("span", {}, `${team.answered} answered, ${team.unanswered} not yet`)),
      h("span", { class: "bar", role: "img", "aria-label": `${words}; ${marks}` },
        filled, h("i", { class: "mark at-good" }), h("i", { class: "mark at-bad" })),
      h("span", { class: "scale", "aria-hidden": "true" },
        h("span", { class: "at-good" }, `${good / 60} h good`),
        h("span", { class: "at-bad" }, `${bad / 60} h bad`)),
    ];
  });
  once(byId("reps"), JSON.stringify(reps), () => h("table", {},
    h("thead", {}, h("tr", {}, ["Rep", "Alerts", "Answered", "Median", "P90"].map((one) =>
      h("th", { scope: "col" }, one)))),
    h("tbody", {}, reps.map((one) => h("tr", {}, h("td", {}, one.rep), h("td", {}, one.n),
      h("td", {}, one.answered), h("td", {}, minutes(one.working_median)),
      h("td", {}, minutes(one.working_p90)))))));
}

async function deed(button, path, body) {
  button.disabled = true;
  button.classList.add("working");
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const said = await answer.json();
    toast(said.said ?? "That could not be done.", answer.ok);
  } catch {
    toast("The demo does not answer.", false);
  }
  button.disabled = false;
  button.classList.remove("working");
  await look();
}

// Slack's form with one input; what was written, or null when it was closed.
function ask() {
  const [dialog, form] = [byId("ask"), byId("ask-form")];
  form.reset();
  return new Promise((resolve) => {
    form.onsubmit = () => dialog.close(form.elements.words.value);
    dialog.onclose = () => resolve(dialog.returnValue || null);
    byId("ask-cancel").onclick = () => dialog.close("");
    dialog.returnValue = "";
    dialog.showModal();
  });
}

let fading;
function toast(text, ok = true) {
  const box = byId("toast");
  box.textContent = text;
  box.className = `toast shown ${ok ? "" : "bad"}`;
  clearTimeout(fading);
  fading = setTimeout(() => { box.className = "toast"; }, 5000);
}

async function look() {
  const number = ++latest;
  try {
    const answer = await fetch("/demo/state", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = await answer.json();
    if (number !== latest) return;
    state = fresh;
    byId("lost").hidden = true;
    follow();
    show();
  } catch (error) {
    if (!(error instanceof TypeError) && state !== null) console.error(error);
    byId("lost").textContent = "The demo does not answer. Has it ended? Start it again with: make demo";
    byId("lost").hidden = false;
  }
}

byId("send").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  view.followed = true;
  deed(form.querySelector("button"), "/demo/signal", {
    prospect: form.elements.prospect.value,
    kind: form.elements.kind.value,
    tier: Number(form.elements.tier.value),
  });
});
byId("send").elements.kind.addEventListener("change", (event) => {
  byId("send").elements.tier.disabled = !["open", "multi_open"].includes(event.target.value);
});
byId("away").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  deed(form.querySelector("button"), "/demo/away", { person: form.elements.person.value, hours: 24 });
});
for (const button of document.querySelectorAll("[data-minutes]")) {
  button.addEventListener("click", () =>
    deed(button, "/demo/forward", { minutes: Number(button.dataset.minutes) }));
}

byId("follow").addEventListener("click", () => {
  view.followed = true;
  view.sign = "";
  look();
});

async function poll() {
  await look();
  setTimeout(poll, POLL);
}
poll();
