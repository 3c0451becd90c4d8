// Slack as the rep sees it: places on the left, Block Kit messages on the right.
import { byId, h, keyed, once } from "./dom.js";
import { at } from "./words.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const MARK = /<([^<>]*)>|\*([^*\n]+)\*|\n/g;
const ACTIONS = new Set(["claim", "acknowledge", "snooze", "not_mine", "noise", "why"]);

const decode = (text) => text.replace(/&(amp|lt|gt);/g, (entity) => ENTITIES[entity]);

// Slack's mrkdwn as nodes.
export function mrkdwn(text, users, act) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(MARK)) {
    nodes.push(decode(text.slice(from, found.index)));
    from = found.index + found[0].length;
    if (found[1] !== undefined) nodes.push(reference(found[1], users, act));
    else if (found[2] !== undefined) nodes.push(h("strong", {}, mrkdwn(found[2], users, act)));
    else nodes.push(h("br"));
  }
  nodes.push(decode(text.slice(from)));
  return nodes;
}

function reference(inside, users, act) {
  const [target, label] = inside.split("|", 2);
  if (target.startsWith("@")) {
    return h("span", { class: "mention" }, `@${users[target.slice(1)] ?? target.slice(1)}`);
  }
  if (target.startsWith("#") || target.startsWith("!")) {
    return h("span", { class: "mention" }, label ?? target);
  }
  return linkTo(decode(target), decode(label ?? target), "link", act);
}

// The stand-ins have no pages to open, so a link says where it would lead.
function linkTo(url, label, style, act) {
  return h(
    "button",
    { type: "button", class: style, title: url, onclick: () => act.note(`This opens ${url}`) },
    label,
  );
}

const textOf = (object, users, act) =>
  object.type === "mrkdwn" ? mrkdwn(object.text, users, act) : object.text;

function block(one, message, place, act) {
  const users = act.slackNames;
  if (one.type === "header") {
    const title = message.alert_id
      ? h("button", {
          type: "button", class: "plain", "data-focus": `title-${message.ts}`,
          onclick: () => act.choose(message.alert_id),
        }, one.text.text)
      : one.text.text;
    return h("h4", { class: "b-header" }, title);
  }
  if (one.type === "section") {
    return h(
      "div",
      { class: "b-section" },
      one.text && h("p", {}, textOf(one.text, users, act)),
      one.fields && h("div", { class: "b-fields" },
        one.fields.map((field) => h("p", {}, textOf(field, users, act)))),
    );
  }
  if (one.type === "context") {
    return h("p", { class: "b-context" },
      one.elements.map((element) => h("span", {}, textOf(element, users, act))));
  }
  if (one.type === "actions") {
    return h("div", { class: "b-actions" },
      one.elements.map((element) => element.type === "static_select"
        ? menu(element, message, place, act) : button(element, message, place, act)));
  }
  return one.type === "divider" ? h("hr") : h("p", {}, message.text);
}

function button(element, message, place, act) {
  const style = `b-button ${element.style ?? ""}`;
  if (element.url) return linkTo(element.url, element.text.text, style, act);
  return h(
    "button",
    {
      type: "button", class: style, "data-focus": `${message.ts}-${element.action_id}`,
      disabled: !ACTIONS.has(element.action_id),
      onclick: (event) => act.press(event.currentTarget, place, element.value, element.action_id),
    },
    element.text.text,
  );
}

// A menu shows what it is for until something is chosen, and again after that.
function menu(element, message, place, act) {
  const title = element.placeholder.text;
  return h(
    "select",
    {
      class: "b-button b-menu", "aria-label": title,
      "data-focus": `${message.ts}-${element.action_id}`, disabled: !ACTIONS.has(element.action_id),
      onchange: async (event) => {
        const [select, value] = [event.currentTarget, event.currentTarget.value];
        select.value = "";
        const [choice, alert] = value.split(":", 2);
        const words = choice === "other" ? await act.ask() : undefined;
        if (words !== null) act.press(select, place, alert, element.action_id, choice, words);
      },
    },
    h("option", { value: "", selected: true, hidden: true }, title),
    element.options.map((one) => h("option", { value: one.value }, one.text.text)),
  );
}

