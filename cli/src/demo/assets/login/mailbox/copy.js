// A code with a button that copies it.

import { announce, button, el } from "/shared/dom.js";
import { grouped, t } from "/shared/text.js";

const SAID_MS = 2000;

/** The code and its button; the button says when it is done. */
export function copyCode(code, { testid = "letter-code", shown = grouped(code) } = {}) {
  const digits = el("span", { class: "code-text", testid, "data-code": code }, shown);
  let timer = null;
  const copy = button(t("mailbox.copy"), {
    kind: "secondary slim",
    icon: "copy",
    testid: `${testid}-copy`,
    "aria-label": t("mailbox.copy-label", { code: [...code].join(" ") }),
    onPress: async () => {
      let words = t("mailbox.copied");
      try {
        await navigator.clipboard.writeText(code);
      } catch {
        window.getSelection().selectAllChildren(digits);
        words = t("mailbox.copy-failed");
      }
      announce(words);
      copy.lastChild.textContent = words;
      clearTimeout(timer);
      timer = setTimeout(() => {
        copy.lastChild.textContent = t("mailbox.copy");
        announce("");
      }, SAID_MS);
    },
  });
  return el("div", { class: "row code-line" }, digits, copy);
}
