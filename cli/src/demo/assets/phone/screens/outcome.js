// How a challenge ended.

import { button, el, icon } from "/shared/dom.js";
import { choose, shortTime, t } from "/shared/text.js";

const LOOKS = {
  "approved": { kind: "good", name: "check" },
  "denied": { kind: "bad", name: "cross" },
  "reported": { kind: "bad", name: "flag" },
  "wrong-number": { kind: "bad", name: "cross" },
  "expired": { kind: "warn", name: "clock" },
  "superseded": { kind: "", name: "swap" },
  "cancelled": { kind: "", name: "cross" },
  "answered-elsewhere": { kind: "", name: "phone" },
  "refused": { kind: "warn", name: "alert" },
  "unconfirmed": { kind: "warn", name: "alert" },
};

/** The colour and the icon of an outcome. */
export function look(outcome) {
  return Object.hasOwn(LOOKS, outcome) ? LOOKS[outcome] : { kind: "", name: "info" };
}

/** The screen of the newest outcome. */
export function outcomeScreen(phone, { outcome }) {
  const { kind, name } = look(outcome.outcome);
  const title = choose("outcome.screen", outcome.outcome);
  return {
    title,
    node: el("section", { class: "screen stack centred-screen", testid: "screen-outcome", "data-outcome": outcome.outcome },
      el("div", { class: `medallion ${kind}` }, icon(name)),
      el("h1", {}, title),
      el("p", { class: "muted" }, choose("outcome", outcome.outcome, { service: outcome.service })),
      el("p", { class: "small muted" }, [outcome.service, outcome.application, shortTime(outcome.at)].filter(Boolean).join(" · ")),
      button(t("outcome.close"), {
        kind: "primary bottom-action",
        wide: true,
        testid: "outcome-close",
        onPress: async () => {
          phone.open("#/");
          await phone.act("dismiss", { what: "outcome" }).catch(() => {});
        },
      })),
  };
}