function messageNode(message, place, chosen, act) {
  const classes = ["message"];
  if (message.alert_id && message.alert_id === chosen) classes.push("chosen");
  return h(
    "li",
    { class: classes.join(" ") },
    h("span", { class: "avatar", "aria-hidden": "true" }, "H"),
    h("div", { class: "body" },
      h("p", { class: "by" }, h("b", {}, "Hotlead"), h("span", { class: "app" }, "APP"),
        h("time", {}, at(message.at)), message.edits > 0 && h("span", { class: "edited" }, "(edited)")),
      h("div", { class: "attachment" },
        message.blocks.map((one) => block(one, message, place, act)))),
  );
}

function placeButton(place, view, act) {
  const fresh = place.messages.length - (view.read.get(place.id) ?? 0);
  const here = place.messages.some((one) => one.alert_id && one.alert_id === view.alert);
  const current = place.id === view.place;
  return h(
    "li", {},
    h("button",
      {
        type: "button", class: `place${here ? " here" : ""}${fresh > 0 ? " fresh" : ""}`,
        "aria-current": current ? "true" : null, "data-focus": `place-${place.id}`,
        onclick: () => act.open(place.id),
      },
      h("span", { class: "place-name" }, place.name),
      fresh > 0 && h("span", { class: "badge", "aria-label": `${fresh} new` }, fresh)),
  );
}

export function showSlack(state, view, act) {
  act.slackNames = state.slack_names;
  const place = state.places.find((one) => one.id === view.place) ?? state.places[0];
  if (place) view.read.set(place.id, place.messages.length);
  const version = JSON.stringify([
    state.places.map((one) => [one.id, one.messages.length, one.messages.map((m) => m.alert_id)]),
    view.place, view.alert, [...view.read],
  ]);
  once(byId("places"), version, () => [
    h("h3", {}, "Channels"),
    h("ul", {}, state.places.filter((one) => one.kind === "channel")
      .map((one) => placeButton(one, view, act))),
    h("h3", {}, "Direct messages"),
    h("ul", {}, state.places.filter((one) => one.kind === "dm")
      .map((one) => placeButton(one, view, act))),
  ]);
  const current = byId("places").querySelector("[aria-current]");
  if (view.scrollSlack && current) scrollWithin(byId("places"), current);
  if (!place) return;
  showHead(state, place, view);
  const list = byId("messages");
  const changed = list.dataset.place !== place.id;
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  if (changed) {
    list.replaceChildren();
    list.keyedNodes = undefined;
    list.dataset.place = place.id;
  }
  const count = list.children.length;
  keyed(list, place.messages, (one) => one.ts,
    (one) => messageNode(one, place, view.alert, act),
    (one) => JSON.stringify([one, one.alert_id === view.alert]));
  const wanted = [...list.querySelectorAll(".message.chosen")].at(-1);
  if (view.scrollSlack && wanted) scrollWithin(list, wanted);
  else if (changed || (atEnd && list.children.length > count)) list.scrollTop = list.scrollHeight;
  view.scrollSlack = false;
  list.dataset.empty = place.messages.length === 0 ? "No messages here yet." : "";
}

function scrollWithin(list, node) {
  const [outer, inner] = [list.getBoundingClientRect(), node.getBoundingClientRect()];
  if (inner.top >= outer.top && inner.bottom <= outer.bottom) return;
  list.scrollTop += inner.top - outer.top - 8;
}

function showHead(state, place, view) {
  const people = state.people.filter((one) => one.on_slack);
  const version = JSON.stringify([place.id, place.name, people.map((one) => one.email)]);
  once(byId("channel-head"), version, () => {
    if (place.kind === "dm") {
      return [h("b", {}, place.name), h("span", {}, `You press as ${place.name.split(" ")[0]}.`)];
    }
    const picker = h("select", {
      "data-focus": "as", onchange: (event) => { view.as = event.target.value; },
    }, people.map((one) => h("option", { value: one.email }, one.name)));
    if (people.some((one) => one.email === view.as)) picker.value = view.as;
    view.as = picker.value;
    return [h("b", {}, place.name), h("label", {}, "You press as ", picker)];
  });
}
