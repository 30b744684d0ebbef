// One one-time code: its names, what it is, and its removal with a question before it.

import { announce, button, el, field, icon, notice } from "/shared/dom.js";
import { t } from "/shared/text.js";
import { nameOf } from "/phone/screens/codes.js";

const NAME_LENGTH = 128;

/** The screen of code `id`. */
export function codeScreen(phone, state, id) {
  const code = state.codes.find((one) => one.id === id);
  const trouble = el("div", { role: "alert", testid: "code-trouble" });
  const complain = (error) => trouble.replaceChildren(notice("bad", "alert", phone.words(error)));
  return {
    title: t("code.screen"),
    node: el("section", { class: "screen stack", testid: "screen-code-details" },
      el("a", { class: "back-link", href: "#/codes", testid: "back" }, icon("back"), t("codes.heading")),
      el("h1", { class: "code-title" }, nameOf(code)),
      rename(phone, code, complain),
      el("dl", { class: "facts plain" },
        fact("code.kind", t(`code.kind.${code.kind}`)),
        fact("code.digits", String(code.digits))),
      trouble,
      removal(phone, code, complain)),
  };
}

function fact(key, value) {
  return el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));
}

function rename(phone, code, complain) {
  const names = { maxlength: String(NAME_LENGTH), autocomplete: "off" };
  const issuer = field(t("code.issuer"), { testid: "code-issuer", ...names });
  const account = field(t("code.account"), { testid: "code-account", ...names });
  issuer.input.value = code.issuer;
  account.input.value = code.account;
  const save = button(t("code.save"), { kind: "secondary", type: "submit", testid: "code-save" });
  const saved = el("p", { class: "row small good-text", role: "status", testid: "code-saved" });
  const send = async (event) => {
    event.preventDefault();
    issuer.clear();
    saved.replaceChildren();
    const body = { id: code.id, issuer: issuer.input.value.trim(), account: account.input.value.trim() };
    if (body.issuer === "" && body.account === "") {
      issuer.fail(t("code.unnamed"));
      return;
    }
    try {
      await phone.act("codes/rename", body);
      saved.replaceChildren(icon("check"), t("code.saved"));
    } catch (error) {
      complain(error);
    }
  };
  return el("form", { class: "stack", novalidate: true, on: { submit: send } }, issuer.node, account.node, el("div", { class: "row" }, save, saved));
}

function removal(phone, code, complain) {
  const ask = button(t("code.remove"), { kind: "quiet bad", wide: true, icon: "bin", testid: "code-remove", "aria-expanded": "false", onPress: () => open(true) });
  const keep = button(t("code.remove.no"), { kind: "secondary", wide: true, testid: "code-keep", onPress: () => open(false) });
  const question = el("div", { class: "notice bad question", hidden: true, role: "group", "aria-labelledby": "code-question", testid: "code-question" },
    el("h2", { id: "code-question" }, t("code.remove.heading", { name: nameOf(code) })),
    el("p", {}, t("code.remove.text")),
    button(t("code.remove.yes"), {
      kind: "danger",
      wide: true,
      testid: "code-remove-confirm",
      onPress: async () => {
        try {
          phone.open("#/codes");
          await phone.act("codes/remove", { id: code.id });
          announce(t("code.removed"));
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
