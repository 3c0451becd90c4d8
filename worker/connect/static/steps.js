// What to click and what to answer, step by step.
import { byId, h, once } from "./dom.js";

const SOURCES = {
  given: "taken; not written yet",
  kept: "stored earlier",
  environment: "from the environment",
};
const reopened = new Set();

export const stepId = (index) => `step-${index + 1}`;
const done = (ask) => ask.source !== "" && ask.wrong === "";
export const complete = (step) => step.asks.every(done);

export function showProgress(state) {
  const entries = state.steps.map((step, index) => ({
    href: `#${stepId(index)}`, text: step.title, told: step.asks.length > 0,
    done: step.asks.length > 0 && complete(step),
  }));
  if (state.consents) {
    entries.push({ href: "#consent", text: `Log in to ${state.title}`, told: true, done: state.consented });
  }
  const tested = ["to write", "written"].includes(state.stage);
  entries.push({ href: "#try", text: "Test the connection", told: true, done: tested });
  once(byId("progress"), JSON.stringify(entries), () => entries.map((one) =>
    h("li", { class: one.done ? "done" : "" }, h("a", { href: one.href }, one.text),
      one.done && h("span", { class: "sr" }, " (done)"))));
}

export function showChoices(state, act) {
  const version = JSON.stringify([state.patterns, state.pattern, state.flows, state.flow]);
  once(byId("choices"), version, () => [
    state.patterns.length > 0 && choice("Which team is it for?",
      `There is no ${state.config} yet. It begins as one of these; you edit it afterwards.`,
      state.patterns.map((one) => [one.name, one.name, one.what]), state.pattern, "pattern", act),
    state.flows.length > 1 && choice("How shall Hotlead log in?", "",
      state.flows.map((one) => [one.name, one.title, one.summary]), state.flow, "flow", act),
  ]);
}

function choice(title, lead, options, chosen, name, act) {
  return h("fieldset", { class: "card choice" },
    h("legend", {}, title), lead && h("p", { class: "quiet" }, lead),
    options.map(([value, label, what]) => h("label", { class: "option" },
      h("input", { type: "radio", name, value, checked: value === chosen,
        "data-focus": `${name}-${value}`, onchange: () => act.choose({ [name]: value }) }),
      h("span", {}, h("b", {}, label), h("span", { class: "quiet" }, what)))));
}

export function showSteps(state, act) {
  const version = JSON.stringify([state.steps, state.consents, state.consented, state.stage, [...reopened]]);
  once(byId("steps"), version, () => [
    state.steps.map((step, index) => card(step, index, state, act)),
    state.consents && consent(state, act),
  ]);
}

function card(step, index, state, act) {
  const id = stepId(index);
  return h("section", { class: "card", id, "aria-labelledby": `h-${id}` },
    h("h2", { id: `h-${id}` }, h("span", { class: "number" }, index + 1), " ", step.title),
    h("ul", { class: "clicks" }, step.clicks.map((click) => h("li", {}, emphasised(click)))),
    step.links.length > 0 && h("p", { class: "links" }, step.links.map((link) =>
      h("a", { href: link.url, target: "_blank", rel: "noreferrer" }, link.text,
        h("span", { class: "sr" }, " (opens a new tab)")))),
    step.pairs.length > 0 && pairs(step),
    step.pastes.map((paste) => pasted(paste, act)),
    step.asks.map((ask) => asked(ask, state, act)));
}

// The way through menus is set apart: what stands around a › is what to click.
function emphasised(text) {
  if (!text.includes(" › ")) return text;
  return text.split(/(?<=[.:;,] )/).map((part) =>
    part.includes(" › ") ? h("span", { class: "way" }, part) : part);
}

