// Builds elements. Data goes into text nodes and attributes only, never into markup.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export const byId = (id) => document.getElementById(id);

// Brings the children of `parent` in line with `items`; what did not change keeps its element, and
// with it the focus and the place where the reader is.
export function keyed(parent, items, keyOf, build, versionOf = JSON.stringify) {
  const old = parent.keyedNodes ?? new Map();
  const fresh = new Map();
  items.forEach((item, index) => {
    const key = keyOf(item);
    const version = versionOf(item);
    let entry = old.get(key);
    if (entry === undefined || entry.version !== version) {
      const node = build(item);
      if (entry === undefined) node.classList.add("new");
      else replaceKeepingFocus(entry.node, node);
      entry = { node, version };
    }
    fresh.set(key, entry);
    if (parent.children[index] !== entry.node) {
      parent.insertBefore(entry.node, parent.children[index] ?? null);
    }
  });
  for (const [key, entry] of old) {
    if (!fresh.has(key)) entry.node.remove();
  }
  while (parent.children.length > items.length) parent.lastElementChild.remove();
  parent.keyedNodes = fresh;
}

// Replaces the children of `parent` when `version` differs from what is shown.
export function once(parent, version, build) {
  if (parent.shownVersion === version) return;
  parent.shownVersion = version;
  const focus = focusKey(parent);
  parent.replaceChildren(...[build()].flat(Infinity).filter(Boolean));
  refocus(parent, focus);
}

function replaceKeepingFocus(was, now) {
  const focus = focusKey(was);
  was.replaceWith(now);
  refocus(now, focus);
}

function focusKey(root) {
  const active = document.activeElement;
  return active && root.contains(active) ? active.dataset.focus ?? null : null;
}

function refocus(root, key) {
  if (key === null) return;
  for (const node of root.querySelectorAll("[data-focus]")) {
    if (node.dataset.focus === key) node.focus({ preventScroll: true });
  }
}

// Fills a <select> and keeps what was chosen.
export function fill(select, options) {
  const version = JSON.stringify(options);
  if (select.shownVersion === version || document.activeElement === select) return;
  select.shownVersion = version;
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}
