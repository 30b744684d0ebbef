// Setting up a phone: the QR code and its text, then the six digits that the phone shows.

import { announce, button, el, field, icon, notice, onlyDigits } from "/shared/dom.js";
import { follow, get, post } from "/shared/net.js";
import { clockTime, countdown } from "/shared/countdown.js";
import { plural, t } from "/shared/text.js";
import { phoneLink, resultCard } from "/login/screens/parts.js";

const CODE_LENGTH = 6;

/** The screen of an enrolment: the session's unfinished one (after a reload), or a new one. */
export function enrolScreen(ctx) {
  const root = el("div", { class: "screen stack narrow wider", testid: "screen-enrol" },
    el("div", { class: "card" }, el("h1", {}, t("enrol.heading")), el("p", { class: "muted" }, el("span", { class: "spinner" }))));
  begin(ctx, root);
  return root;
}

async function begin(ctx, root) {
  const inner = new AbortController();
  ctx.signal.addEventListener("abort", () => inner.abort(), { once: true });
  try {
    const first = (await unfinished(ctx)) ?? (await post("/api/enrolment/start"));
    if (ctx.signal.aborted) return;
    const form = enrolmentForm(ctx, first, inner.signal);
    root.replaceChildren(form.node);
    form.focus();
    const update = (doc) => {
      if (doc.id !== first.id) return;
      if (doc.state === "waiting" || doc.state === "claimed") {
        form.update(doc);
        return;
      }
      inner.abort();
      end(ctx, root, doc);
    };
    form.onResult(update);
    update(first);
    await follow("/api/enrolment", inner.signal, update, ctx.lost);
  } catch (error) {
    root.replaceChildren(el("div", { class: "card stack" },
      el("h1", {}, t("enrol.heading")),
      notice("bad", "alert", ctx.fail(error), { role: "alert", testid: "enrol-failed" }),
      el("div", { class: "row" },
        button(t("enrol.again"), { kind: "primary", testid: "enrol-again", onPress: () => begin(ctx, root) }),
        cancelButton(ctx))));
  }
}

async function unfinished(ctx) {
  const found = await get("/api/enrolment", ctx.signal).catch((error) => {
    if (error.slug === "not-found") return null;
    throw error;
  });
  return found && ["waiting", "claimed"].includes(found.state) ? found : null;
}

