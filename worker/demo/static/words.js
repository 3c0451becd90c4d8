// Times and labels in words.

export const STAGES = {
  prospecting: "Prospecting",
  active_deal: "Active deal",
  customer: "Customer",
};
export const CLASSES = {
  positive_reply: "Positive reply",
  multi_open: "Multi-open",
  reply: "Reply",
  form: "Form",
  click: "Click",
  visit: "Visit",
  open: "Open",
};
export const OUTCOMES = {
  "": "deciding",
  alert: "alerted",
  join: "joined",
  digest: "digest",
  explain: "explained",
};
const CRMS = { salesforce: "Salesforce", hubspot: "HubSpot" };

export const crmName = (crm) => CRMS[crm] ?? crm;
export const plainWord = (word) => String(word ?? "").replaceAll("_", " ");
export const role = (word) => (word === "unowned" ? "nobody" : String(word).toUpperCase());

let zone = "UTC";
let today = "";

export function setClock(state) {
  zone = state.zone;
  today = day(state.now);
}

const format = (iso, options) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(new Date(iso));
const day = (iso) => format(iso, { dateStyle: "short" });

export function clock(iso) {
  return format(iso, {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
    timeZoneName: "short",
  });
}

// The time of day, with the weekday when it is not today.
export function at(iso) {
  if (!iso) return "";
  const time = format(iso, { hour: "2-digit", minute: "2-digit" });
  return day(iso) === today ? time : `${format(iso, { weekday: "short" })} ${time}`;
}

export function minutes(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1) return "under 1 min";
  if (value < 120) return `${Math.round(value)} min`;
  return `${(value / 60).toFixed(1)} h`;
}

export function age(seconds) {
  if (seconds === null || seconds === undefined) return "never read";
  if (seconds < 90) return `${Math.round(seconds)} s old`;
  return `${Math.round(seconds / 60)} min old`;
}

// Where an alert stands, in one sentence.
export function standing(alert) {
  if (alert.state === "responded") {
    return `Answered by ${alert.response_kind || "the rep"} after ${minutes(alert.latency_minutes)}`;
  }
  if (alert.state === "noise") return "Marked as noise";
  if (alert.state === "acknowledged") return `${alert.holder_name} is on it`;
  if (alert.state === "snoozed") return `Snoozed by ${alert.holder_name} until ${at(alert.due_at)}`;
  const until = alert.due_at ? ` until ${at(alert.due_at)}` : "";
  return `Waiting for ${alert.rung_name}${until}`;
}

export function tone(alert) {
  if (alert.state === "responded") return "good";
  if (alert.state === "noise") return "quiet";
  return alert.state === "acknowledged" ? "busy" : "hot";
}
