// Builds page elements without ever parsing markup: data only becomes text nodes and attributes.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. `props`: `class`, `testid`, `on` (event listeners by name), `prop` (properties by name);
 * everything else is an attribute (`true` means present, `false`/`null` absent). Children: nodes, texts, null.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "prop") {
      Object.assign(node, value);
    } else if (name === "testid") {
      node.dataset.testid = value;
    } else if (value === true) {
      node.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, String(value));
    }
  }
  add(node, children);
  return node;
}

function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
}

/** Makes an SVG element with attributes. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** A decorative icon of `/shared/icons.svg`. */
export function icon(name) {
  const use = svg("use", { href: `/shared/icons.svg#${name}` });
  return svg("svg", { class: "icon", "aria-hidden": "true", viewBox: "0 0 24 24" }, use);
}

/** A button that cannot be pressed twice while its action is running. */
export function button(text, { kind = "secondary", testid, icon: name, wide = false, type = "button", onPress, ...rest } = {}) {
  const node = el("button", { class: `button ${kind}${wide ? " wide" : ""}`, type, testid, ...rest }, name ? icon(name) : null, text);
  if (onPress) {
    node.addEventListener("click", async () => {
      if (node.getAttribute("aria-busy") === "true") return;
      node.setAttribute("aria-busy", "true");
      try {
        await onPress(node);
      } finally {
        node.removeAttribute("aria-busy");
      }
    });
  }
  return node;
}

let unique = 0;

/** A labelled input with a hint and a place for its error. Returns `{node, input, fail(text), clear()}`. */
export function field(label, { hint, tag = "input", testid, ...attributes } = {}) {
  unique += 1;
  const id = `field-${unique}`;
  const described = hint ? `${id}-hint ${id}-error` : `${id}-error`;
  const input = el(tag, { id, testid, "aria-describedby": described, ...attributes, class: `input ${attributes.class ?? ""}` });
  const error = el("p", { id: `${id}-error`, class: "field-error", role: "alert", hidden: true, testid: testid ? `${testid}-error` : null });
  const node = el(
    "div",
    { class: "field" },
    el("label", { for: id }, label),
    hint ? el("p", { id: `${id}-hint`, class: "small muted" }, hint) : null,
    input,
    error,
  );
  const clear = () => {
    error.hidden = true;
    input.removeAttribute("aria-invalid");
  };
  const fail = (text) => {
    error.replaceChildren(icon("alert"), el("span", {}, text));
    error.hidden = false;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };
  return { node, input, fail, clear };
}

/** A notice: `kind` is `good`, `warn`, `bad` or empty. */
export function notice(kind, name, text, props = {}) {
  return el("div", { class: `notice ${kind}`, ...props }, icon(name), el("div", {}, text));
}

/** Says `text` to screen readers. */
export function announce(text) {
  const live = document.getElementById("live");
  if (live && live.textContent !== text) live.textContent = text;
}

/** Shows `screen` in `root` and, unless it is the first one, moves the focus to its heading. */
export function show(root, node) {
  const first = root.childElementCount === 0;
  root.replaceChildren(node);
  if (first) return;
  window.scrollTo(0, 0);
  root.parentElement.scrollTop = 0;
  const heading = node.querySelector("h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
}

/** Keeps the digits of what was typed or pasted, at most `count` of them. */
export function onlyDigits(input, count) {
  input.addEventListener("input", () => {
    const digits = input.value.replace(/\D/g, "").slice(0, count);
    if (digits !== input.value) input.value = digits;
  });
}
