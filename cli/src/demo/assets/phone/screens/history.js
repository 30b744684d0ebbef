// What was asked and how it ended, newest first.

import { el, icon } from "/shared/dom.js";
import { choose, shortTime, t } from "/shared/text.js";
import { look } from "/phone/screens/outcome.js";

/** The screen with the history. */
export function historyScreen(_phone, first) {
  const body = el("div", {});
  let drawn = "";
  const update = ({ history }) => {
    const facts = JSON.stringify(history);
    if (facts === drawn) return;
    drawn = facts;
    body.replaceChildren(history.length > 0
      ? el("ul", { class: "list", testid: "history" }, history.map(row))
      : el("p", { class: "muted", testid: "history-none" }, t("history.none")));
  };
  update(first);
  return {
    title: t("history.screen"),
    update,
    node: el("section", { class: "screen stack", testid: "screen-history" }, el("h1", {}, t("history.heading")), body),
  };
}

function row(entry) {
  const { kind, name } = look(entry.outcome);
  const from = entry.place ?? entry.ip ?? t("history.unknown-place");
  return el("li", { class: "entry", testid: "history-entry", "data-outcome": entry.outcome },
    el("span", { class: `medallion tiny ${kind}` }, icon(name)),
    el("span", { class: "entry-text" },
      el("span", { class: "strong" }, choose("outcome.screen", entry.outcome)),
      el("span", { class: "small muted" }, [entry.service, entry.application].filter(Boolean).join(" · ")),
      el("span", { class: "small muted" }, `${from} · ${shortTime(entry.at)}`)));
}
