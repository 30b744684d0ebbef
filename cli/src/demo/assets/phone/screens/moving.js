// Accounts on their way, and how a move ended, on either phone.

import { announce, button, el, icon, notice } from "/shared/dom.js";
import { choose, plural, t } from "/shared/text.js";
import { initial } from "/phone/screens/accounts.js";
import { cancelButton } from "/phone/screens/move-old.js";

const LOOKS = {
  "announced": { kind: "", name: "clock" },
  "authorised": { kind: "", name: "clock" },
  "moved": { kind: "good", name: "check" },
  "refused": { kind: "warn", name: "alert" },
  "impossible": { kind: "warn", name: "alert" },
};

/** Accounts are moving. */
export function movingScreen(phone, state) {
  const { role } = state.move;
  const peer = state.move.peer ?? t("move.another");
  const count = el("p", { class: "strong", testid: "move-count" });
  const bar = el("progress", { class: "bar-of-progress", "aria-label": t("moving.progress"), testid: "move-progress" });
  const list = el("div", {});
  let drawn = "";
  const update = ({ move }) => {
    const facts = JSON.stringify([move.accounts, move.codes, move.codes_arrived]);
    if (facts === drawn) return;
    drawn = facts;
    const of = move.accounts.length;
    count.textContent = of > 0 ? plural("moving.count", of, { moved: move.moved, of }) : t("moving.preparing");
    bar.max = Math.max(1, of + Number(move.codes > 0));
    bar.value = move.moved + Number(move.codes_arrived);
    list.replaceChildren(goods(move, true));
    announce(count.textContent);
  };
  update(state);
  return {
    title: t("moving.screen"),
    update,
    node: el("section", { class: "screen stack", testid: "screen-moving" },
      el("h1", {}, t(`moving.heading.${role}`, { peer })),
      el("div", { class: "stack-s" }, count, bar),
      list,
      el("p", { class: "small muted" }, t("moving.stay")),
      el("div", { class: "bottom-action stack-s" },
        el("p", { class: "small muted centred" }, t("moving.stop.text")),
        cancelButton(phone, "moving.stop"))),
  };
}

/** A move has ended. Also the home of a phone that has handed everything over. */
export function endedScreen(phone, state) {
  const { role, reason, seen } = state.move;
  const peer = state.move.peer ?? t("move.another");
  const of = state.move.accounts.length;
  const whole = state.move.moved === of && reason === "done";
  const heading = whole
    ? (of > 0 ? plural(`ended.heading.${role}`, of, { peer }) : t(`ended.heading.codes.${role}`, { peer }))
    : t("ended.heading.part", { moved: state.move.moved, of });
  const list = el("div", {});
  const offer = el("div", {});
  let drawn = "";
  const update = (now) => {
    const facts = JSON.stringify([now.move, now.codes.length]);
    if (facts === drawn) return;
    drawn = facts;
    list.replaceChildren(goods(now.move, false));
    offer.replaceChildren(...[codesOffer(phone, now)].filter(Boolean));
  };
  update(state);
  return {
    title: heading,
    update,
    spoken: seen ? null : heading,
    node: el("section", { class: "screen stack", testid: "screen-moved", "data-role": role, "data-reason": reason },
      el("div", { class: "stack centred-screen ended-head" },
        el("div", { class: `medallion ${whole ? "good" : "warn"}` }, icon(whole ? "check" : "alert")),
        el("div", { class: "stack-s" },
          el("h1", {}, heading),
          el("p", { class: "muted", testid: "moved-text" }, whole ? t(of > 0 ? `ended.text.${role}` : `ended.text.codes.${role}`, { peer }) : choose(`ended.reason.${role}`, reason, { peer })))),
      list,
      offer,
      seen
        ? el("a", { class: "button secondary wide bottom-action", href: "#/add", testid: "add-account" }, icon("scan"), t("ended.anew"))
        : button(t("ended.close"), { kind: "primary bottom-action", wide: true, testid: "moved-close", onPress: () => putAway(phone) })),
  };
}

