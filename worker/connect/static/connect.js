// Shows the state of the guide, and carries what the admin does to the process on this machine.
import { byId, h, once } from "./dom.js";
import { showChoices, showProgress, showSteps } from "./steps.js";
import { showResult, showTry } from "./results.js";

const POLL = 350;
let state = null;
let ended = false;
let goTo = window.location.hash.slice(1);

const act = {
  choose: (body) => deed("/choose", body),
  answer: (name, text) => deed("/answer", { name, text }),
  async consent() {
    const answer = await post("/consent", {});
    if (answer?.url) window.location.assign(answer.url);
  },
  async test() {
    goTo = "h-result";
    await deed("/test", {});
    watch();
  },
  async install() {
    goTo = "h-result";
    await deed("/install", {});
    watch();
  },
  write: () => {
    goTo = "h-result";
    return deed("/write", {});
  },
  async end() {
    if (await post("/end", {})) close();
  },
  note: toast,
};

function show() {
  document.title = `Hotlead: connect ${state.title}`;
  byId("title").textContent = `Connect ${state.title}`;
  byId("need").textContent = state.need;
  once(byId("files"), state.config + state.credentials, () => [
    "Secrets go into ", h("code", {}, state.credentials), ", which only you can read; settings go into ",
    h("code", {}, state.config), ". Nothing is written before it was tested.",
  ]);
  showChoices(state, act);
  showSteps(state, act);
  showTry(state, act);
  showResult(state, act);
  showProgress(state);
  if (goTo && byId(goTo)) {
    byId(goTo).focus({ preventScroll: true });
    byId(goTo).scrollIntoView({ block: "start" });
    goTo = "";
  }
}

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const told = await answer.json();
    if (answer.ok) return told;
    toast(told.said ?? told.detail ?? "That could not be done.", false);
  } catch {
    lost();
  }
  return null;
}

async function deed(path, body) {
  const told = await post(path, body);
  if (told === null) return false;
  state = told;
  show();
  return true;
}

async function watch() {
  while (state?.stage === "testing" && !ended) {
    await new Promise((resume) => setTimeout(resume, POLL));
    await look();
  }
}

async function look() {
  try {
    const answer = await fetch("/state", { cache: "no-store" });
    if (!answer.ok) throw new TypeError(answer.status);
    const was = state?.stage;
    state = await answer.json();
    if (was === "testing" && state.stage !== "testing") goTo = "h-result";
    show();
  } catch {
    lost();
  }
}

function lost() {
  if (ended) return;
  ended = true;
  byId("lost").textContent = "The guide has ended on this machine. Start it again with: hotlead connect";
  byId("lost").hidden = false;
}

function close() {
  ended = true;
  document.body.replaceChildren(h("main", { class: "bare", id: "main", tabindex: "-1" },
    h("h1", {}, "Hotlead"), h("p", { role: "status" }, "Done. The rest stands in the terminal; this page may be closed.")));
  byId("main").focus();
  window.close();
}

let fading;
function toast(text, ok = true) {
  const box = byId("toast");
  box.textContent = text;
  box.className = `toast shown ${ok ? "" : "bad"}`;
  clearTimeout(fading);
  fading = setTimeout(() => { box.className = "toast"; }, 6000);
}

await look();
watch();
