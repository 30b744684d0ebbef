// Waiting for the phone: the number, the countdown, how far the request has come, and the ways around it.

import { announce, button, el, icon, notice } from "/shared/dom.js";
import { countdown } from "/shared/countdown.js";
import { grouped, plural, t } from "/shared/text.js";
import { phoneLink } from "/login/screens/parts.js";
import { waysList, waysPanel } from "/login/screens/ways.js";

const WARN_AT_S = 10;
const LATE_AFTER_MS = 3000;

/** The card of a pending push. */
export function pushCard(ctx, first, signal, actions) {
  const closing = el("p", { class: "row muted", hidden: true, testid: "closing" }, el("span", { class: "spinner", "aria-hidden": "true" }), t("push.closing"));
  const clock = countdown({
    words: (seconds) => plural("push.left", seconds),
    onTick: (seconds) => seconds === WARN_AT_S && announce(t("push.soon")),
    onEnd: () => (closing.hidden = false),
  });
  signal.addEventListener("abort", clock.stop, { once: true });

  const state = el("p", { class: "delivery-state", testid: "delivery" });
  const stateText = el("p", { class: "small muted" });
  const problem = el("div", { role: "alert", testid: "push-trouble" });
  const heading = el("h1", { tabindex: "-1" }, t("push.heading"));
  const number = first.number === null ? null : el("p", { class: `number length-${first.number.length}`, testid: "number", "data-number": first.number },
    el("span", { class: "visually-hidden" }, t("push.number", { number: [...first.number].join(" ") })),
    el("span", { "aria-hidden": "true" }, grouped(first.number)));

  const ways = waysPanel(ctx, first, actions);
  const other = el("div", { class: "notice stack-s other-ways", hidden: true, testid: "other-ways" },
    el("p", {}, t(first.others.length > 0 ? "push.other" : "push.other.none")),
    first.others.length > 0
      ? waysList(first.others, actions.choose, "other")
      : el("div", {}, button(t("push.other.leave"), { kind: "secondary slim", testid: "other-leave", onPress: ctx.restart })));

  const node = el("div", { class: "card stack", testid: "push-pending" },
    el("div", { class: "stack-s" },
      heading,
      el("p", { class: "muted" }, t(number ? "push.lead" : "push.lead.tap"))),
    number,
    el("div", { class: "delivery" },
      clock.node,
      el("div", { class: "stack-xs", role: "status" }, state, stateText)),
    closing,
    other,
    problem,
    el("div", { class: "row" },
      button(t("push.retry"), { icon: "again", testid: "retry", onPress: actions.retry }),
      button(t("push.cancel"), { kind: "quiet", testid: "cancel", onPress: actions.cancel })),
    ways.node,
    el("div", { class: "rule" },
      number ? el("p", { class: "small muted" }, t("push.never", { organisation: ctx.site.organisation })) : null,
      phoneLink(ctx, t("push.open-phone"))));

  let last = first;
  let late = false;
  let shown = null;
  const draw = () => {
    const stage = stageOf(last, late);
    if (stage === shown) return;
    shown = stage;
    node.dataset.delivered = String(last.delivered);
    node.dataset.stage = stage;
    state.classList.toggle("good-text", stage === "delivered");
    state.replaceChildren(
      SIGNS[stage] ? icon(SIGNS[stage]) : el("span", { class: "spinner", "aria-hidden": "true" }),
      el("span", {}, t(`push.${stage}`)));
    stateText.textContent = t(`push.${stage}.text`);
    other.hidden = stage === "sent" || stage === "delivered";
  };
  // Counted from when it was asked, so that a reload does not begin anew.
  const timer = setTimeout(() => {
    late = true;
    draw();
  }, Math.max(0, LATE_AFTER_MS - (first.total_ms - first.ends_in_ms)));
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  const update = (doc) => {
    clock.set(doc.ends_in_ms, doc.total_ms);
    closing.hidden = doc.ends_in_ms > 0;
    last = doc;
    draw();
  };
  const trouble = (text) => problem.replaceChildren(notice("warn", "alert", text));
  return { node, update, trouble, focus: () => heading.focus() };
}

/** Signs of the stages that are settled; the others turn. */
const SIGNS = { delivered: "check", unreachable: "alert" };

/** How far the request has come, in the words of the page. */
function stageOf(doc, late) {
  if (doc.delivered) return "delivered";
  if (!late) return "sent";
  return doc.delivery === "unreachable" ? "unreachable" : "waking";
}
