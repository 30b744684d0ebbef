// The new phone before anything moves: it asks the old one, then shows the digits to type there.

import { el, icon } from "/shared/dom.js";
import { grouped, t } from "/shared/text.js";
import { cancelButton, moveClock } from "/phone/screens/move-old.js";

/** The new phone while it waits: for the old phone's proof, then for its user to type the digits there. */
export function joinScreen(phone, state) {
  const { move } = state;
  if (move.state === "code") return codeScreen(phone, move);
  return {
    title: t("join.screen"),
    node: el("section", { class: "screen stack centred-screen", testid: "screen-move-joining" },
      el("span", { class: "spinner large", "aria-hidden": "true" }),
      el("h1", {}, t("join.heading")),
      el("p", { class: "muted" }, t("join.text")),
      cancelButton(phone)),
  };
}

function codeScreen(phone, first) {
  const peer = first.peer ?? t("move.another");
  const clock = moveClock("join.code.left");
  const update = ({ move }) => clock.set(move.ends_in_ms, move.total_ms);
  update({ move: first });
  return {
    title: t("join.code.screen"),
    update,
    leave: clock.stop,
    node: el("section", { class: "screen stack centred-screen", testid: "screen-move-code" },
      el("p", { class: "row strong peer", testid: "move-peer" }, icon("handover"), t("join.code.peer", { peer })),
      el("h1", {}, t("join.code.heading")),
      el("p", { class: "check-code", testid: "move-code", "data-code": first.code },
        el("span", { class: "visually-hidden" }, t("join.code.spoken", { code: [...first.code].join(" ") })),
        el("span", { "aria-hidden": "true" }, grouped(first.code))),
      el("p", { class: "muted" }, t("join.code.text")),
      el("div", { class: "row waits" },
        clock.node,
        el("p", { class: "small muted" }, t("join.code.waiting", { peer }))),
      el("p", { class: "small muted" }, t("join.code.only")),
      cancelButton(phone)),
  };
}
