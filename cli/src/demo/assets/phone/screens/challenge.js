// The challenge: who asks, from where, how long there is, and the user's decision.

import { announce, button, el, field, icon, notice, onlyDigits } from "/shared/dom.js";
import { countdown } from "/shared/countdown.js";
import { choose, plural, t } from "/shared/text.js";
import { initial } from "/phone/screens/accounts.js";

/** For this long after its appearance a challenge cannot be approved, so that a click meant for something else is not one. */
const SETTLE_MS = 600;
const WARN_AT_S = 10;

/** The screen of the oldest open challenge. */
export function challengeScreen(phone, state) {
  const [first] = state.challenges;
  const clock = countdown({
    words: (seconds) => plural("challenge.left", seconds),
    onTick: (seconds) => seconds === WARN_AT_S && announce(t("challenge.soon")),
    onEnd: () => (closing.hidden = false),
  });
  const closing = el("p", { class: "muted centred", hidden: true, testid: "closing" }, t("challenge.closing"));
  const more = el("p", { class: "small muted centred", hidden: true, testid: "more" });
  const sending = el("p", { class: "row sending", hidden: true, role: "status", testid: "sending" });
  const trouble = el("div", { role: "alert", testid: "challenge-trouble" });

  const number = first.digits > 0 ? numberField(first.digits) : null;
  const approve = button(t("challenge.approve"), { kind: "primary", wide: true, icon: "check", type: "submit", testid: "approve", disabled: true });
  const settle = setTimeout(() => (approve.disabled = false), SETTLE_MS);

  const decide = async (decision, body) => {
    trouble.replaceChildren();
    for (const node of form.elements) node.disabled = true;
    try {
      await phone.act(decision, { challenge: first.id, ...body });
    } catch (error) {
      for (const node of form.elements) node.disabled = false;
      trouble.replaceChildren(notice("bad", "alert", phone.words(error)));
    }
  };
  const send = (event) => {
    event.preventDefault();
    if (approve.disabled) return;
    number?.clear();
    if (number && number.input.value.length !== first.digits) {
      number.fail(t(`challenge.number.missing.${first.digits}`));
      return;
    }
    decide("approve", { number: number ? number.input.value : null });
  };

  const form = el("form", { class: "decide", novalidate: true, on: { submit: send } },
    number?.node,
    approve,
    button(t("challenge.deny"), { wide: true, icon: "cross", testid: "deny", onPress: () => decide("deny") }),
    button(t("challenge.report"), { kind: "quiet bad", wide: true, icon: "flag", testid: "report", onPress: () => decide("report") }));

  const update = ({ challenges }) => {
    const [now] = challenges;
    clock.set(now.ends_in_ms, now.total_ms);
    closing.hidden = now.ends_in_ms > 0 || now.state === "sending";
    more.hidden = challenges.length < 2;
    more.textContent = more.hidden ? "" : plural("challenge.more", challenges.length - 1);
    const busy = now.state === "sending";
    form.hidden = busy;
    if (busy && sending.hidden) {
      sending.replaceChildren(el("span", { class: "spinner", "aria-hidden": "true" }), choose("challenge.sending", now.decision, { service: now.service }));
    }
    sending.hidden = !busy;
  };
  update(state);

  return {
    title: t("challenge.screen"),
    spoken: t("challenge.arrived", { service: first.service }),
    update,
    leave: () => {
      clearTimeout(settle);
      clock.stop();
    },
    node: el("section", { class: "screen challenge", testid: "screen-challenge", "data-challenge": first.id, "data-digits": first.digits },
      el("div", { class: "asker" },
        initial(first.service),
        el("div", { class: "asker-name" },
          el("p", { class: "strong", testid: "challenge-service" }, first.service),
          first.domain ? el("p", { class: "small domain", testid: "challenge-domain" }, icon("shield"), el("span", { class: "visually-hidden" }, `${t("challenge.verified")}: `), first.domain) : null,
          first.label ? el("p", { class: "small muted" }, t("challenge.account", { label: first.label })) : null),
        clock.node),
      el("h1", {}, t("challenge.heading")),
      otherDomain(first),
      facts(first),
      trouble, closing, sending, form, more),
  };
}

function numberField(digits) {
  const number = field(t("challenge.number"), {
    hint: t(`challenge.number.hint.${digits}`),
    testid: "number-input",
    class: "digits",
    inputmode: "numeric",
    autocomplete: "off",
    pattern: "[0-9]*",
    maxlength: String(digits + 1),
  });
  onlyDigits(number.input, digits);
  number.node.classList.add("number-field");
  return number;
}

function otherDomain(challenge) {
  const { domain } = challenge.context;
  if (!domain || !challenge.domain || domain === challenge.domain) return null;
  return notice("warn", "alert", t("challenge.other-domain", { domain, pinned: challenge.domain }), { testid: "other-domain" });
}

function facts({ context, domain }) {
  const line = (name, key, value) => value
    ? el("div", {}, icon(name), el("dt", {}, t(`challenge.${key}`)), el("dd", { testid: `context-${key}` }, value))
    : null;
  return el("dl", { class: "facts", testid: "context" },
    line("app", "application", context.application),
    context.domain !== domain ? line("globe", "site", context.domain) : null,
    line("place", "place", context.place ?? t("challenge.unknown")),
    line("globe", "ip", context.ip),
    line("screen", "user_agent", context.user_agent),
    line("note", "detail", context.detail));
}
