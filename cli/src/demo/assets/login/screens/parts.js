// Pieces that several screens of the login site use.

import { el, icon, notice } from "/shared/dom.js";
import { t } from "/shared/text.js";

/** A link to the phone in the browser, or nothing when there is none. */
export function phoneLink(ctx, text) {
  if (!ctx.site.phoneUrl) return null;
  return el("a", { class: "button secondary slim", href: ctx.site.phoneUrl, target: "_blank", rel: "noopener noreferrer", testid: "open-phone" },
    icon("phone"), text, el("span", { class: "visually-hidden" }, t("enrol.new-tab")));
}

/** A link to the mailbox of the demonstration; to what `user` got, where one is named. */
export function mailboxLink(text, { user = null, ...rest } = {}) {
  return el("a", { href: user === null ? "/mailbox" : `/mailbox#${user}`, target: "_blank", rel: "noopener", ...rest },
    text, el("span", { class: "visually-hidden" }, ` ${t("enrol.new-tab")}`));
}

/** In place of a way to the relay's own pages, which no other computer reaches. */
export function relayElsewhere() {
  return notice("warn", "alert", t("relay.elsewhere"), { testid: "relay-elsewhere" });
}

/** A result: a medallion, a heading that takes the focus, a sentence, buttons. */
export function resultCard({ kind, name, heading, text, testid, actions, more = null, busy = false }) {
  const title = el("h1", { tabindex: "-1" }, heading);
  const node = el("div", { class: "card stack result", testid },
    el("div", { class: `medallion ${kind}` }, icon(name)),
    el("div", { class: "stack-s" },
      title,
      el("p", { class: "muted row" }, busy ? el("span", { class: "spinner", "aria-hidden": "true" }) : null, el("span", {}, text))),
    actions.length > 0 ? el("div", { class: "row" }, actions) : null,
    more);
  return { node, focus: () => title.focus() };
}
