// The phone site's start: follows the phone's state and shows the screen that fits it.

import { announce, button, el, icon, notice, show } from "/shared/dom.js";
import { follow, post, postBytes, Refusal } from "/shared/net.js";
import { choose, t, useStrings } from "/shared/text.js";
import { language, strings } from "/phone/strings.en.js";
import { accountScreen } from "/phone/screens/account.js";
import { accountsScreen, welcomeScreen } from "/phone/screens/accounts.js";
import { addScreen } from "/phone/screens/add.js";
import { challengeScreen } from "/phone/screens/challenge.js";
import { enrollingScreen } from "/phone/screens/enrolling.js";
import { historyScreen } from "/phone/screens/history.js";
import { outcomeScreen } from "/phone/screens/outcome.js";

useStrings(strings, language);
document.documentElement.lang = language;

const root = document.getElementById("main");
const api = `${location.pathname.replace(/\/+$/, "")}/api/`;
let state = null;
let current = null;

const phone = {
  act: (action, body) => post(api + action, body),
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
  if (state.enrolling) return { key: `enrolling ${state.enrolling.state}`, make: enrollingScreen, tabs: false };
  if (state.outcome) return { key: `outcome ${state.outcome.id}`, make: outcomeScreen, tabs: false };
  const [place, id] = location.hash.replace(/^#\/?/, "").split("/");
  if (place === "add") return { key: "add", make: addScreen, tabs: false };
  if (place === "history") return { key: "history", make: historyScreen, tabs: true };
  const account = place === "account" ? state.accounts.find((one) => one.id === id) : undefined;
  if (account) return { key: `account ${id}`, make: (p, s) => accountScreen(p, s, id), tabs: true };
  return state.accounts.length > 0
    ? { key: "accounts", make: accountsScreen, tabs: true }
    : { key: "welcome", make: welcomeScreen, tabs: state.history.length > 0 };
}

function draw() {
  if (state === null) return;
  // Once an enrolment goes on, the form that started it is done with: afterwards the accounts are due, not the form.
  if (state.enrolling && location.hash === "#/add") history.replaceState(null, "", "#/");
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
  const facts = JSON.stringify([state.device, state.next_device, state.connection, state.login_url, next.key === "add"]);
  if (facts === drawn) return;
  drawn = facts;
  const back = next.key === "add"
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
      el("a", { href: "#/history", testid: "tab-history" }, icon("clock"), t("tabs.history")));
  }
  const place = next.key === "history" ? 1 : 0;
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