/** Nothing has moved, and why. */
export function failedScreen(phone, { move }) {
  const { role, reason } = move;
  const again = role === "old"
    ? button(t("failed.again.old"), { kind: "primary", wide: true, icon: "again", testid: "move-again", onPress: () => phone.act("move/start").catch(() => putAway(phone)) })
    : button(t("failed.again.new"), { kind: "primary", wide: true, icon: "scan", testid: "move-again", onPress: () => putAway(phone, "#/add") });
  return {
    title: t("failed.screen"),
    node: el("section", { class: "screen stack centred-screen", testid: "screen-move-failed", "data-reason": reason },
      el("div", { class: `medallion ${["expired", "left"].includes(reason) ? "warn" : "bad"}` }, icon(reason === "expired" ? "clock" : "cross")),
      el("h1", {}, choose(`failed.heading.${role}`, reason)),
      el("p", { class: "muted", testid: "move-failed-text" }, choose(`failed.${role}`, reason)),
      el("p", { class: "small muted" }, t(`failed.nothing.${role}`)),
      el("div", { class: "bottom-action stack-s fill" },
        again,
        button(t("failed.close"), { wide: true, testid: "move-failed-close", onPress: () => putAway(phone) }))),
  };
}

/** The offer to delete one-time codes that are on both phones; none where there is nothing to delete. */
export function codesOffer(phone, { move, codes }) {
  if (move?.role !== "old" || !move.codes_arrived || move.codes === 0) return null;
  if (move.codes_deleted) return notice("good", "check", plural("ended.codes.deleted", move.codes), { role: "status", testid: "codes-deleted" });
  if (codes.length === 0) return null;
  const trouble = el("div", { role: "alert" });
  return el("section", { class: "notice stack-s question", testid: "codes-offer", "aria-labelledby": "codes-offer" },
    el("h2", { id: "codes-offer" }, plural("ended.codes.both", move.codes, { peer: move.peer ?? t("move.another") })),
    el("p", {}, t("ended.codes.text")),
    trouble,
    button(t("ended.codes.delete"), {
      kind: "secondary bad",
      wide: true,
      icon: "bin",
      testid: "delete-codes",
      onPress: async () => {
        try {
          await phone.act("move/delete-codes");
          announce(plural("ended.codes.deleted", move.codes));
        } catch (error) {
          trouble.replaceChildren(notice("bad", "alert", phone.words(error)));
        }
      },
    }));
}

async function putAway(phone, hash = "#/") {
  phone.open(hash);
  await phone.act("dismiss", { what: "move" }).catch(() => {});
}

/** What moves: each account and its own state, then the one-time codes. */
function goods(move, running) {
  const { role } = move;
  const rows = move.accounts.map((account) => {
    const { kind, name } = Object.hasOwn(LOOKS, account.state) ? LOOKS[account.state] : LOOKS.announced;
    return row({
      testid: "moving-account",
      state: account.state,
      tile: initial(account.service),
      name: [account.service, account.label],
      words: choose(`moving.${role}`, account.state, { service: account.service }),
      kind,
      mark: running && !kind ? el("span", { class: "spinner", "aria-hidden": "true" }) : icon(name),
    });
  });
  if (move.codes > 0) {
    rows.push(row({
      testid: "moving-codes",
      state: move.codes_arrived ? "arrived" : "under-way",
      tile: el("span", { class: "initial", "aria-hidden": "true" }, icon("keypad")),
      name: [plural("moving.codes", move.codes)],
      words: t(move.codes_arrived ? `moving.codes.arrived.${role}` : running ? "moving.codes.under-way" : "moving.codes.not"),
      kind: move.codes_arrived ? "good" : running ? "" : "warn",
      mark: move.codes_arrived ? icon("check") : running ? el("span", { class: "spinner", "aria-hidden": "true" }) : icon("alert"),
    }));
  }
  return rows.length > 0 ? el("ul", { class: "list", testid: "moving-list" }, rows) : el("div", {});
}

function row({ testid, state, tile, name: [name, label], words, kind, mark }) {
  return el("li", { class: "entry", testid, "data-state": state },
    tile,
    el("span", { class: "entry-text" },
      el("span", { class: "strong" }, name, label ? el("span", { class: "muted thin" }, ` · ${label}`) : null),
      el("span", { class: `small ${kind === "good" ? "good-text" : kind === "warn" ? "warn-text" : "muted"}` }, words)),
    el("span", { class: `mark ${kind}` }, mark));
}
