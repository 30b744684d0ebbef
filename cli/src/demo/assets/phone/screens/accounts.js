// The first screens: the welcome of an empty phone, and the list of accounts.

import { el, icon } from "/shared/dom.js";
import { shortTime, t } from "/shared/text.js";

/** An empty phone. */
export function welcomeScreen() {
  const point = (name, key) => el("li", {}, icon(name), el("span", {}, t(key)));
  return {
    title: t("welcome.screen"),
    node: el("section", { class: "screen welcome", testid: "screen-welcome" },
      el("img", { class: "welcome-mark", src: "/shared/nod.svg", alt: "", width: 88, height: 88 }),
      el("div", { class: "stack-s" },
        el("h1", {}, t("welcome.heading")),
        el("p", { class: "muted" }, t("welcome.text"))),
      el("ul", { class: "points" },
        point("place", "welcome.point1"),
        point("check", "welcome.point2"),
        point("shield", "welcome.point3")),
      el("div", { class: "bottom-action stack-s fill" },
        el("a", { class: "button primary wide", href: "#/add", testid: "add-account" }, icon("scan"), t("welcome.add")),
        el("p", { class: "small muted" }, t("welcome.add.hint")))),
  };
}

/** The list of accounts. */
export function accountsScreen(_phone, first) {
  const list = el("ul", { class: "list", testid: "accounts" });
  let drawn = "";
  const update = ({ accounts }) => {
    const facts = JSON.stringify(accounts);
    if (facts === drawn) return;
    drawn = facts;
    list.replaceChildren(...accounts.map(accountRow));
  };
  update(first);
  return {
    title: t("accounts.screen"),
    update,
    node: el("section", { class: "screen stack", testid: "screen-accounts" },
      el("h1", {}, t("accounts.heading")),
      list,
      el("p", { class: "calm small muted", testid: "quiet" }, icon("check"), t("accounts.quiet")),
      el("div", { class: "bottom-action stack-s" },
        el("a", { class: "button secondary wide", href: "#/add", testid: "add-account" }, icon("plus"), t("accounts.add")),
        moveLink())),
  };
}

function accountRow(account) {
  const used = account.last_used_at ? t("accounts.used", { time: shortTime(account.last_used_at) }) : t("accounts.unused");
  return el("li", {},
    el("a", { class: "entry", href: `#/account/${encodeURIComponent(account.id)}`, testid: "account", "data-account": account.id },
      initial(account.service),
      el("span", { class: "entry-text" },
        el("span", { class: "strong" }, account.service, account.label ? el("span", { class: "muted thin" }, ` · ${account.label}`) : null),
        el("span", { class: "small muted" }, account.domain ?? used),
        account.domain ? el("span", { class: "small muted" }, used) : null,
        account.state === "suspended" ? el("span", { class: "badge bad" }, t("accounts.suspended")) : null),
      icon("forward")));
}

/** The way to a new phone. */
export function moveLink() {
  return el("a", { class: "button quiet wide", href: "#/move", testid: "move-start" }, icon("handover"), t("move.start"));
}

/** The first letter of a service's name on a tile. Decoration: the name stands beside it. */
export function initial(service) {
  return el("span", { class: "initial", "aria-hidden": "true" }, (Array.from(service.trim())[0] ?? "?").toUpperCase());
}
