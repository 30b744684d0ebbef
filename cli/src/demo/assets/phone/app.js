// The phone site's start: follows the phone's state and shows the screen that fits it.

import { announce, button, el, icon, notice, show } from "/shared/dom.js";
import { follow, get, post, postBytes, Refusal } from "/shared/net.js";
import { choose, t, useStrings } from "/shared/text.js";
import { language, strings } from "/phone/strings.en.js";
import { accountScreen } from "/phone/screens/account.js";
import { accountsScreen, welcomeScreen } from "/phone/screens/accounts.js";
import { addScreen } from "/phone/screens/add.js";
import { challengeScreen } from "/phone/screens/challenge.js";
import { codeScreen } from "/phone/screens/code.js";
import { codesScreen } from "/phone/screens/codes.js";
import { enrollingScreen } from "/phone/screens/enrolling.js";
import { historyScreen } from "/phone/screens/history.js";
import { joinScreen } from "/phone/screens/move-new.js";
import { offerScreen, startScreen } from "/phone/screens/move-old.js";
import { endedScreen, failedScreen, movingScreen } from "/phone/screens/moving.js";
import { outcomeScreen } from "/phone/screens/outcome.js";

useStrings(strings, language);
document.documentElement.lang = language;

const root = document.getElementById("main");
const api = `${location.pathname.replace(/\/+$/, "")}/api/`;
let state = null;
let current = null;

const phone = {
  act: (action, body) => post(api + action, body),
  codes: (signal) => get(`${api}codes`, signal),
  readQr: (width, height, bytes, signal) => postBytes(`${api}read-qr?width=${width}&height=${height}`, bytes, signal),
  open: (hash) => {
    location.hash = hash;
  },
  words: (error) => {
    if (!(error instanceof Refusal)) throw error;
    return choose("error", error.slug);
  },
};

