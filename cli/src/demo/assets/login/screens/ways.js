// The other ways in: a list to choose from, and what "Forgot your device?" does.

import { button, el, icon } from "/shared/dom.js";
import { choose, t } from "/shared/text.js";

/** Pictures of the kinds. */
export const ICONS = { push: "phone", totp: "keypad", fob: "fob", email: "mail", sms: "bubble", recovery: "note", helpdesk: "info" };
/** What stands in for a device that is not at hand, best first: what needs no thing. */
const WITHOUT_DEVICE = ["email", "sms", "fob", "totp", "recovery"];
/** Kinds for which a device is needed. */
const DEVICES = ["push", "totp", "fob"];
/** Offered in any case: whether a ticket is open is known to the helpdesk and to whom it was read out. */
const HELPDESK = { kind: "helpdesk", method_id: null, label: "", hint: null };

/** The way that stands in for a device that is not at hand; none where no other is set up. */
export function forgotten(others) {
  return WITHOUT_DEVICE.map((kind) => others.find((offer) => offer.kind === kind)).find(Boolean) ?? null;
}

/** The offers, and the helpdesk at their end. */
export function withHelpdesk(others) {
  return [...others.filter(({ kind }) => kind !== "helpdesk"), HELPDESK];
}

/** Buttons for ways; `onChoose` gets the chosen offer. `prefix` tells two lists on a page apart. */
export function waysList(others, onChoose, prefix = "way") {
  return el("ul", { class: "ways", testid: `${prefix}s` }, others.map((offer) => el("li", {}, wayButton(offer, onChoose, prefix))));
}

function wayButton(offer, onChoose, prefix) {
  const node = button("", { kind: "secondary way", testid: `${prefix}-${offer.kind}`, onPress: () => onChoose(offer) });
  const more = [offer.label, offer.hint].filter(Boolean).join(" · ");
  node.append(
    icon(ICONS[offer.kind] ?? "shield"),
    el("span", { class: "way-words" },
      el("span", {}, choose("way", offer.kind)),
      more ? el("span", { class: "small muted" }, more) : null));
  return node;
}

/** "Forgot your device?" and "Change method", with the list that the latter opens. */
export function waysPanel(ctx, { method: { kind }, others }, actions) {
  const nothing = el("p", { class: "small", hidden: true, role: "status", testid: "ways-none" });
  const list = el("div", { class: "stack-s", hidden: true, testid: "ways-panel" },
    el("h2", { tabindex: "-1" }, t("ways.heading")),
    nothing,
    waysList(kind === "helpdesk" ? others : withHelpdesk(others), actions.choose));
  const change = button(t("ways.change"), {
    kind: "quiet slim",
    icon: "swap",
    testid: "change-method",
    "aria-expanded": "false",
    onPress: () => open(list.hidden),
  });
  const open = (yes, focus = true) => {
    list.hidden = !yes;
    change.setAttribute("aria-expanded", String(yes));
    if (yes && focus) list.querySelector("h2").focus();
  };
  const forgot = DEVICES.includes(kind)
    ? button(t("ways.forgot"), {
      kind: "quiet slim",
      testid: "forgot",
      onPress: () => {
        const chosen = actions.forgot(others);
        if (chosen) return chosen;
        nothing.textContent = t("ways.none", { organisation: ctx.site.organisation });
        nothing.hidden = false;
        open(true);
        return null;
      },
    })
    : null;
  return { node: el("div", { class: "rule" }, el("div", { class: "row ways-row" }, forgot, change), list), open: () => open(true, false) };
}
