// What the made-up people carry that is no phone: a key fob, drawn, and a sheet of recovery codes.

import { el } from "/shared/dom.js";
import { get } from "/shared/net.js";
import { countdown } from "/shared/countdown.js";
import { plural, t } from "/shared/text.js";
import { copyCode } from "/login/mailbox/copy.js";

/** After the end of a period: what is then asked for is the next number. */
const AFTER_END_MS = 200;
const AGAIN_MS = 3000;

/** The section with both. `chosen()` is the person whose things are shown, or null. */
export function pocketSection(chosen) {
  const list = el("div", { class: "stack" });
  const node = el("section", { class: "stack pocket", "aria-labelledby": "pocket", testid: "pocket" }, el("h2", { id: "pocket" }, t("mailbox.pocket")), list);
  let shown = null;
  let cards = null;
  let timer = null;

  const draw = () => {
    if (shown === null) return;
    const person = chosen();
    const has = (thing) => person === null || person.user === thing.user;
    cards ??= { fob: fobCard(shown.fob, lookSoon), paper: paperCard(shown.paper) };
    list.replaceChildren(...[has(shown.fob) ? cards.fob.node : null, has(shown.paper) ? cards.paper.node : null].filter(Boolean));
    node.hidden = list.childElementCount === 0;
  };
  const look = async () => {
    clearTimeout(timer);
    try {
      shown = await get("/api/pocket");
    } catch {
      // The letters say that the server is away.
      timer = setTimeout(look, AGAIN_MS);
      return;
    }
    draw();
    cards.fob.update(shown.fob);
    cards.paper.update(shown.paper);
  };
  const lookSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, AFTER_END_MS);
  };
  node.hidden = true;
  look();
  return { node, draw, look };
}

/** The fob: a ring, a case and a display. */
function fobCard(first, onPeriod) {
  const clock = countdown({ testid: "fob-countdown", words: (seconds) => plural("mailbox.fob.left", seconds), onEnd: onPeriod });
  const display = el("div", {});
  const node = el("div", { class: "card stack-s", testid: "fob", "data-user": first.user },
    el("h3", {}, t("mailbox.fob", { user: first.user })),
    el("div", { class: "fob" },
      el("div", { class: "fob-ring", "aria-hidden": "true" }),
      el("div", { class: "fob-case" },
        el("span", { class: "fob-name", "aria-hidden": "true" }, first.model),
        display,
        el("span", { class: "fob-name mono" }, first.serial))),
    el("div", { class: "delivery" }, clock.node, el("p", { class: "small muted" }, t("mailbox.fob.text"))));
  let code = null;
  const update = (fob) => {
    clock.set(fob.ends_in_ms, fob.total_ms);
    if (fob.code === code) return;
    code = fob.code;
    display.replaceChildren(copyCode(code, { testid: "fob-code" }));
  };
  return { node, update };
}

/** The sheet: ten codes, the used ones struck out. */
function paperCard(first) {
  const list = el("ul", { class: "paper", testid: "paper-codes" });
  const node = el("div", { class: "card stack-s", testid: "paper", "data-user": first.user },
    el("h3", {}, t("mailbox.paper", { user: first.user })),
    el("p", { class: "small muted" }, t("mailbox.paper.text")),
    list);
  let known = "";
  const update = (paper) => {
    const now = JSON.stringify(paper.codes);
    if (now === known) return;
    known = now;
    list.replaceChildren(...paper.codes.map(({ code, used }) => el("li", {}, used
      ? el("span", { class: "mono muted", testid: "paper-used" }, el("s", {}, code), " ", t("mailbox.paper.used"))
      : copyCode(code, { testid: "paper-code", shown: code }))));
  };
  return { node, update };
}
