// The test, what it found, what will be written, and what is missing.
import { byId, h, once } from "./dom.js";
import { sentence } from "./steps.js";

const MARKS = { ok: ["✓", "well"], warn: ["!", "to look at"], fail: ["✗", "failed"] };

export function showTry(state, act) {
  byId("try-number").textContent = state.steps.length + (state.consents ? 2 : 1);
  const version = JSON.stringify([state.open, state.stage === "testing", state.stage === "written"]);
  once(byId("try-body"), version, () => {
    const testing = state.stage === "testing";
    return [
      h("p", { class: "quiet" }, state.open.length
        ? `First: ${state.open.join(", ")}.`
        : `Logs in to ${state.title} and looks at everything that Hotlead needs. It changes nothing there.`),
      h("button", { type: "button", class: state.stage === "written" ? "" : "primary",
        disabled: testing || state.open.length > 0, "data-focus": "test", onclick: act.test },
      testing ? "Testing…" : state.stage === "written" ? "Test again" : "Test the connection"),
    ];
  });
}

export function showResult(state, act) {
  const shown = state.stage === "asking" ? null
    : [state.stage, state.checks, state.installed, state.trouble, state.diff, state.stores, state.written, state.next];
  once(byId("result"), JSON.stringify(shown), () => shown && [verdict(state, act), checks(state)]);
}

function verdict(state, act) {
  if (state.stage === "testing") {
    return panel("Testing…", "", h("p", { class: "quiet" }, `${state.installed.length + state.checks.length} things so far.`));
  }
  if (state.stage === "refused") return refused(state);
  if (state.stage === "to write") return toWrite(state, act);
  return written(state, act);
}

function panel(title, tone, ...content) {
  return h("section", { class: `card ${tone}`, "aria-labelledby": "h-result" },
    h("h2", { id: "h-result", tabindex: "-1" }, title), ...content);
}

function refused(state) {
  const asks = state.steps.flatMap((step) => step.asks).filter((ask) => ask.wrong);
  const failed = state.checks.find((check) => check.state === "fail");
  return panel("That did not work. Nothing was written.", "bad", h("p", {}, sentence(state.trouble)),
    asks.map((ask) => h("p", {}, h("a", { href: `#${ask.name.replaceAll(".", "-")}`, class: "fix" },
      `Give the ${ask.label} again`))),
    failed?.mend && h("p", { class: "mend" }, "→ ", failed.mend));
}

function toWrite(state, act) {
  const missing = state.checks.filter((check) => check.state === "fail").length;
  const begin = state.new_file
    ? `${state.config} is written new, as the pattern ${state.pattern}, with these changes:`
    : `This changes in ${state.config}:`;
  return panel(missing ? `The log-in works; ${needed(missing)}` : "It works", missing ? "" : "good",
    state.diff && [h("p", {}, begin), diff(state.diff)],
    !state.diff && state.new_file && h("p", {}, `${state.config} is written new, as the pattern ${state.pattern}.`),
    state.stores.length > 0 && h("p", {}, "Stored in ", h("code", {}, state.credentials), ": ",
      state.stores.map((name, index) => [index > 0 && ", ", h("code", {}, name)]), "."),
    h("button", { type: "button", class: "primary", "data-focus": "write", onclick: act.write }, "Write it"));
}

function diff(text) {
  const tones = { "+": "plus", "-": "minus" };
  return h("pre", { class: "diff", tabindex: "0", role: "region", "aria-label": "The change of the configuration" },
    text.trimEnd().split("\n").map((line) => h("span", { class: tones[line[0]] ?? "" }, line, "\n")));
}

function written(state, act) {
  const found = [...state.installed, ...state.checks];
  const missing = found.filter((check) => check.state === "fail");
  const lesser = found.filter((check) => check.state === "warn");
  const title = missing.length ? `${state.title} is connected, but ${needed(missing.length)}`
    : `${state.title} is connected`;
  return panel(title, missing.length ? "bad" : "good",
    state.written.length > 0 && h("p", { class: "quiet" }, `Written: ${state.written.join(", ")}.`),
    missing.length > 0 && [h("h3", {}, "Missing"), list(missing)],
    lesser.length > 0 && [h("h3", {}, "Works without, but"), list(lesser)],
    state.next.length > 0 && [h("h3", {}, "Next"), h("ol", { class: "next" }, state.next.map((one) =>
      h("li", {}, one.text, ": ", h("code", {}, one.command))))],
    state.install && h("div", { class: "offer" }, h("p", {}, `Hotlead can put this into ${state.title} itself: ${state.installs}. ${state.title} is asked about each part first.`),
      h("button", { type: "button", class: "primary", "data-focus": "install", onclick: act.install }, `Install in ${state.title}`)),
    h("div", { class: "row" },
      missing.length > 0 && h("button", { type: "button", class: state.install ? "" : "primary", "data-focus": "again", onclick: act.test }, "Mended: test again"),
      h("button", { type: "button", class: missing.length ? "" : "primary", "data-focus": "end", onclick: act.end }, "Done")));
}

const needed = (count) => (count === 1 ? "1 needed thing is missing" : `${count} needed things are missing`);

function list(found) {
  return h("ul", { class: "missing" }, found.map((check) => h("li", { class: check.state },
    h("span", {}, sentence(check.text)), check.mend && h("span", { class: "mend" }, "→ ", check.mend))));
}

function checks(state) {
  const found = [...state.installed, ...state.checks];
  if (found.length === 0) return null;
  const counts = ["ok", "warn", "fail"].map((one) => found.filter((check) => check.state === one).length);
  return h("details", { class: "card", open: state.stage === "testing" },
    h("summary", {}, `Everything that was looked at: ${counts[0]} well, ${counts[1]} to look at, ${counts[2]} failed`),
    h("ul", { class: "checks" }, found.map((check) => {
      const [mark, word] = MARKS[check.state];
      return h("li", { class: check.state }, h("span", { class: "mark", "aria-hidden": "true" }, mark),
        h("span", {}, h("span", { class: "sr" }, `${word}: `), h("b", {}, check.name), " ", check.text));
    })));
}
