// The chosen alert in full: why, whom the ladder reaches, what happened, and the rep's own deeds.
import { byId, fill, h, once } from "./dom.js";
import { CLASSES, STAGES, age, at, minutes, plainWord, standing, tone } from "./words.js";

const STATUS = {
  skipped: ["–", "skipped"],
  told: ["✓", "told"],
  waiting: ["●", "their turn"],
  unreachable: ["✕", "unreachable"],
  next: ["○", "next"],
  "not needed": ["○", "not needed"],
};

export function showDetail(state, view, act) {
  const alert = state.alerts.find((one) => one.id === view.alert);
  const root = byId("detail");
  if (!alert) {
    once(root, "none", () => h("p", { class: "empty" },
      "Choose an alert to see why it went where it went."));
    return;
  }
  once(root, JSON.stringify(alert), () => [
    h("header", { class: "detail-head" },
      h("div", {},
        h("h2", {}, alert.prospect_name, alert.account_name && ` · ${alert.account_name}`),
        h("p", { class: `state t-${tone(alert)}` }, standing(alert))),
      actions(state, alert, act)),
    h("div", { class: "panes" }, why(alert), ladder(alert), timeline(alert)),
    alert.receipt && facts(alert.receipt, view),
  ]);
  const picker = byId("as-rep");
  if (picker) fill(picker, state.people.map((one) => [one.email, one.name]));
}

function actions(state, alert, act) {
  const likely = state.people.find((one) =>
    one.name === (alert.holder_name || alert.rung_name || alert.assignee_name))
    ?? state.people.find((one) => one.name === alert.assignee_name) ?? state.people[0];
  const picker = h("select", { id: "as-rep", "data-focus": "as-rep" },
    state.people.map((one) => h("option", { value: one.email }, one.name)));
  if (likely) picker.value = likely.email;
  const deed = (kind, text) => h("button", {
    type: "button", "data-focus": `deed-${kind}`, disabled: !alert.known,
    onclick: (event) => act.respond(event.currentTarget, picker.value, alert.id, kind),
  }, text);
  return h("div", { class: "deeds", role: "group", "aria-label": "Act as the rep" },
    h("label", {}, "Act as ", picker), deed("call", "Log a call"), deed("email", "Log an e-mail"),
    !alert.known && h("span", { class: "quiet" }, "The CRM does not know this prospect."));
}

function why(alert) {
  const receipt = alert.receipt;
  return h("section", { class: "pane" },
    h("h3", {}, "Why: the receipt"),
    h("p", {}, `${alert.reason}.`),
    h("dl", { class: "pairs" },
      h("dt", {}, "Signal"), h("dd", {}, CLASSES[alert.signal_class] ?? alert.signal_class),
      h("dt", {}, "Stage"), h("dd", {}, STAGES[alert.stage_class] ?? alert.stage_class,
        alert.deal_name && ` (deal “${alert.deal_name}”)`),
      h("dt", {}, "Rule"), h("dd", {}, alert.route)),
    receipt && h("ul", { class: "notes" }, receipt.notes.map((note) => h("li", {}, sentence(note)))));
}

function sentence(note) {
  const [head, ...rest] = note.split(": ");
  return STAGES[head] ? `${STAGES[head]}: ${rest.join(": ")}` : note;
}

function facts(receipt, view) {
  return h("details", { open: view.facts, ontoggle: (event) => { view.facts = event.target.open; } },
    h("summary", { "data-focus": "facts" }, `${receipt.facts.length} facts the decision stood on, with their age`),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Facts" },
      h("table", {},
        h("thead", {}, h("tr", {}, ["Record", "Field", "Value", "Read", "CRM id"].map((one) =>
          h("th", { scope: "col" }, one)))),
        h("tbody", {}, receipt.facts.map((fact) => h("tr", {},
          h("td", {}, plainWord(fact.record), fact.name && ` ${fact.name}`),
          h("td", {}, fact.field), h("td", {}, fact.value || "empty"),
          h("td", {}, age(fact.age_seconds)), h("td", {}, h("code", {}, fact.record_id))))))));
}

function ladder(alert) {
  return h("section", { class: "pane" },
    h("h3", {}, "Whom the ladder reaches"),
    h("ol", { class: "ladder" }, alert.ladder.map((rung) => {
      const [sign, word] = STATUS[rung.status] ?? ["○", rung.status];
      return h("li", { class: `r-${rung.status.replace(" ", "-")}` },
        h("span", { class: "sign", "aria-hidden": "true" }, sign),
        h("span", {},
          h("b", {}, rung.name), h("span", { class: "quiet" }, ` ${plainWord(rung.rung)}`),
          h("br"), h("span", { class: "why" },
            rung.status === "skipped" ? `Not asked: ${rung.why}` : rung.why)),
        h("span", { class: "when" }, when(alert, rung, word)));
    })));
}

function when(alert, rung, word) {
  const more = rung.status === "waiting" && alert.due_at ? `until ${at(alert.due_at)}`
    : rung.status === "next" && rung.wait ? `will have ${rung.wait} min` : null;
  return [rung.at ? `${word}, told ${at(rung.at)}`.replace("told, told", "told") : word,
    more && h("small", {}, more)];
}

function timeline(alert) {
  const took = alert.latency_minutes === null ? null
    : `${minutes(alert.latency_minutes)}, of which ${minutes(alert.working_latency_minutes)} in working hours`;
  return h("section", { class: "pane" },
    h("h3", {}, "What happened"),
    h("ol", { class: "timeline" }, alert.events.map((event) =>
      h("li", { class: `e-${event.kind}` },
        h("time", {}, at(event.at)),
        h("span", {}, h("b", {}, plainWord(event.kind)), " ", h("span", {}, event.text))))),
    took && h("p", { class: "took" }, `Alert to response: ${took}.`),
    alert.holders.length > 1 && h("p", { class: "quiet" }, `Whose clock it was: ${held(alert)}.`));
}

// For how long the alert was whose, in order.
function held(alert) {
  return alert.holders.map((one) =>
    one.open ? `${one.name} now` : `${one.name} ${minutes(one.minutes)}`).join(", ");
}
