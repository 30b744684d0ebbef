// The old phone before anything moves: what will happen, the QR code, and the digits that the new phone shows.

import { announce, button, el, field, icon, notice, onlyDigits, svg } from "/shared/dom.js";
import { countdown } from "/shared/countdown.js";
import { plural, t } from "/shared/text.js";

const CODE_LENGTH = 6;
const WARN_AT_S = 20;

/** What a move does, before it begins. */
export function startScreen(phone, { accounts, codes }) {
  const trouble = el("div", { role: "alert", testid: "move-trouble" });
  const point = (name, ...text) => el("li", {}, icon(name), el("span", {}, ...text));
  const goods = [
    accounts.length > 0 ? plural("move.goods.accounts", accounts.length) : null,
    codes.length > 0 ? plural("move.goods.codes", codes.length) : null,
  ].filter(Boolean);
  const both = goods.length > 1 ? t("move.goods.both", { accounts: goods[0], codes: goods[1] }) : goods[0];
  const begin = async () => {
    trouble.replaceChildren();
    try {
      await phone.act("move/start");
    } catch (error) {
      trouble.replaceChildren(notice("bad", "alert", phone.words(error)));
    }
  };
  return {
    title: t("move.start"),
    node: el("section", { class: "screen stack", testid: "screen-move-start" },
      el("div", { class: "stack-s" },
        el("h1", {}, t("move.start")),
        el("p", { class: "muted" }, t("move.start.lead"))),
      el("ul", { class: "points card-list", testid: "move-points" },
        point("handover", el("strong", {}, both), ` ${t("move.start.goods")}`),
        accounts.length > 0 ? point("shield", t("move.start.keys")) : null,
        accounts.length > 0 ? point("cross", t("move.start.after")) : null,
        codes.length > 0 ? point("keypad", t("move.start.codes")) : null),
      notice("", "info", t("move.start.ready")),
      trouble,
      el("div", { class: "bottom-action stack-s" },
        button(t("move.start.show"), { kind: "primary", wide: true, icon: "scan", testid: "move-show", onPress: begin }),
        el("a", { class: "button secondary wide", href: "#/", testid: "move-not-now" }, t("move.start.not-now")))),
  };
}

/** The old phone while it waits: for the relay, for the new phone, for the digits. */
export function offerScreen(phone, state) {
  const { move } = state;
  if (move.state === "qr") return qrScreen(phone, move);
  if (move.state === "digits") return digitsScreen(phone, move);
  return {
    title: t("move.start"),
    node: el("section", { class: "screen stack centred-screen", testid: "screen-move-offering" },
      el("span", { class: "spinner large", "aria-hidden": "true" }),
      el("h1", {}, t("move.offering.heading")),
      el("p", { class: "muted" }, t("move.offering.text")),
      cancelButton(phone)),
  };
}

/** The countdown of a move, in minutes and seconds, that warns once before its end. */
export function moveClock(key) {
  const spoken = (seconds) => t(key, { time: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` });
  return countdown({
    minutes: true,
    testid: "move-countdown",
    words: spoken,
    onTick: (seconds) => seconds === WARN_AT_S && announce(spoken(seconds)),
  });
}

/** Gives the move up. */
export function cancelButton(phone, key = "move.cancel") {
  return button(t(key), {
    kind: "secondary bottom-action",
    wide: true,
    testid: "move-cancel",
    onPress: async () => {
      await phone.act("move/cancel").catch(() => {});
    },
  });
}

function qrScreen(phone, first) {
  const clock = moveClock("move.qr.left");
  const update = ({ move }) => clock.set(move.ends_in_ms, move.total_ms);
  update({ move: first });
  return {
    title: t("move.qr.screen"),
    update,
    leave: clock.stop,
    node: el("section", { class: "screen stack centred-screen move-qr", testid: "screen-move-qr" },
      el("div", { class: "stack-s" },
        el("h1", {}, t("move.qr.heading")),
        el("p", { class: "muted" }, t("move.qr.text"))),
      qrDrawing(first.qr),
      el("div", { class: "row waits" },
        clock.node,
        el("p", { class: "small muted" }, t("move.qr.waiting"))),
      notice("warn", "alert", t("move.qr.nobody")),
      qrText(first.qr.text),
      cancelButton(phone)),
  };
}

/** The code, black on white in either colour scheme. */
function qrDrawing({ side, path }) {
  return el("div", { class: "qr-sheet", testid: "move-qr" },
    svg("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": t("move.qr.label"), "shape-rendering": "crispEdges" },
      svg("path", { d: path })));
}

function qrText(text) {
  const box = field(t("move.qr.as-text"), { tag: "textarea", testid: "move-qr-text", rows: "3", readonly: true, class: "mono", spellcheck: "false" });
  box.input.value = text;
  const said = el("span", { class: "small muted", role: "status", testid: "move-copied" });
  const copy = button(t("copy"), {
    kind: "secondary slim",
    icon: "copy",
    testid: "move-copy",
    onPress: async () => {
      try {
        await navigator.clipboard.writeText(text);
        said.textContent = t("copied");
      } catch {
        box.input.focus();
        box.input.select();
        said.textContent = t("copy-failed");
      }
    },
  });
  return el("details", { class: "aside" },
    el("summary", { testid: "move-no-camera" }, t("move.qr.no-camera")),
    el("div", { class: "stack-s" }, box.node, el("div", { class: "row" }, copy, said)));
}

function digitsScreen(phone, first) {
  const peer = first.peer ?? t("move.another");
  const clock = moveClock("move.digits.left");
  const code = field(t("move.digits.label"), {
    hint: t("move.digits.hint"),
    testid: "move-digits",
    class: "digits",
    inputmode: "numeric",
    autocomplete: "off",
    pattern: "[0-9]*",
    maxlength: "11",
  });
  onlyDigits(code.input, CODE_LENGTH);
  const confirm = button(t("move.digits.confirm"), { kind: "primary", wide: true, type: "submit", testid: "move-confirm" });
  const send = async (event) => {
    event.preventDefault();
    code.clear();
    if (code.input.value.length !== CODE_LENGTH) {
      code.fail(t("move.digits.short"));
      return;
    }
    confirm.disabled = true;
    try {
      await phone.act("move/confirm", { code: code.input.value });
    } catch (error) {
      confirm.disabled = false;
      // What ended the move is told by its own screen.
      if (!["wrong-code", "gone"].includes(error.slug)) code.fail(phone.words(error));
    }
  };
  const update = ({ move }) => clock.set(move.ends_in_ms, move.total_ms);
  update({ move: first });
  return {
    title: t("move.digits.screen"),
    spoken: t("move.digits.scanned", { peer }),
    update,
    leave: clock.stop,
    node: el("section", { class: "screen stack", testid: "screen-move-digits" },
      el("div", { class: "asker" },
        el("span", { class: "initial" }, icon("phone")),
        el("div", { class: "asker-name" },
          el("p", { class: "small muted" }, t("move.digits.by")),
          el("p", { class: "strong", testid: "move-peer" }, peer)),
        clock.node),
      el("h1", {}, t("move.digits.heading")),
      el("form", { class: "stack", novalidate: true, on: { submit: send } }, code.node, confirm),
      notice("warn", "alert", t("move.digits.doubt")),
      cancelButton(phone)),
  };
}
