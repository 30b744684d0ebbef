// The sign-in form, with the made-up people of the demonstration beside it.

import { announce, button, el, field, notice } from "/shared/dom.js";
import { post } from "/shared/net.js";
import { choose, t } from "/shared/text.js";
import { mailboxLink, relayElsewhere } from "/login/screens/parts.js";

/** The screen before anybody is signed in. */
export function signInScreen({ site, go, fail }) {
  const user = field(t("sign-in.user"), { testid: "user", name: "user", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true });
  const password = field(t("sign-in.password"), { testid: "password", name: "password", type: "password", autocomplete: "current-password", required: true });
  const submit = button(t("sign-in.submit"), { kind: "primary", wide: true, type: "submit", testid: "sign-in" });

  const send = async (event) => {
    event.preventDefault();
    user.clear();
    password.clear();
    if (user.input.value.trim() === "" || password.input.value === "") {
      (user.input.value.trim() === "" ? user : password).fail(t("sign-in.missing"));
      return;
    }
    submit.disabled = true;
    try {
      const answer = await post("/api/sign-in", { user: user.input.value.trim(), password: password.input.value });
      go(answer.state, answer.user);
    } catch (error) {
      submit.disabled = false;
      const words = { "wrong-password": t("sign-in.wrong"), "limit-rate": t("sign-in.slow-down") };
      password.input.value = "";
      password.fail(words[error.slug] ?? fail(error));
    }
  };

  const fill = (person) => {
    user.input.value = person.user;
    password.input.value = person.password;
    user.clear();
    password.clear();
    announce(t("sign-in.people.used", { user: person.user }));
    submit.focus();
  };

  return el(
    "div",
    { class: "screen stack narrow", testid: "screen-sign-in" },
    el(
      "form",
      { class: "card stack", novalidate: true, on: { submit: send } },
      el("div", { class: "stack-s" },
        el("h1", {}, t("sign-in.heading", { organisation: site.organisation })),
        el("p", { class: "muted" }, t("sign-in.lead"))),
      user.node,
      password.node,
      submit,
    ),
    people(site.users, fill),
    helpdesk(site, fail),
  );
}

/** The way to the console of those who help. */
function helpdesk({ operator, organisation, relayReachable }, fail) {
  const trouble = el("div", { role: "alert", testid: "console-trouble" });
  const open = button(t("helpdesk.open"), {
    kind: "secondary slim",
    icon: "forward",
    testid: "open-console",
    onPress: async () => {
      trouble.replaceChildren();
      try {
        const { url } = await post("/api/console");
        location.assign(url);
      } catch (error) {
        trouble.replaceChildren(notice("bad", "alert", fail(error)));
      }
    },
  });
  return el("section", { class: "aside stack-s", "aria-labelledby": "helpdesk", testid: "helpdesk" },
    el("h2", { id: "helpdesk" }, t("helpdesk.heading")),
    el("p", { class: "small muted" }, t("helpdesk.text", { operator, organisation })),
    trouble,
    relayReachable ? el("div", {}, open) : relayElsewhere());
}

function people(users, fill) {
  const rows = users.map((person) =>
    el("tr", {},
      el("th", { scope: "row" }, person.user, el("span", { class: "case" }, choose("case", person.case))),
      el("td", {}, el("code", {}, person.password)),
      el("td", { class: "end" }, button(t("sign-in.people.use"), {
        kind: "secondary slim",
        testid: `use-${person.user}`,
        "aria-label": t("sign-in.people.use-label", { user: person.user }),
        onPress: () => fill(person),
      }))));
  return el(
    "section",
    { class: "aside stack-s", "aria-labelledby": "people", testid: "people" },
    el("h2", { id: "people" }, t("sign-in.people.heading")),
    el("p", { class: "small muted" }, t("sign-in.people.text")),
    el("table", { class: "people" },
      el("thead", { class: "visually-hidden" },
        el("tr", {},
          el("th", { scope: "col" }, t("sign-in.people.user")),
          el("th", { scope: "col" }, t("sign-in.people.password")),
          el("td", {}))),
      el("tbody", {}, rows)),
    el("p", { class: "small muted" }, t("sign-in.people.post"), " ", mailboxLink(t("sign-in.people.mailbox"))),
  );
}
