// Waiting for the phone: the number, the countdown, and how it ended.

import { announce, button, el, icon, notice } from "/shared/dom.js";
import { follow, get, post } from "/shared/net.js";
import { countdown } from "/shared/countdown.js";
import { grouped, plural, t } from "/shared/text.js";
import { phoneLink, resultCard } from "/login/screens/parts.js";

const REFUSALS = ["limit-rate", "limit-live", "push-off", "source-suppressed", "no-device"];
const MINUTE_S = 60;
const WARN_AT_S = 10;
const LATE_AFTER_MS = 3000;

/** The screen of a challenge: the session's newest one, or a first one. A reload never sends another push. */
export function pushScreen(ctx) {
  const root = el("div", { class: "screen narrow", testid: "screen-push" },
    el("div", { class: "card stack" },
      el("h1", {}, t("push.heading")),
      el("p", { class: "muted row" }, el("span", { class: "spinner", "aria-hidden": "true" }), t("push.sent"))));
  attempt(ctx, root, () => get("/api/push", ctx.signal).catch((error) => {
    if (error.slug === "not-found") return post("/api/push/start");
    throw error;
  }));
  return root;
}

/** Gets a challenge with `ask` and follows it; shows the refusal when there is none. */
async function attempt(ctx, root, ask) {
  try {
    const first = await ask();
    if (!ctx.signal.aborted) await watch(ctx, root, first);
  } catch (error) {
    if (!ctx.signal.aborted) refused(ctx, root, error);
  }
}

/** Shows challenge `first` until it has ended. */
async function watch(ctx, root, first) {
  if (first.state !== "pending") {
    ended(ctx, root, first);
    return;
  }
  const inner = new AbortController();
  ctx.signal.addEventListener("abort", () => inner.abort(), { once: true });
  let retrying = false;
  const update = (doc) => {
    const mine = doc.id === first.id;
    if (inner.signal.aborted || (retrying && (!mine || doc.state === "superseded"))) return;
    if (mine && doc.state === "pending") {
      waiting.update(doc);
      return;
    }
    inner.abort();
    if (mine || doc.state !== "pending") ended(ctx, root, doc);
    else attempt(ctx, root, async () => doc);
  };
  const waiting = waitingCard(ctx, first, inner.signal, {
    retry: async () => {
      retrying = true;
      try {
        const next = await post("/api/push/retry");
        inner.abort();
        attempt(ctx, root, async () => next);
      } catch (error) {
        retrying = false;
        waiting.trouble(refusalText(ctx, error));
      }
    },
    cancel: async () => {
      try {
        update(await post("/api/push/cancel"));
      } catch (error) {
        waiting.trouble(ctx.fail(error));
      }
    },
  });
  root.replaceChildren(waiting.node);
  waiting.focus();
  update(first);
  await follow("/api/push", inner.signal, update, ctx.lost);
}

function waitingCard(ctx, first, signal, { retry, cancel }) {
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

  const other = el("p", { class: "small", hidden: true, testid: "other-ways" }, t("push.other"));
  const leave = button(t("push.other.leave"), { testid: "other-leave", onPress: ctx.restart });
  leave.hidden = true;

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
      button(t("push.retry"), { icon: "again", testid: "retry", onPress: retry }),
      leave,
      button(t("push.cancel"), { kind: "quiet", testid: "cancel", onPress: cancel })),
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
    leave.hidden = other.hidden;
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

const ENDINGS = {
  denied: { kind: "bad", name: "cross", again: true },
  wrong: { kind: "bad", name: "cross", again: true },
  reported: { kind: "bad", name: "flag", again: false },
  expired: { kind: "warn", name: "clock", again: true },
  superseded: { kind: "warn", name: "swap", again: true },
  cancelled: { kind: "", name: "cross", again: true },
};

function ended(ctx, root, doc) {
  if (doc.state === "approved") {
    approved(ctx, root);
    return;
  }
  const key = doc.state === "denied" && doc.reason === "wrong-number" ? "wrong" : doc.state;
  const ending = ENDINGS[key] ?? ENDINGS.expired;
  put(root, resultCard({
    kind: ending.kind,
    name: ending.name,
    heading: t(`push.${key}.heading`),
    text: t(`push.${key}.text`, { organisation: ctx.site.organisation }),
    testid: `outcome-${key}`,
    actions: [ending.again ? againButton(ctx, root) : null, leaveButton(ctx)],
  }));
}

async function approved(ctx, root) {
  put(root, resultCard({ kind: "good", name: "check", heading: t("push.approved.heading"), text: t("push.approved.text"), testid: "outcome-approved", actions: [], busy: true }));
  try {
    await post("/api/push/finish");
    if (!ctx.signal.aborted) ctx.go("done");
  } catch (error) {
    if (!ctx.signal.aborted) refused(ctx, root, error);
  }
}

function refused(ctx, root, error) {
  const text = refusalText(ctx, error);
  if (ctx.signal.aborted) return;
  const key = REFUSALS.includes(error.slug) ? error.slug : "other";
  put(root, resultCard({
    kind: "warn",
    name: "alert",
    heading: t(`push.refused.${key}.heading`),
    text,
    testid: `refused-${key}`,
    actions: [key === "no-device" ? null : againButton(ctx, root), leaveButton(ctx)],
  }));
}

function refusalText(ctx, error) {
  if (!REFUSALS.includes(error.slug)) return ctx.fail(error);
  const seconds = Number(error.document.retry_after_s);
  const wait = seconds > 0 ? plural("push.wait.minutes", Math.ceil(seconds / MINUTE_S)) : t("push.wait.soon");
  return t(`push.refused.${error.slug}.text`, { wait });
}

function put(root, card) {
  root.replaceChildren(card.node);
  card.focus();
}

function againButton(ctx, root) {
  return button(t("push.again"), { kind: "primary", icon: "again", testid: "again", onPress: () => attempt(ctx, root, () => post("/api/push/retry")) });
}

function leaveButton(ctx) {
  return button(t("push.leave"), { testid: "leave", onPress: ctx.restart });
}