/** Which screen is due. What needs an answer comes before what tells something, and that before where the user was. */
function due() {
  const [challenge] = state.challenges;
  if (challenge) return { key: `challenge ${challenge.id}`, make: challengeScreen, tabs: false, urgent: true };
  if (state.move && !state.move.seen) return moveDue(state.move);
  if (state.enrolling) return { key: `enrolling ${state.enrolling.state}`, make: enrollingScreen, tabs: false };
  if (state.outcome) return { key: `outcome ${state.outcome.id}`, make: outcomeScreen, tabs: false };
  const [place, id] = location.hash.replace(/^#\/?/, "").split("/");
  if (place === "add") return { key: "add", make: addScreen, tabs: false };
  if (place === "history") return { key: "history", make: historyScreen, tabs: true };
  if (place === "codes") return { key: "codes", make: codesScreen, tabs: true };
  const code = place === "code" ? state.codes.find((one) => one.id === id) : undefined;
  if (code) return { key: `code ${id}`, make: (p, s) => codeScreen(p, s, id), tabs: true };
  if (place === "move" && state.accounts.length + state.codes.length > 0) return { key: "move start", make: startScreen, tabs: false };
  const account = place === "account" ? state.accounts.find((one) => one.id === id) : undefined;
  if (account) return { key: `account ${id}`, make: (p, s) => accountScreen(p, s, id), tabs: true };
  if (state.accounts.length > 0) return { key: "accounts", make: accountsScreen, tabs: true };
  // A phone that has handed everything over goes on saying so until it is used anew.
  if (state.move?.role === "old" && state.move.moved > 0) return { key: "handed-over", make: endedScreen, tabs: true };
  return { key: "welcome", make: welcomeScreen, tabs: state.history.length + state.codes.length > 0 };
}

/** Which screen a move is at. */
function moveDue(move) {
  const make = { failed: failedScreen, moving: movingScreen, ended: endedScreen }[move.state];
  return { key: `move ${move.state}`, make: make ?? (move.role === "old" ? offerScreen : joinScreen), tabs: false };
}

function draw() {
  if (state === null) return;
  // Once an enrolment or a move goes on, the form that started it is done with: afterwards the accounts are due, not the form.
  const begun = state.enrolling || (state.move && !state.move.seen);
  if (begun && ["#/add", "#/move"].includes(location.hash)) history.replaceState(null, "", "#/");
  const next = due();
  if (current?.key === next.key) {
    current.screen.update?.(state);
  } else {
    const added = current?.key.startsWith("enrolling") && !state.enrolling && state.accounts.at(-1);
    current?.screen.leave?.();
    announce("");
    const screen = next.make(phone, state);
    current = { key: next.key, screen };
    document.body.dataset.screen = next.key.split(" ")[0];
    show(root, screen.node);
    document.title = next.urgent ? t("title.urgent") : t("title", { screen: screen.title });
    if (screen.spoken) announce(screen.spoken);
    else if (added && next.key === "accounts") announce(t("enrolling.done", { service: added.service }));
  }
  drawBar(next);
  drawTabs(next);
}

let drawn = "";

/** Redraws the frame around the screens only when something in it has changed, so that the focus is not lost. */
function drawBar(next) {
  const inside = ["add", "move start"].includes(next.key);
  const facts = JSON.stringify([state.device, state.next_device, state.connection, state.login_url, inside]);
  if (facts === drawn) return;
  drawn = facts;
  const back = inside
    ? el("a", { class: "bar-back", href: "#/", testid: "back", "aria-label": t("back") }, icon("back"))
    : null;
  const known = ["connecting", "online", "offline"].includes(state.connection);
  const kind = { online: "good", offline: "bad" }[state.connection] ?? "";
  document.getElementById("bar").replaceChildren(
    ...[back,
      el("img", { src: "/shared/nod.svg", alt: "", width: 28, height: 28 }),
      el("span", { class: "bar-name" }, t("app.name")),
      known ? el("span", { class: `badge ${kind}`, role: "status", testid: "connection", "data-connection": state.connection },
        el("span", { class: "dot", "aria-hidden": "true" }), t(`connection.${state.connection}`)) : null].filter(Boolean));
  const tab = el("span", { class: "visually-hidden" }, t("about.new-tab"));
  document.getElementById("about").replaceChildren(
    el("h2", { testid: "device-name" }, t("about.heading", { device: state.device.name })),
    el("p", { class: "small muted" }, t("about.text")),
    el("p", { class: "row" },
      el("a", { class: "button secondary slim", href: state.login_url, target: "_blank", rel: "noopener noreferrer", testid: "open-login" }, icon("screen"), t("about.login"), tab),
      el("a", { class: "button secondary slim", href: `/d/${state.next_device}`, target: "_blank", rel: "noopener noreferrer", testid: "new-phone" }, icon("plus"), t("about.new"), tab.cloneNode(true))));
}

function drawTabs(next) {
  const tabs = document.getElementById("tabs");
  tabs.hidden = !next.tabs;
  tabs.setAttribute("aria-label", t("tabs.label"));
  if (tabs.childElementCount === 0) {
    tabs.append(
      el("a", { href: "#/", testid: "tab-accounts" }, icon("accounts"), t("tabs.accounts")),
      el("a", { href: "#/codes", testid: "tab-codes" }, icon("keypad"), t("tabs.codes")),
      el("a", { href: "#/history", testid: "tab-history" }, icon("clock"), t("tabs.history")));
  }
  const place = { codes: 1, code: 1, history: 2 }[next.key.split(" ")[0]] ?? 0;
  [...tabs.children].forEach((tab, index) => {
    if (index === place) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  });
}

/** Shows or hides that the page has lost the process behind it. */
function trouble(refusal) {
  document.getElementById("lost")?.remove();
  if (!refusal) return;
  const again = [401, 403, 404].includes(refusal.status) ? button(t("connection.reload"), { testid: "reload", onPress: () => location.reload() }) : null;
  document.getElementById("bar").after(el("div", { id: "lost", role: "alert" }, notice("warn", "offline", t("connection.lost"), { testid: "connection-lost" }), again));
}

window.addEventListener("hashchange", draw);
follow(`${api}state`, new AbortController().signal, (document) => {
  state = document;
  draw();
}, trouble);
