// The login site's start: asks the session where the user stands and shows that screen.

import { announce, button, el, notice, show } from "/shared/dom.js";
import { get, post, Refusal } from "/shared/net.js";
import { choose, t, useStrings } from "/shared/text.js";
import { language, strings } from "/login/strings.en.js";
import { challengeScreen } from "/login/screens/challenge.js";
import { doneScreen } from "/login/screens/done.js";
import { enrolScreen } from "/login/screens/enrol.js";
import { mailboxLink } from "/login/screens/parts.js";
import { signInScreen } from "/login/screens/sign-in.js";

useStrings(strings, language);
document.documentElement.lang = language;

const screens = {
  "signed-out": { make: signInScreen, name: "sign-in" },
  "enrol": { make: enrolScreen, name: "enrol" },
  "challenge": { make: challengeScreen, name: "challenge" },
  "done": { make: doneScreen, name: "done" },
};

const root = document.getElementById("main");
const site = { organisation: "Quillmere", users: [], phoneUrl: null, operator: null, relayReachable: false, user: null };
let leaving = new AbortController();

/** What a screen gets: the site's facts, a signal that ends with the screen, and ways on. */
function context(signal) {
  return { site, signal, go, restart, fail, lost };
}

/** Shows the screen of session state `state`. `enrol` is also how a signed-in user adds a phone. */
function go(state, user = site.user) {
  leaving.abort();
  leaving = new AbortController();
  site.user = state === "signed-out" ? null : user;
  const { make, name } = Object.hasOwn(screens, state) ? screens[state] : screens["signed-out"];
  document.title = t("title", { screen: t(`${name}.screen`), organisation: site.organisation });
  document.body.dataset.screen = name;
  drawTop(state);
  announce("");
  show(root, make(context(leaving.signal)));
}

/** Ends the session at the server, and goes back to the sign-in form. */
async function restart() {
  await post("/api/sign-out").catch(() => {});
  go("signed-out");
}

/** The sentence for a refusal. A session that has ended leads back to the sign-in form. */
function fail(error) {
  if (!(error instanceof Refusal)) throw error;
  if (error.status === 401 && site.user !== null) go("signed-out");
  const text = choose("error", error.slug);
  announce(text);
  return text;
}

/** Shows or hides that the long poll finds no server. */
function lost(refusal) {
  if (refusal?.status === 401) {
    go("signed-out");
    return;
  }
  document.querySelector("#lost")?.remove();
  if (refusal) root.prepend(el("div", { id: "lost", role: "alert" }, notice("warn", "offline", t("connection.lost"), { testid: "connection-lost" })));
}

function drawTop(state) {
  const who = el("div", { class: "row who" });
  if (site.user !== null) {
    const words = state === "done" ? t("top.signed-in", { user: site.user }) : site.user;
    who.append(el("span", { class: "small muted", testid: "signed-in-user" }, words));
    who.append(button(t("top.sign-out"), { kind: "secondary slim", testid: "sign-out", onPress: restart }));
  }
  document.getElementById("top").replaceChildren(
    el("div", { class: "brand" }, el("img", { src: "/login/logo.svg", alt: "", width: 36, height: 36 }), el("span", {}, site.organisation)),
    el("span", { class: "badge warn", testid: "demo-badge" }, t("demo.badge")),
    who,
  );
  document.getElementById("bottom").replaceChildren(
    el("p", { class: "small muted" }, t("demo.footer", { organisation: site.organisation })),
    el("p", { class: "small" }, mailboxLink(t("demo.mailbox"), { testid: "mailbox-link" })),
  );
}

async function start() {
  try {
    const config = await get("/api/config");
    site.organisation = config.organisation;
    site.users = config.users;
    site.phoneUrl = config.phone_url;
    site.operator = config.operator;
    site.relayReachable = config.relay_reachable;
    const session = await get("/api/session");
    go(session.state, session.user);
  } catch (error) {
    drawTop("signed-out");
    root.replaceChildren(el("div", { class: "card" }, notice("bad", "alert", fail(error), { role: "alert" })));
    setTimeout(start, 3000);
  }
}

start();
