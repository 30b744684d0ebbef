// An account is being added: checking, the six-digit check code, or why it failed.

import { button, el, icon } from "/shared/dom.js";
import { countdown } from "/shared/countdown.js";
import { choose, grouped, t } from "/shared/text.js";

/** The screen of an enrolment, by its state. */
export function enrollingScreen(phone, state) {
  const { enrolling } = state;
  if (enrolling.state === "code") return codeScreen(phone, enrolling);
  if (enrolling.state === "failed") return failedScreen(phone, enrolling);
  return {
    title: t("enrolling.contacting.screen"),
    node: el("section", { class: "screen stack centred-screen", testid: "screen-contacting" },
      el("span", { class: "spinner large", "aria-hidden": "true" }),
      el("h1", {}, t("enrolling.contacting.heading")),
      el("p", { class: "muted" }, t("enrolling.contacting.text")),
      dismissButton(phone, "enrolling.cancel", "secondary", "enrolling-cancel")),
  };
}

function codeScreen(phone, first) {
  const clock = countdown({
    minutes: true,
    testid: "enrolling-countdown",
    words: (seconds) => t("enrolling.left", { time: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` }),
  });
  clock.set(first.ends_in_ms, first.total_ms);
  const { service } = first;
  return {
    title: t("enrolling.code.screen"),
    update: ({ enrolling }) => clock.set(enrolling.ends_in_ms, enrolling.total_ms),
    leave: clock.stop,
    node: el("section", { class: "screen stack centred-screen", testid: "screen-code" },
      el("div", { class: "stack-s" },
        el("p", { class: "strong", testid: "enrolling-service" }, service),
        first.domain ? el("p", { class: "small muted domain" }, icon("shield"), first.domain) : null),
      el("h1", {}, t("enrolling.code.heading")),
      el("p", { class: "check-code", testid: "check-code", "data-code": first.code },
        el("span", { class: "visually-hidden" }, t("enrolling.code.spoken", { code: [...first.code].join(" ") })),
        el("span", { "aria-hidden": "true" }, grouped(first.code))),
      el("p", { class: "muted" }, t("enrolling.code.text", { service })),
      clock.node,
      el("p", { class: "row muted small" }, el("span", { class: "spinner", "aria-hidden": "true" }), t("enrolling.code.waiting", { service })),
      el("p", { class: "small muted" }, t("enrolling.code.only")),
      dismissButton(phone, "enrolling.cancel", "secondary", "enrolling-cancel")),
  };
}

function failedScreen(phone, enrolling) {
  return {
    title: t("enrolling.failed.screen"),
    node: el("section", { class: "screen stack centred-screen", testid: "screen-enrolling-failed", "data-reason": enrolling.reason },
      el("div", { class: "medallion bad" }, icon("cross")),
      el("h1", {}, t("enrolling.failed.heading")),
      el("p", { class: "muted" }, choose("enrolling.failed", enrolling.reason)),
      dismissButton(phone, "enrolling.failed.close", "primary", "enrolling-close")),
  };
}

function dismissButton(phone, key, kind, testid) {
  return button(t(key), {
    kind: `${kind} bottom-action`,
    wide: true,
    testid,
    onPress: async () => {
      phone.open("#/");
      await phone.act("dismiss", { what: "enrolling" }).catch(() => {});
    },
  });
}
