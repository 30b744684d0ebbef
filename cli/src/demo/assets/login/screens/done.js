// Signed in: who approved, from which phone, when, and the answer that proves it; then the user's phones.

import { el, icon, notice } from "/shared/dom.js";
import { get } from "/shared/net.js";
import { choose, dateTime, t } from "/shared/text.js";
import { devicesSection } from "/login/screens/devices.js";

const SECOND_MS = 1000;

/** The screen of a signed-in user. */
export function doneScreen(ctx) {
  const body = el("div", { class: "stack" }, el("p", { class: "muted" }, el("span", { class: "spinner" })));
  fill(ctx, body);
  return el("div", { class: "screen stack wide", testid: "screen-done" },
    el("div", { class: "stack-s" },
      el("h1", {}, t("done.heading", { user: ctx.site.user })),
      el("p", { class: "muted" }, t("done.lead"))),
    body,
    devicesSection(ctx));
}

async function fill(ctx, body) {
  try {
    const result = await get("/api/result", ctx.signal);
    body.replaceChildren(summary(result), answer(result));
  } catch (error) {
    if (!ctx.signal.aborted) body.replaceChildren(notice("bad", "alert", ctx.fail(error), { role: "alert" }));
  }
}

function summary(result) {
  const verified = result.verified === true;
  return el("section", { class: "card stack", testid: "result" },
    el("div", { class: "verdict" },
      el("div", { class: `medallion small ${verified ? "good" : "bad"}` }, icon(verified ? "shield" : "alert")),
      el("div", {},
        el("h2", { testid: "verified", "data-verified": String(verified) }, t(verified ? "done.verified" : "done.not-verified")),
        el("p", { class: "small muted" }, t(verified ? "done.verified.text" : "done.not-verified.text")))),
    el("dl", { class: "facts" },
      fact(t("done.who"), result.user, "result-user"),
      fact(t("done.device"), `${result.device.name} · ${result.device.model}`, "result-device"),
      fact(t("done.when"), dateTime(result.approved_at), "result-time"),
      fact(t("done.challenge"), el("span", { class: "mono" }, result.challenge_id), "result-challenge")));
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
