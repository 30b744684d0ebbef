// Signed in: by which method and to which level, when, and the phone's answer that proves it; then the user's methods.

import { button, el, icon, notice } from "/shared/dom.js";
import { get, post } from "/shared/net.js";
import { choose, dateTime, t } from "/shared/text.js";
import { devicesSection } from "/login/screens/devices.js";
import { relayElsewhere } from "/login/screens/parts.js";
import { ICONS } from "/login/screens/ways.js";

const SECOND_MS = 1000;
/** Levels that a thing in the user's hand reaches; the others can be read on the way or off a sheet of paper. */
const STRONG = ["push-number", "push-tap", "otp"];

/** The screen of a signed-in user. */
export function doneScreen(ctx) {
  const body = el("div", { class: "stack" }, el("p", { class: "muted" }, el("span", { class: "spinner" })));
  fill(ctx, body);
  return el("div", { class: "screen stack wide", testid: "screen-done" },
    el("div", { class: "stack-s" },
      el("h1", {}, t("done.heading", { user: ctx.site.user })),
      el("p", { class: "muted" }, t("done.lead"))),
    body,
    methodsSection(ctx),
    devicesSection(ctx));
}

async function fill(ctx, body) {
  try {
    const result = await get("/api/result", ctx.signal);
    body.replaceChildren(...[summary(result), result.answer ? answer(result) : null].filter(Boolean));
  } catch (error) {
    if (!ctx.signal.aborted) body.replaceChildren(notice("bad", "alert", ctx.fail(error), { role: "alert" }));
  }
}

function summary(result) {
  const proven = result.verified === true;
  const strong = STRONG.includes(result.acr);
  const words = proven ? "done.verified" : "done.by-code";
  return el("section", { class: "card stack", testid: "result" },
    el("div", { class: "verdict" },
      el("div", { class: `medallion small ${strong ? "good" : "warn"}` }, icon(proven ? "shield" : ICONS[result.method.kind] ?? "shield")),
      el("div", {},
        el("h2", { testid: "verified", "data-verified": String(proven) }, t(words)),
        el("p", { class: "small muted" }, t(`${words}.text`)))),
    el("dl", { class: "facts" },
      fact(t("done.who"), result.user, "result-user"),
      proven
        ? fact(t("done.device"), `${result.device.name} · ${result.device.model}`, "result-device")
        : fact(t("done.method"), [choose("way", result.method.kind), result.method.hint].filter(Boolean).join(" · "), "result-method"),
      fact(t("done.acr"), [
        el("span", { class: `badge ${strong ? "good" : "warn"}` }, result.acr),
        el("p", { class: "small muted plain" }, choose("acr", result.acr)),
      ], "result-acr"),
      fact(t("done.when"), dateTime(result.approved_at), "result-time"),
      fact(t("done.challenge"), el("span", { class: "mono" }, result.challenge_id), "result-challenge")));
}

/** The way to the relay's own pages, where the user looks after the methods. */
function methodsSection(ctx) {
  const trouble = el("div", { role: "alert", testid: "portal-trouble" });
  const manage = button(t("methods.manage"), {
    kind: "primary",
    icon: "forward",
    testid: "manage-methods",
    onPress: async () => {
      trouble.replaceChildren();
      try {
        const { url } = await post("/api/portal");
        location.assign(url);
      } catch (error) {
        if (!ctx.signal.aborted) trouble.replaceChildren(notice("bad", "alert", ctx.fail(error)));
      }
    },
  });
  return el("section", { class: "card stack", "aria-labelledby": "methods" },
    el("div", { class: "stack-s" },
      el("h2", { id: "methods" }, t("methods.heading")),
      el("p", { class: "small muted" }, t("methods.text"))),
    trouble,
    ctx.site.relayReachable ? el("div", { class: "row" }, manage) : relayElsewhere());
}

function fact(name, value, testid) {
  return el("div", {}, el("dt", {}, name), el("dd", { testid }, value));
}

function answer(result) {
  const rows = Object.entries(result.claims).map(([name, value]) =>
    el("tr", {},
      el("th", { scope: "row" }, choose("claim", name, { name }), el("code", {}, name)),
      el("td", { class: "mono", testid: `claim-${name}` }, claimText(name, value))));
  return el("section", { class: "card stack", "aria-labelledby": "answer" },
    el("div", { class: "stack-s" },
      el("h2", { id: "answer" }, t("done.answer")),
      el("p", { class: "small muted" }, t("done.answer.text"))),
    el("table", { class: "claims", testid: "claims" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("done.claim")), el("th", { scope: "col" }, t("done.value")))),
      el("tbody", {}, rows)),
    el("details", {},
      el("summary", {}, t("done.raw")),
      el("p", { class: "mono raw", testid: "answer-jws" }, result.answer)),
    el("details", {},
      el("summary", {}, t("done.key")),
      el("pre", { class: "mono raw", testid: "answer-key", tabindex: "0" }, JSON.stringify(result.key, null, 2))));
}

function claimText(name, value) {
  if (name === "iat" && typeof value === "number") return `${value} (${dateTime(value * SECOND_MS)})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
