// Asking for a code: where it is, the field for it, sending it again, and the ways around it.

import { announce, button, el, field, icon, notice, onlyDigits } from "/shared/dom.js";
import { clockTime, countdown } from "/shared/countdown.js";
import { choose, plural, t } from "/shared/text.js";
import { mailboxLink, phoneLink } from "/login/screens/parts.js";
import { ICONS, waysPanel } from "/login/screens/ways.js";

/** Characters of the codes that are not made of digits, in groups of four. */
const LENGTHS = { recovery: 16, helpdesk: 12 };
const GROUP = 4;
const TICK_MS = 250;
const SENT_KINDS = ["email", "sms"];

/** The card of a pending challenge that a code answers. */
export function codeCard(ctx, first, signal, actions) {
  const { kind } = first.method;
  const clock = countdown({ minutes: true, testid: "valid", words: (seconds) => t("code.left", { time: clockTime(seconds) }) });
  signal.addEventListener("abort", clock.stop, { once: true });

  const heading = el("h1", { tabindex: "-1" }, choose("code.heading", kind));
  const delivery = SENT_KINDS.includes(kind) ? deliveryLine() : null;
  const problem = el("div", { role: "alert", testid: "code-trouble" });
  const code = codeField(kind, first.code);
  const submit = button(t("code.submit"), { kind: "primary", wide: true, type: "submit", testid: "otp-submit" });
  const again = SENT_KINDS.includes(kind) ? resendButton(signal, actions, problem) : null;
  const ways = waysPanel(ctx, first, actions);

  const send = async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    code.clear();
    problem.replaceChildren();
    if (!code.whole()) {
      code.fail(code.short);
      return;
    }
    submit.disabled = true;
    const refusal = await actions.send(code.value());
    submit.disabled = false;
    if (refusal === null || signal.aborted) return;
    code.input.value = "";
    code.fail(refusal);
  };

  const node = el("form", { class: "card stack", novalidate: true, testid: "code-pending", "data-kind": kind, on: { submit: send } },
    el("div", { class: "verdict" },
      el("div", { class: "medallion small" }, icon(ICONS[kind] ?? "shield")),
      el("div", { class: "stack-xs" },
        heading,
        el("p", { class: "muted lead" }, lead(first)))),
    delivery?.node,
    code.node,
    submit,
    problem,
    el("div", { class: "delivery" }, clock.node, el("p", { class: "small muted" }, t("code.valid", { organisation: ctx.site.organisation }))),
    el("div", { class: again ? "row" : "row ways-row" },
      again?.node,
      button(t("push.cancel"), { kind: "quiet slim", testid: "cancel", onPress: actions.cancel })),
    ways.node,
    whereItIs(ctx, kind));

  const update = (doc) => {
    clock.set(doc.ends_in_ms, doc.total_ms);
    node.dataset.delivery = doc.code.delivery;
    again?.update(doc.code);
    if (delivery?.update(doc.code.delivery) && doc.code.delivery === "failed") ways.open();
  };
  const trouble = (text) => problem.replaceChildren(notice("warn", "alert", text));
  return { node, update, trouble, focus: () => code.input.focus() };
}

function lead({ method, code }) {
  const known = method.hint ? "" : ".nowhere";
  return choose(`code.lead${known}`, method.kind, { hint: unbroken(method.hint ?? ""), label: method.label, digits: code.digits ?? "" });
}

/** A masked address that is not broken after its dots: a word joiner stands there. */
function unbroken(hint) {
  return hint.replace(/…/g, "…\u2060");
}

/** The field for a code of digits, or of letters and digits in groups. */
function codeField(kind, { digits }) {
  const length = digits ?? LENGTHS[kind] ?? LENGTHS.recovery;
  const common = { testid: "otp", autocomplete: "one-time-code", spellcheck: "false", autocapitalize: "characters" };
  if (digits !== null) {
    const made = field(t("code.label"), { ...common, inputmode: "numeric", maxlength: "16", class: "digits" });
    onlyDigits(made.input, digits);
    return { ...made, short: t("code.short", { count: digits }), whole: () => made.input.value.length === digits, value: () => made.input.value };
  }
  const groups = Array.from({ length: length / GROUP }, () => "XXXX").join("-");
  const made = field(t("code.label"), { ...common, hint: t("code.groups", { count: length, groups }), maxlength: "64", class: "groups" });
  const plain = () => made.input.value.replace(/[^0-9a-z]/gi, "").toUpperCase();
  made.input.addEventListener("input", () => {
    // Only while typing at the end: a correction in the middle keeps its place.
    if (made.input.selectionStart !== made.input.value.length) return;
    const shown = plain().slice(0, length).replace(/(.{4})(?=.)/g, "$1-");
    if (shown !== made.input.value) made.input.value = shown;
  });
  return { ...made, short: t("code.short.groups", { count: length }), whole: () => plain().length === length, value: () => made.input.value };
}

/** How far the letter with the code is. */
function deliveryLine() {
  const state = el("p", { class: "delivery-state" });
  const words = el("p", { class: "small muted" });
  const node = el("div", { class: "stack-xs", role: "status", testid: "code-delivery" }, state, words);
  let shown = null;
  /** Whether that is news. */
  const update = (delivery) => {
    if (delivery === shown) return false;
    shown = delivery;
    const failed = delivery === "failed";
    node.classList.toggle("notice", failed);
    node.classList.toggle("warn", failed);
    state.classList.toggle("good-text", delivery === "sent");
    const sign = { sent: "check", failed: "alert" }[delivery];
    state.replaceChildren(
      sign ? icon(sign) : el("span", { class: "spinner", "aria-hidden": "true" }),
      el("span", {}, choose("code.delivery", delivery)));
    words.textContent = choose("code.delivery.text", delivery);
    return true;
  };
  return { node, update };
}

/** "Send a new code", once its time has come. It keeps the focus while it waits. */
function resendButton(signal, actions, problem) {
  const words = el("span", {});
  const node = button("", {
    kind: "secondary slim",
    icon: "again",
    testid: "resend",
    onPress: async () => {
      if (node.getAttribute("aria-disabled") === "true") return;
      problem.replaceChildren();
      if (await actions.resend()) announce(t("code.resent"));
    },
  });
  node.append(words);
  let ready = 0;
  let left = 0;
  const draw = () => {
    const seconds = Math.ceil(Math.max(0, ready - performance.now()) / 1000);
    const waits = left === 0 || seconds > 0;
    node.setAttribute("aria-disabled", String(waits));
    const text = left === 0 ? t("code.resend.none") : seconds > 0 ? plural("code.resend.wait", seconds) : t("code.resend");
    if (words.textContent !== text) words.textContent = text;
  };
  const timer = setInterval(draw, TICK_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  const update = (code) => {
    left = code.resends_left;
    ready = performance.now() + code.resend_in_ms;
    draw();
  };
  return { node, update };
}

/** Where the made-up people find their codes. */
function whereItIs(ctx, kind) {
  const user = ctx.site.user;
  if (kind === "totp") return phoneLink(ctx, t("push.open-phone"));
  if (!SENT_KINDS.includes(kind) && kind !== "fob" && kind !== "recovery") return null;
  return el("p", { class: "small" }, mailboxLink(choose("code.where", kind), { user, testid: "open-mailbox" }));
}