function pairs(step) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${step.title}: scopes` },
    h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "scope"), h("th", { scope: "col" }, "for"))),
      h("tbody", {}, step.pairs.map(([name, what]) =>
        h("tr", {}, h("td", {}, h("code", {}, name)), h("td", {}, what))))));
}

function pasted(paste, act) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(paste.text);
      act.note(`${paste.label}: copied`);
    } catch {
      act.note("The browser does not let us copy: select the text instead.", false);
    }
  };
  return h("div", { class: "paste" },
    h("div", { class: "paste-head" }, h("b", {}, paste.label),
      h("button", { type: "button", class: "small", onclick: copy }, "Copy",
        h("span", { class: "sr" }, `: ${paste.label}`))),
    h("pre", { tabindex: "0", role: "region", "aria-label": paste.label }, paste.text));
}

function asked(ask, state, act) {
  const id = ask.name.replaceAll(".", "-");
  if (done(ask) && !reopened.has(ask.name)) return answered(ask, id, state, act);
  const hint = `${id}-hint`;
  const wrong = `${id}-wrong`;
  const send = (text) => {
    reopened.delete(ask.name);
    return act.answer(ask.name, text);
  };
  return h("form", { class: ask.wrong ? "ask bad" : "ask", autocomplete: "off",
    onsubmit: async (event) => {
      event.preventDefault();
      const field = event.currentTarget.elements.field;
      const text = ask.file ? await field.files[0]?.text() ?? "" : field.value;
      if (!text) return;
      field.value = "";
      await send(text);
    } },
    h("label", { for: id }, ask.label),
    h("p", { class: "quiet", id: hint }, sentence(ask.where), " It ", ask.shape, "."),
    h("div", { class: "field" },
      h("input", { id, name: "field", type: ask.file ? "file" : ask.secret ? "password" : "text",
        placeholder: ask.example || null, value: ask.file || ask.secret ? null : ask.value || null,
        spellcheck: "false", autocapitalize: "off", autocomplete: ask.secret ? "off" : null,
        "aria-describedby": ask.wrong ? `${wrong} ${hint}` : hint, "aria-invalid": ask.wrong ? "true" : null,
        "data-focus": id, onchange: (event) => event.currentTarget.form.requestSubmit(), "data-1p-ignore": true, "data-lpignore": "true" }),
      h("button", { type: "submit", "data-focus": `${id}-use` }, "Use",
        h("span", { class: "sr" }, ` this ${ask.label}`))),
    ask.wrong && h("p", { class: "wrong", id: wrong, role: "alert" }, "✗ ", sentence(ask.wrong)));
}

function answered(ask, id, state, act) {
  const again = () => {
    reopened.add(ask.name);
    showSteps(state, act);
    byId(id).focus();
  };
  return h("div", { class: "ask good" },
    h("div", {}, h("b", {}, ask.label), h("p", {}, h("span", { class: "tick", "aria-hidden": "true" }, "✓ "),
      ask.secret ? "" : `${ask.value}, `, SOURCES[ask.source])),
    ask.source !== "environment" && h("button", { type: "button", class: "small", "data-focus": id, onclick: again },
      "Replace", h("span", { class: "sr" }, ` ${ask.label}`)));
}

function consent(state, act) {
  const missing = state.steps.flatMap((step) => step.asks).filter((ask) => !done(ask)).map((ask) => ask.label);
  return h("section", { class: "card", id: "consent", "aria-labelledby": "h-consent" },
    h("h2", { id: "h-consent" }, h("span", { class: "number" }, state.steps.length + 1), " Log in to ", state.title),
    h("p", {}, `You go to ${state.title}'s own page, allow Hotlead there, and come back to this one.`),
    state.consented && h("p", { class: "good-line" }, h("span", { class: "tick", "aria-hidden": "true" }, "✓ "), "Logged in."),
    missing.length > 0 && h("p", { class: "quiet" }, `First: ${missing.join(", ")}.`),
    h("button", { type: "button", class: state.consented ? "" : "primary", disabled: missing.length > 0,
      "data-focus": "consent", onclick: act.consent }, state.consented ? "Log in again" : `Log in to ${state.title}`));
}

export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
