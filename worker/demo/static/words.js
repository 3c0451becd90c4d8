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
  const moment = format(iso, {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  });
  // Only the American locale has names like EST; the British one says GMT-5.
  const named = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "short" });
  const name = named.formatToParts(new Date(iso)).find((one) => one.type === "timeZoneName");
  return `${moment} ${name.value}`;
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
  if (seconds === null || seconds === undefined) return "at no known time";
  if (seconds < 90) return `${Math.round(seconds)} s before`;
  return `${Math.round(seconds / 60)} min before`;
}

// Where an alert stands, in one sentence.
export function standing(alert) {
  if (alert.state === "responded") {
    const how = alert.response_kind === "email" ? "e-mail" : alert.response_kind || "the rep";
    return `Answered by ${how} after ${minutes(alert.latency_minutes)}`;
  }
  if (alert.state === "noise") {
    const by = alert.holder_name ? ` by ${alert.holder_name}` : "";
    return `Marked as noise${by}${alert.noise ? `: ${alert.noise}` : ""}`;
  }
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
