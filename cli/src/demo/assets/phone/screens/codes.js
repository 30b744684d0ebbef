// One-time codes: what each shows now, how long, and what comes next; a press copies.

import { announce, button, el, icon, notice } from "/shared/dom.js";
import { countdown } from "/shared/countdown.js";
import { grouped, plural, t } from "/shared/text.js";
import { moveLink } from "/phone/screens/accounts.js";
import { codesOffer } from "/phone/screens/moving.js";

const SAID_MS = 2000;
/** After the end of a period: what is then asked for is the next one. */
const AFTER_END_MS = 200;

/** The list of codes. */
export function codesScreen(phone, first) {
  const gone = new AbortController();
  const list = el("ul", { class: "list codes", testid: "codes" });
  const none = el("p", { class: "muted", testid: "codes-none" }, t("codes.none"));
  const hint = el("p", { class: "small muted" }, t("codes.hint"));
  const trouble = el("div", { role: "alert", testid: "codes-trouble" });
  const offer = el("div", {});
  const move = el("div", {}, moveLink());
  const rows = new Map();
  let names = "";
  let offered = "";
  let timer = null;

  const look = async () => {
    timer = null;
    try {
      const { codes } = await phone.codes(gone.signal);
      draw(codes);
      trouble.replaceChildren();
    } catch (error) {
      if (!gone.signal.aborted) trouble.replaceChildren(notice("bad", "alert", phone.words(error)));
    }
  };
  const lookSoon = () => {
    timer ??= setTimeout(look, AFTER_END_MS);
  };
  const draw = (codes) => {
    for (const [id, row] of rows) {
      if (codes.some((code) => code.id === id)) continue;
      row.leave();
      row.node.remove();
      rows.delete(id);
    }
    codes.forEach((code, at) => {
      const known = rows.get(code.id);
      const row = known ?? codeRow(phone, code, lookSoon, trouble);
      rows.set(code.id, row);
      row.update(code);
      if (list.children[at] !== row.node) list.insertBefore(row.node, list.children[at] ?? null);
    });
    list.hidden = codes.length === 0;
    hint.hidden = codes.length === 0;
    none.hidden = codes.length > 0;
  };
  const update = (state) => {
    const now = JSON.stringify(state.codes);
    if (now !== names) {
      names = now;
      look();
    }
    move.hidden = state.accounts.length + state.codes.length === 0;
    const facts = JSON.stringify([state.move, state.codes.length]);
    if (facts !== offered) {
      offered = facts;
      offer.replaceChildren(...[codesOffer(phone, state)].filter(Boolean));
    }
  };
  list.hidden = first.codes.length === 0;
  hint.hidden = list.hidden;
  none.hidden = !list.hidden;
  update(first);

  return {
    title: t("codes.heading"),
    update,
    leave: () => {
      gone.abort();
      clearTimeout(timer);
      for (const row of rows.values()) row.leave();
    },
    node: el("section", { class: "screen stack", testid: "screen-codes" },
      el("div", { class: "stack-s" }, el("h1", {}, t("codes.heading")), hint),
      none, trouble, list, offer,
      el("div", { class: "bottom-action stack-s" },
        el("a", { class: "button secondary wide", href: "#/add", testid: "add-code" }, icon("plus"), t("codes.add")),
        move)),
  };
}

/** How a code is called: issuer and account, of which one may be empty. */
export function nameOf({ issuer, account }) {
  return [...new Set([issuer, account])].filter(Boolean).join(" · ");
}

function codeRow(phone, first, onPeriod, trouble) {
  const name = el("span", { class: "code-name small" });
  const digits = el("span", { class: "code-digits", testid: "code-digits" });
  const below = el("span", { class: "small muted", testid: "code-next" });
  const copy = el("button", { class: "code-main", type: "button", testid: "code-copy" }, name, digits, below);
  const counts = first.kind === "counter";
  const clock = counts ? null : countdown({
    testid: "code-countdown",
    words: (seconds) => plural("codes.left", seconds),
    onEnd: () => {
      // The next code is known already; the one after it is asked for.
      if (shown.next) put(shown.next, null);
      onPeriod();
    },
  });
  const press = counts ? button("", {
    kind: "secondary slim icon-only",
    icon: "again",
    testid: "code-press",
    onPress: async () => {
      try {
        const { code } = await phone.act("codes/next", { id: first.id });
        put(code, null);
        announce(t("codes.shows", { name: nameOf(first), code: [...code].join(" ") }));
      } catch (error) {
        trouble.replaceChildren(notice("bad", "alert", phone.words(error)));
      }
    },
  }) : null;
  const more = el("a", { class: "code-more", href: `#/code/${encodeURIComponent(first.id)}`, testid: "code-more" }, icon("more"));
  const node = el("li", { class: "code-row", testid: "code", "data-code": first.id, "data-kind": first.kind }, copy, clock?.node ?? press, more);
  let shown = { code: null, next: null };
  let saying = null;

  const words = () => {
    if (counts) return shown.code ? t("codes.pressed") : t("codes.press");
    return shown.next ? t("codes.next", { code: grouped(shown.next) }) : "\u00a0";
  };
  const put = (code, next) => {
    shown = { code, next };
    digits.textContent = code ? grouped(code) : "•".repeat(first.digits);
    digits.classList.toggle("unknown", !code);
    copy.disabled = !code;
    if (saying === null) below.textContent = words();
  };
  const say = (text) => {
    clearTimeout(saying);
    below.textContent = text;
    announce(text);
    saying = setTimeout(() => {
      saying = null;
      below.textContent = words();
      announce("");
    }, SAID_MS);
  };
  copy.addEventListener("click", async () => {
    if (!shown.code) return;
    try {
      await navigator.clipboard.writeText(shown.code);
      say(t("copied"));
    } catch {
      say(t("codes.copy-failed"));
    }
  });
  const update = (code) => {
    const called = nameOf(code);
    name.textContent = called;
    copy.title = t("codes.copy", { name: called });
    more.setAttribute("aria-label", t("codes.more", { name: called }));
    press?.setAttribute("aria-label", t("codes.press.label", { name: called }));
    if (counts) {
      put(shown.code, null);
      return;
    }
    put(code.code, code.next);
    clock.set(code.ends_in_ms, code.total_ms);
  };
  const leave = () => {
    clock?.stop();
    clearTimeout(saying);
  };
  return { node, update, leave };
}
