// One account: its facts, the user's name for it, and its removal with a question before it.

import { announce, button, el, field, icon, notice } from "/shared/dom.js";
import { choose, dateTime, t } from "/shared/text.js";
import { initial } from "/phone/screens/accounts.js";

const LABEL_LENGTH = 40;

/** The screen of account `id`. */
export function accountScreen(phone, state, id) {
  const account = state.accounts.find((one) => one.id === id);
  const trouble = el("div", { role: "alert", testid: "account-trouble" });
  const complain = (error) => trouble.replaceChildren(notice("bad", "alert", phone.words(error)));
  return {
    title: t("account.screen"),
    node: el("section", { class: "screen stack", testid: "screen-account" },
      el("a", { class: "back-link", href: "#/", testid: "back" }, icon("back"), t("accounts.heading")),
      el("div", { class: "asker" },
        initial(account.service),
        el("div", { class: "asker-name" },
          el("h1", { testid: "account-service" }, account.service),
          account.domain ? el("p", { class: "small domain" }, icon("shield"), account.domain) : null)),
      account.state === "suspended" ? notice("bad", "alert", t("account.suspended")) : null,
      rename(phone, account, complain),
      el("dl", { class: "facts plain" },
        fact("account.domain", account.domain ?? t("account.no-domain")),
        fact("account.added", dateTime(account.added_at)),
        fact("account.used", account.last_used_at ? dateTime(account.last_used_at) : t("account.never")),
        fact("account.mode", choose("account.mode", account.mode))),
      trouble,
      removal(phone, account, complain)),
  };
}

function fact(key, value) {
  return el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));
}

function rename(phone, account, complain) {
  const label = field(t("account.label"), { testid: "label-input", maxlength: String(LABEL_LENGTH), autocomplete: "off" });
  label.input.value = account.label ?? "";
  const save = button(t("account.save"), { kind: "secondary", type: "submit", testid: "label-save" });
  const saved = el("p", { class: "row small good-text saved", role: "status", testid: "label-saved" });
  const send = async (event) => {
    event.preventDefault();
    const text = label.input.value.trim();
    saved.replaceChildren();
    try {
      await phone.act("rename", { account: account.id, label: text });
      saved.replaceChildren(icon("check"), t("account.saved"));
    } catch (error) {
      complain(error);
    }
  };
  return el("form", { class: "joined", novalidate: true, on: { submit: send } }, label.node, save, saved);
}

function removal(phone, account, complain) {
  const ask = button(t("account.remove"), { kind: "quiet bad", wide: true, icon: "bin", testid: "account-remove", "aria-expanded": "false", onPress: () => open(true) });
  const keep = button(t("account.remove.no"), { kind: "secondary", wide: true, testid: "account-keep", onPress: () => open(false) });
  const question = el("div", { class: "notice bad question", hidden: true, role: "group", "aria-labelledby": "remove-question", testid: "account-question" },
    el("h2", { id: "remove-question" }, t("account.remove.heading", { service: account.service })),
    el("p", {}, t("account.remove.text")),
    button(t("account.remove.yes"), {
      kind: "danger",
      wide: true,
      testid: "account-remove-confirm",
      onPress: async () => {
        try {
          await phone.act("remove", { account: account.id });
          phone.open("#/");
          announce(t("account.removed"));
        } catch (error) {
          complain(error);
        }
      },
    }),
    keep);
  const open = (yes) => {
    question.hidden = !yes;
    ask.hidden = yes;
    ask.setAttribute("aria-expanded", String(yes));
    (yes ? keep : ask).focus();
  };
  return el("div", { class: "bottom-action" }, ask, question);
}
