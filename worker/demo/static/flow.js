// Signals, decisions and tasks: the lists on the way from left to right.
import { byId, h, keyed } from "./dom.js";
import { CLASSES, OUTCOMES, STAGES, at, crmName, minutes, plainWord, role, standing, tone } from "./words.js";

function card(item, chosen, act, key, ...children) {
  const mine = item !== null && item === chosen;
  const classes = `card${mine ? " chosen" : ""}`;
  if (item === null) return h("li", {}, h("div", { class: classes }, children));
  return h("li", {}, h("button", {
    type: "button", class: classes, "aria-pressed": mine ? "true" : "false", "data-focus": key,
    onclick: () => act.choose(item),
  }, children));
}

export function showSignals(state, view, act) {
  const counts = state.counts;
  const total = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const parts = ["alert", "join", "digest", "explain"]
    .filter((one) => counts[one]).map((one) => `${counts[one]} ${OUTCOMES[one]}`);
  byId("counts").textContent = total ? `${total} in: ${parts.join(", ")}` : "Nothing has come in yet.";
  keyed(byId("signal-list"), state.signals, (one) => one.id,
    (one) => card(one.alert_id, view.alert, act, `signal-${one.id}`,
      h("span", { class: "line" },
        h("b", {}, one.who), h("time", {}, at(one.at))),
      h("span", { class: "text" }, one.what),
      h("span", { class: "line" },
        h("span", { class: `chip o-${one.outcome || "new"}` }, OUTCOMES[one.outcome] ?? one.outcome),
        one.tier !== null && h("span", { class: "chip" }, `tier ${one.tier}`)),
      h("span", { class: "why" }, one.became)),
    (one) => JSON.stringify([one, one.alert_id === view.alert]));
}

export function showAlerts(state, view, act) {
  const open = state.alerts.filter((one) => one.open).length;
  byId("alert-counts").textContent = state.alerts.length
    ? `${state.alerts.length} alerts, ${open} open. Choose one to follow it.`
    : "An alert appears when a signal must interrupt somebody.";
  keyed(byId("alert-list"), state.alerts, (one) => one.id,
    (one) => card(one.id, view.alert, act, `alert-${one.id}`,
      h("span", { class: "line" }, h("b", {}, one.prospect_name), h("time", {}, at(one.fired_at))),
      h("span", { class: "text" }, one.account_name || "no account known"),
      h("span", { class: "line wrap" },
        h("span", { class: `chip s-${one.stage_class}` }, STAGES[one.stage_class] ?? one.stage_class),
        h("span", { class: "chip" }, CLASSES[one.signal_class] ?? plainWord(one.signal_class))),
      h("span", { class: "goes" }, h("span", { "aria-hidden": "true" }, "→ "), goesTo(one)),
      h("span", { class: "why" }, one.reason),
      h("span", { class: `state t-${tone(one)}` }, standing(one))),
    (one) => JSON.stringify([one, one.id === view.alert]));
}

function goesTo(alert) {
  if (!alert.assignee_name) return h("b", {}, `${alert.rung_name}, for anybody to claim`);
  const told = alert.ladder.find((rung) => !["skipped", "unreachable"].includes(rung.status));
  const covered = told && told.name !== alert.assignee_name;
  return [
    h("b", {}, covered ? told.name : alert.assignee_name),
    covered ? ` covers for ${alert.assignee_name}` : ` is the ${role(alert.role)}`,
  ];
}

export function showTasks(state, view, act) {
  byId("crm-tasks").textContent = crmName(state.crm);
  const done = state.tasks.filter((one) => one.done).length;
  byId("task-counts").textContent = state.tasks.length
    ? `${state.tasks.length} opened, ${done} completed`
    : "A task opens with each alert and closes itself.";
  keyed(byId("task-list"), state.tasks, (one) => one.key,
    (one) => card(one.alert_id, view.alert, act, `task-${one.key}`,
      h("span", { class: "line" },
        h("span", { class: `chip ${one.done ? "o-done" : "o-open"}` }, one.done ? "Completed" : "Open"),
        h("span", { class: "text" }, one.owner || "no owner")),
      h("span", { class: "subject" }, one.subject),
      one.done && one.latency !== null && h("span", { class: "why" },
        `Answered after ${minutes(one.latency)} (${minutes(one.working)} of working time)`)),
    (one) => JSON.stringify([one, one.alert_id === view.alert]));
}