function enrolmentForm(ctx, first, signal) {
  const clock = countdown({ minutes: true, testid: "enrol-countdown", words: (seconds) => t("enrol.ends", { time: clockTime(seconds) }) });
  signal.addEventListener("abort", clock.stop, { once: true });

  const waiting = el("p", { class: "row muted", testid: "enrol-waiting" }, el("span", { class: "spinner", "aria-hidden": "true" }), t("enrol.step2.wait"));
  const claimed = el("p", { class: "row good-text", testid: "enrol-claimed", hidden: true });
  const code = field(t("enrol.code"), { hint: t("enrol.code.hint"), testid: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "11", class: "digits" });
  onlyDigits(code.input, CODE_LENGTH);
  const confirm = button(t("enrol.confirm"), { kind: "primary", wide: true, type: "submit", testid: "confirm" });
  const entry = el("div", { class: "stack", hidden: true, testid: "code-entry" }, code.node, confirm);

  let onResult = () => {};
  const send = async (event) => {
    event.preventDefault();
    if (entry.hidden) return;
    code.clear();
    if (code.input.value.length !== CODE_LENGTH) {
      code.fail(t("enrol.code.short"));
      return;
    }
    confirm.disabled = true;
    try {
      onResult(await post("/api/enrolment/confirm", { code: code.input.value }));
    } catch (error) {
      if (error.slug === "enrolment-ended" && !signal.aborted) onResult({ ...first, state: "aborted" });
      else {
        code.input.value = "";
        code.fail(error.slug === "wrong-code" ? plural("enrol.code.wrong", Number(error.document.tries_left ?? 0)) : ctx.fail(error));
      }
    } finally {
      confirm.disabled = false;
    }
  };

  const heading = el("h1", { tabindex: "-1" }, t("enrol.heading"));
  const node = el(
    "form",
    { class: "card stack", novalidate: true, on: { submit: send } },
    el("div", { class: "stack-s" },
      heading,
      el("p", { class: "muted" }, t("enrol.lead"))),
    el("section", { class: "step stack" },
      el("h2", {}, el("span", { class: "step-number", "aria-hidden": "true" }, "1"), t("enrol.step1")),
      el("div", { class: "qr-row" },
        el("img", { class: "qr", testid: "qr", src: `/api/enrolment/qr.svg?id=${encodeURIComponent(first.id)}`, alt: t("enrol.qr"), width: 232, height: 232 }),
        el("div", { class: "stack qr-side" },
          el("p", { class: "small muted" }, t("enrol.step1.text")),
          el("div", { class: "row" }, clock.node, phoneLink(ctx, t("enrol.open-phone"))))),
      qrText(first.qr)),
    el("section", { class: "step stack" },
      el("h2", {}, el("span", { class: "step-number", "aria-hidden": "true" }, "2"), t("enrol.step2")),
      waiting, claimed, entry),
    el("div", { class: "row" }, cancelButton(ctx)),
  );

  let was = null;
  const update = (doc) => {
    clock.set(doc.ends_in_ms, doc.total_ms);
    if (doc.state === was) return;
    was = doc.state;
    const ready = doc.state === "claimed";
    waiting.hidden = ready;
    claimed.hidden = !ready;
    entry.hidden = !ready;
    if (ready) {
      const words = t("enrol.claimed", { device: doc.device?.name ?? t("enrol.your-phone") });
      claimed.replaceChildren(icon("check"), words);
      announce(words);
      code.input.focus();
    }
  };
  return { node, update, focus: () => heading.focus(), onResult: (listener) => (onResult = listener) };
}

function qrText(text) {
  const box = field(t("enrol.text"), { tag: "textarea", testid: "qr-text", rows: "3", readonly: true, class: "mono", spellcheck: "false" });
  box.input.value = text;
  const said = el("span", { class: "small muted", role: "status", testid: "copied" });
  const copy = button(t("enrol.copy"), {
    kind: "secondary slim",
    icon: "copy",
    testid: "copy",
    onPress: async () => {
      try {
        await navigator.clipboard.writeText(text);
        said.textContent = t("enrol.copied");
      } catch {
        box.input.focus();
        box.input.select();
        said.textContent = t("enrol.copy-failed");
      }
    },
  });
  return el("div", { class: "stack-s" }, box.node, el("div", { class: "row" }, copy, said));
}

function end(ctx, root, doc) {
  const good = doc.state === "active";
  const key = good || doc.state === "expired" ? doc.state : "aborted";
  const device = doc.device?.name ?? t("enrol.your-phone");
  const onward = good
    ? button(t("enrol.active.continue"), { kind: "primary", testid: "enrol-continue", onPress: () => proceed(ctx) })
    : button(t("enrol.again"), { kind: "primary", testid: "enrol-again", onPress: () => begin(ctx, root) });
  const card = resultCard({
    kind: good ? "good" : "warn",
    name: good ? "check" : "clock",
    heading: t(`enrol.${key}.heading`),
    text: t(`enrol.${key}.text`, { device, user: ctx.site.user }),
    testid: `enrol-${key}`,
    actions: good ? [onward] : [onward, cancelButton(ctx)],
  });
  root.replaceChildren(card.node);
  card.focus();
}

async function proceed(ctx) {
  const session = await get("/api/session").catch((error) => ctx.fail(error));
  if (typeof session === "object") ctx.go(session.state, session.user);
}

function cancelButton(ctx) {
  return button(t("enrol.cancel"), {
    kind: "secondary",
    testid: "enrol-cancel",
    onPress: async () => {
      await post("/api/enrolment/cancel").catch(() => {});
      const session = await get("/api/session").catch(() => ({ state: "signed-out" }));
      if (session.state === "done") ctx.go("done", session.user);
      else await ctx.restart();
    },
  });
}
