// The second step of a sign-in: by the phone or by a code, another way where that does not work, and how it ended.

import { button, el } from "/shared/dom.js";
import { follow, get, post } from "/shared/net.js";
import { plural, t } from "/shared/text.js";
import { codeCard } from "/login/screens/code.js";
import { resultCard } from "/login/screens/parts.js";
import { pushCard } from "/login/screens/push.js";
import { forgotten, waysList, withHelpdesk } from "/login/screens/ways.js";

/** Refusals with words of their own; on these another way may well be open. */
const ELSEWHERE = ["limit-rate", "limit-live", "push-off", "source-suppressed", "no-device", "no-method", "locked", "send-limit", "forbidden-method"];
const REFUSALS = [...ELSEWHERE, "suspended"];
/** Refusals that are said in a sentence on the page that is shown. */
const SENTENCES = [...REFUSALS, "resend-limit"];
/** Refusals that asking once more does not mend. */
const FINAL = ["no-device", "no-method", "suspended", "forbidden-method"];
const MINUTE_S = 60;

/** The screen of a challenge: the session's newest one, or a first one. A reload never sends another push or code. */
export function challengeScreen(ctx) {
  const root = el("div", { class: "screen narrow", testid: "screen-challenge" },
    el("div", { class: "card stack" },
      el("h1", {}, t("challenge.heading")),
      el("p", { class: "muted row" }, el("span", { class: "spinner", "aria-hidden": "true" }), t("challenge.asking"))));
  attempt(ctx, root, () => get("/api/challenge", ctx.signal).catch((error) => {
    if (error.slug === "not-found") return post("/api/challenge/start");
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
    if (!ctx.signal.aborted) await refused(ctx, root, error);
  }
}

/** Shows challenge `first` until it has ended or another one takes its place. */
async function watch(ctx, root, first) {
  if (first.state !== "pending") {
    ended(ctx, root, first);
    return;
  }
  const inner = new AbortController();
  ctx.signal.addEventListener("abort", () => inner.abort(), { once: true });
  let replacing = false;
  const update = (doc) => {
    const mine = doc.id === first.id;
    if (inner.signal.aborted || (replacing && (!mine || doc.state === "superseded"))) return;
    if (mine && doc.state === "pending") {
      card.update(doc);
      return;
    }
    inner.abort();
    if (mine || doc.state !== "pending") ended(ctx, root, doc);
    else attempt(ctx, root, async () => doc);
  };
  /** Puts another challenge in the place of this one. */
  const replace = async (ask) => {
    replacing = true;
    try {
      const next = await ask();
      inner.abort();
      attempt(ctx, root, async () => next);
    } catch (error) {
      replacing = false;
      card.trouble(refusalText(ctx, error));
    }
  };
  const look = async () => update(await get("/api/challenge", inner.signal));
  const actions = {
    retry: () => replace(() => post("/api/challenge/retry")),
    choose: (offer) => replace(() => post("/api/challenge/switch", { method: offer.method_id ?? offer.kind })),
    forgot: (others) => {
      const offer = forgotten(others);
      return offer ? actions.choose(offer) : null;
    },
    cancel: async () => {
      try {
        update(await post("/api/challenge/cancel"));
      } catch (error) {
        card.trouble(ctx.fail(error));
      }
    },
    send: async (code) => {
      try {
        update(await post("/api/challenge/code", { code }));
        return null;
      } catch (error) {
        // The end of it is in the document.
        if (error.slug === "conflict" || (error.slug === "wrong-code" && error.document.tries_left === 0)) {
          await look().catch(() => {});
          return null;
        }
        if (error.slug === "wrong-code") return plural("code.wrong", Number(error.document.tries_left ?? 0));
        // No other code would be taken either.
        if (["locked", "suspended"].includes(error.slug)) {
          inner.abort();
          await refused(ctx, root, error);
          return null;
        }
        return refusalText(ctx, error);
      }
    },
    resend: async () => {
      try {
        update(await post("/api/challenge/resend"));
        return true;
      } catch (error) {
        card.trouble(refusalText(ctx, error));
        await look().catch(() => {});
        return false;
      }
    },
  };
  const card = (first.code ? codeCard : pushCard)(ctx, first, inner.signal, actions);
  root.replaceChildren(card.node);
  card.focus();
  update(first);
  await follow("/api/challenge", inner.signal, update, ctx.lost);
}

const ENDINGS = {
  denied: { kind: "bad", name: "cross", again: true },
  wrong: { kind: "bad", name: "cross", again: true },
  tries: { kind: "bad", name: "cross", again: true },
  reported: { kind: "bad", name: "flag", again: false },
  expired: { kind: "warn", name: "clock", again: true },
  late: { kind: "warn", name: "clock", again: true },
  superseded: { kind: "warn", name: "swap", again: true },
  cancelled: { kind: "", name: "cross", again: true },
};

/** How it ended, in the words for a push or for a code. */
function endingOf(doc) {
  const push = doc.method.kind === "push";
  if (doc.state === "denied") return push ? (doc.reason === "wrong-number" ? "wrong" : "denied") : "tries";
  if (doc.state === "expired" && !push) return "late";
  return doc.state;
}

function ended(ctx, root, doc) {
  if (doc.state === "approved") {
    approved(ctx, root, doc);
    return;
  }
  const key = endingOf(doc);
  const ending = ENDINGS[key] ?? ENDINGS.expired;
  put(root, resultCard({
    kind: ending.kind,
    name: ending.name,
    heading: t(`push.${key}.heading`),
    text: t(`push.${key}.text`, { organisation: ctx.site.organisation }),
    testid: `outcome-${key}`,
    actions: [ending.again ? againButton(ctx, root) : null, leaveButton(ctx)],
    more: ending.again ? elsewhere(ctx, root, withHelpdesk(doc.others)) : null,
  }));
}

async function approved(ctx, root, doc) {
  const key = doc.method.kind === "push" ? "push" : "code";
  put(root, resultCard({ kind: "good", name: "check", heading: t(`${key}.approved.heading`), text: t(`${key}.approved.text`), testid: "outcome-approved", actions: [], busy: true }));
  try {
    await post("/api/challenge/finish");
    if (!ctx.signal.aborted) ctx.go("done");
  } catch (error) {
    if (!ctx.signal.aborted) await refused(ctx, root, error);
  }
}

async function refused(ctx, root, error) {
  const text = refusalText(ctx, error);
  if (ctx.signal.aborted) return;
  const key = REFUSALS.includes(error.slug) ? error.slug : "other";
  const { ways } = ELSEWHERE.includes(error.slug) ? await get("/api/ways", ctx.signal).catch(() => ({ ways: [] })) : { ways: [] };
  if (ctx.signal.aborted) return;
  // A lock is on codes alone.
  const locked = error.slug === "locked";
  const open = locked ? ways.filter(({ kind }) => kind === "push") : withHelpdesk(ways);
  put(root, resultCard({
    kind: "warn",
    name: "alert",
    heading: t(`push.refused.${key}.heading`),
    text,
    testid: `refused-${key}`,
    actions: [FINAL.includes(key) ? null : againButton(ctx, root), leaveButton(ctx)],
    more: ELSEWHERE.includes(error.slug) ? elsewhere(ctx, root, open) : null,
  }));
}

function refusalText(ctx, error) {
  if (!SENTENCES.includes(error.slug)) return ctx.fail(error);
  const seconds = Number(error.document.retry_after_s);
  const wait = seconds > 0 ? plural("push.wait.minutes", Math.ceil(seconds / MINUTE_S)) : t("push.wait.soon");
  return t(`push.refused.${error.slug}.text`, { wait });
}

/** The other ways below an end, where there are any. */
function elsewhere(ctx, root, others) {
  if (others.length === 0) return null;
  return el("div", { class: "rule" },
    el("p", { class: "strong" }, t("ways.or")),
    waysList(others, (offer) => attempt(ctx, root, () => post("/api/challenge/switch", { method: offer.method_id ?? offer.kind }))));
}

function put(root, card) {
  root.replaceChildren(card.node);
  card.focus();
}

function againButton(ctx, root) {
  return button(t("push.again"), { kind: "primary", icon: "again", testid: "again", onPress: () => attempt(ctx, root, () => post("/api/challenge/retry")) });
}

function leaveButton(ctx) {
  return button(t("push.leave"), { testid: "leave", onPress: ctx.restart });
}
