// The mailbox of the demonstration: what was sent to the made-up people, newest first, and what they carry.

import { announce, button, el, icon, notice } from "/shared/dom.js";
import { follow, get } from "/shared/net.js";
import { dateTime, shortTime, t, useStrings } from "/shared/text.js";
import { copyCode } from "/login/mailbox/copy.js";
import { pocketSection } from "/login/mailbox/pocket.js";
import { language, strings } from "/login/strings.en.js";

useStrings(strings, language);
document.documentElement.lang = language;

const root = document.getElementById("main");
const page = { organisation: "Quillmere", people: [] };

/** Whose things are shown: the user in the address, or everybody's. */
function chosen() {
  const user = decodeURIComponent(location.hash.slice(1));
  return page.people.find((person) => person.user === user) ?? null;
}

function drawFrame() {
  document.title = t("title", { screen: t("mailbox.title"), organisation: page.organisation });
  document.getElementById("top").replaceChildren(
    el("div", { class: "brand" }, el("img", { src: "/login/logo.svg", alt: "", width: 36, height: 36 }), el("span", {}, page.organisation)),
    el("span", { class: "badge warn", testid: "demo-badge" }, t("demo.badge")),
    el("div", { class: "row who" }, el("a", { class: "button secondary slim", href: "/", testid: "back-to-login" }, t("mailbox.back"))));
  document.getElementById("bottom").replaceChildren(
    el("p", { class: "small muted" }, t("demo.footer", { organisation: page.organisation })));
}

/** The choice of whose things are shown. */
function whose(onChange) {
  const select = el("select", { id: "whose", class: "input", testid: "whose" },
    el("option", { value: "" }, t("mailbox.everyone")),
    page.people.map(({ user }) => el("option", { value: user }, user)));
  const take = () => {
    select.value = chosen()?.user ?? "";
    onChange();
  };
  select.addEventListener("change", () => {
    history.replaceState(null, "", select.value === "" ? location.pathname : `#${select.value}`);
    onChange();
  });
  window.addEventListener("hashchange", take);
  select.value = chosen()?.user ?? "";
  return el("div", { class: "field whose" }, el("label", { for: "whose" }, t("mailbox.whose")), select);
}

/** The letters. One that is open stays open while others arrive. */
function lettersSection() {
  const list = el("ul", { class: "letters", testid: "letters" });
  const none = el("p", { class: "muted card", testid: "letters-none" }, t("mailbox.none"));
  const rows = new Map();
  let newest = null;
  let all = [];
  const draw = () => {
    const person = chosen();
    const shown = all.filter(({ to }) => person === null || to === person.email || to === person.phone);
    list.replaceChildren(...shown.map((letter) => {
      if (!rows.has(letter.id)) rows.set(letter.id, letterCard(letter));
      return rows.get(letter.id);
    }));
    list.hidden = shown.length === 0;
    none.hidden = shown.length > 0;
  };
  const update = ({ letters }) => {
    all = letters;
    const first = letters[0]?.id ?? 0;
    if (newest !== null && first > newest) announce(t("mailbox.new", { to: letters[0].to }));
    newest = first;
    draw();
  };
  const node = el("section", { class: "stack", "aria-labelledby": "letters" },
    el("h2", { id: "letters" }, t("mailbox.letters")), none, list);
  list.hidden = true;
  return { node, update, draw };
}

function letterCard(letter) {
  const sms = letter.kind === "sms";
  const heading = sms ? t("mailbox.sms") : letter.subject;
  const text = el("p", { class: "letter-text", testid: "letter-text" }, letter.text);
  const body = el("div", { class: "stack-s" }, text);
  return el("li", { class: "card letter stack-s", testid: "letter", "data-kind": letter.kind, "data-to": letter.to, "data-id": letter.id },
    el("div", { class: "device-line" },
      icon(sms ? "bubble" : "mail"),
      el("div", { class: "grow" },
        el("h3", { testid: "letter-subject" }, heading),
        el("p", { class: "small muted" }, t("mailbox.to", { to: letter.to }))),
      el("time", { class: "small muted", datetime: new Date(letter.at).toISOString(), title: dateTime(letter.at) }, shortTime(letter.at))),
    letter.code === null ? null : copyCode(letter.code),
    body,
    el("p", { class: "small muted" }, t("mailbox.from", { from: letter.from })),
    letter.html ? designed(letter, text, body) : null);
}

/** The switch between the text and the HTML part, which has a frame of its own in which nothing runs. */
function designed(letter, text, body) {
  let frame = null;
  const node = button(t("mailbox.html"), {
    kind: "quiet slim",
    testid: "letter-html",
    onPress: () => {
      const show = frame === null;
      if (show) {
        frame = el("iframe", { class: "letter-frame", testid: "letter-frame", sandbox: "", tabindex: "0", src: `/mailbox/html?id=${letter.id}`, title: t("mailbox.frame", { subject: letter.subject }) });
        body.append(frame);
      } else {
        frame.remove();
        frame = null;
      }
      text.hidden = show;
      node.textContent = t(show ? "mailbox.text" : "mailbox.html");
    },
  });
  return el("div", { class: "row" }, node);
}

/** Shows or hides that the long poll finds no server. */
function lost(refusal) {
  document.querySelector("#lost")?.remove();
  if (refusal) root.prepend(el("div", { id: "lost", role: "alert" }, notice("warn", "offline", t("connection.lost"), { testid: "connection-lost" })));
}

async function start() {
  try {
    const config = await get("/api/config");
    page.organisation = config.organisation;
    page.people = config.users;
  } catch {
    root.replaceChildren(el("div", { class: "card narrow" }, notice("bad", "alert", t("error.unreachable"), { role: "alert" })));
    setTimeout(start, 3000);
    return;
  }
  drawFrame();
  const letters = lettersSection();
  const pocket = pocketSection(chosen);
  const columns = el("div", { class: "columns" }, letters.node, pocket.node);
  const redraw = () => {
    columns.classList.toggle("of-one", chosen() !== null);
    letters.draw();
    pocket.draw();
  };
  redraw();
  root.replaceChildren(el("div", { class: "screen stack mailbox", testid: "screen-mailbox" },
    el("div", { class: "stack-s" },
      el("h1", {}, t("mailbox.heading")),
      el("p", { class: "muted" }, t("mailbox.lead", { organisation: page.organisation }))),
    whose(redraw),
    columns));
  // A code that was just used is struck out on the sheet.
  document.addEventListener("visibilitychange", pocket.look);
  follow("/api/mailbox", new AbortController().signal, (doc) => {
    letters.update(doc);
    pocket.look();
  }, lost);
}

drawFrame();
start();
