// Every other way in: codes by e-mail and SMS, a key fob, recovery codes; changing the method, sending again, wrong codes.

import assert from "node:assert/strict";
import { another } from "./enrol.js";

const ANNA = "anna@quillmere.example";
const EMIL = "emil@quillmere.example";
const TRIES = 5;
/** The demonstration sends again after ten seconds. */
const RESEND_MS = 20_000;

export const scenarios = [
  {
    name: "a phone that was left at home: the push is cancelled, and a code by e-mail signs in",
    async run(world) {
      await world.enrol();
      await world.ask();
      await world.press(world.login, "forgot");
      await world.asksFor("email");
      await world.login.locator("[data-testid=code-pending][data-delivery=sent]").waitFor();
      await world.phone.getByTestId("screen-challenge").waitFor({ state: "detached" });
      await world.picture(world.login, "login-code");
      await world.enterCode(await world.codeTo(ANNA));
      await world.signedIn("email");
      assert.match(await world.login.getByTestId("result-method").textContent(), /e-mail/);
      assert.equal(await world.login.getByTestId("answer-jws").count(), 0, "no phone signed");
      await world.picture(world.login, "login-by-code");
    },
  },
  {
    name: "another method is chosen from a list, and back to the phone",
    async run(world) {
      await world.enrol("bo");
      const first = await world.ask();
      await world.press(world.login, "change-method");
      await world.see(world.login, "ways-panel");
      await world.picture(world.login, "login-ways");
      await world.press(world.login, "way-sms");
      await world.asksFor("sms");
      const code = await world.codeTo("+46701740605");
      await world.press(world.login, "change-method");
      await world.press(world.login, "way-push");
      const second = await world.challenge(first);
      assert.notEqual(second, first);
      // What was sent is void with its challenge.
      await world.press(world.login, "change-method");
      await world.press(world.login, "way-sms");
      await world.asksFor("sms");
      await world.enterCode(code);
      await world.see(world.login, "otp-error");
      await world.enterCode(await world.codeTo("+46701740605", 2));
      await world.signedIn("sms");
    },
  },
  {
    name: "somebody who shares nothing but an e-mail address gets in",
    async run(world) {
      await world.signIn("emil");
      await world.asksFor("email");
      await world.enterCode(await world.codeTo(EMIL));
      await world.signedIn("email");
    },
  },
  {
    name: "somebody with a key fob and no phone gets in, with each number once",
    async run(world) {
      await world.signIn("farah");
      await world.asksFor("fob");
      const post = await world.mailbox("farah");
      const code = await freshCode(world, post);
      await world.picture(world.login, "login-fob");
      await world.enterCode(code);
      await world.signedIn("otp");
      await world.press(world.login, "sign-out");
      await world.signIn("farah");
      await world.asksFor("fob");
      await world.enterCode(code);
      await world.see(world.login, "otp-error");
      const next = await changed(world, post, code);
      await world.enterCode(next);
      await world.signedIn("otp");
    },
  },
  {
    name: "somebody who lost the phone gets in with a recovery code, each once",
    async run(world) {
      const post = await world.mailbox("dmitri");
      const codes = post.getByTestId("paper-code");
      await codes.nth(9).waitFor();
      const code = await codes.first().getAttribute("data-code");
      await world.signIn("dmitri");
      await world.asksFor("totp");
      await world.press(world.login, "forgot");
      await world.asksFor("recovery");
      // As people type: small letters, no hyphens.
      await world.enterCode(code.replaceAll("-", "").toLowerCase());
      await world.signedIn("recovery");
      await post.reload();
      await world.see(post, "paper-used");
      await world.press(world.login, "sign-out");
      await world.signIn("dmitri");
      await world.press(world.login, "forgot");
      await world.enterCode(code);
      await world.see(world.login, "otp-error");
    },
  },
  {
    name: "somebody who lost the phone gets in, sets up a new one in the portal, and is asked there from then on",
    async run(world) {
      const { login, phone } = world;
      const post = await world.mailbox("dmitri");
      const paper = post.getByTestId("paper-code");
      await paper.nth(9).waitFor();
      const codes = await paper.evaluateAll((all) => all.map(({ dataset }) => dataset.code));
      await world.signIn("dmitri");
      await world.press(login, "forgot");
      await world.asksFor("recovery");
      await world.enterCode(codes[0]);
      await world.signedIn("recovery");
      await world.press(login, "manage-methods");
      await world.see(login, "home");
      await world.picture(login, "portal-from-demo");
      await world.press(login, "add-phone");
      // A new phone needs a fresh approval by what is still there.
      await world.press(login, "by-recovery");
      await world.fill(login, "code", codes[1]);
      await world.press(login, "submit");
      await world.press(login, "start");
      await world.see(login, "adding");
      await login.locator("summary").first().click();
      const qr = await (await world.see(login, "qr-text")).inputValue();
      await world.press(phone, "add-account");
      await world.fill(phone, "qr-input", qr);
      await world.press(phone, "qr-submit");
      const code = await (await world.see(phone, "check-code")).getAttribute("data-code");
      await login.locator("[data-testid=adding][data-state=claimed]").waitFor();
      await world.fill(login, "code", code);
      await world.press(login, "submit");
      await world.see(login, "done");
      await world.see(phone, "screen-accounts");
      await world.press(login, "back");
      await world.see(login, "screen-done");
      await world.press(login, "sign-out");
      await world.signIn("dmitri");
      await world.challenge();
      await world.approve(await world.number());
      await world.signedIn("push-number");
    },
  },
  {
    name: "a code is sent again after a while, and the one before it is void",
    async run(world) {
      await world.signIn("emil");
      const first = await world.codeTo(EMIL);
      const resend = await world.see(world.login, "resend");
      assert.equal(await resend.getAttribute("aria-disabled"), "true", "not at once");
      await world.login.locator("[data-testid=resend][aria-disabled=false]").waitFor({ timeout: RESEND_MS });
      await resend.click();
      const second = await world.codeTo(EMIL, 2);
      assert.equal(await resend.getAttribute("aria-disabled"), "true", "not twice");
      if (first !== second) {
        await world.enterCode(first);
        await world.see(world.login, "otp-error");
      }
      await world.enterCode(second);
      await world.signedIn("email");
    },
  },
  {
    name: "a wrong code says how many tries are left; too many end it, and then lock",
    async run(world) {
      await world.signIn("emil");
      const codes = [await world.codeTo(EMIL)];
      const wrong = async () => {
        for (let left = TRIES - 1; left > 0; left -= 1) {
          await world.enterCode(another(codes.at(-1)));
          const words = left === 1 ? /One try left/ : new RegExp(`${left} tries left`);
          await world.login.getByTestId("otp-error").filter({ hasText: words }).waitFor();
        }
        await world.enterCode(another(codes.at(-1)));
        await world.loginSays("tries");
      };
      await wrong();
      await world.picture(world.login, "login-wrong-codes");
      await world.press(world.login, "again");
      codes.push(await world.codeTo(EMIL, 2));
      await wrong();
      await world.press(world.login, "again");
      // Locked: not even the right one, wherever that is said first.
      const asked = world.login.getByTestId("code-pending");
      const refused = world.login.getByTestId("refused-locked");
      await asked.or(refused).waitFor();
      if (await asked.isVisible()) await world.enterCode(await world.codeTo(EMIL, 3));
      await refused.waitFor();
      await world.picture(world.login, "login-locked");
    },
  },
  {
    name: "somebody with a phone alone who left it at home is sent to the helpdesk",
    async run(world) {
      await world.enrol("chandra");
      await world.ask();
      await world.press(world.login, "forgot");
      await world.see(world.login, "ways-none");
      await world.see(world.login, "way-helpdesk");
      // No ticket is open: nothing changes.
      await world.press(world.login, "way-helpdesk");
      await world.see(world.login, "push-trouble");
      await world.approve(await world.number());
      await world.signedIn("push-number");
    },
  },
  {
    name: "the helpdesk's operator joins, signs in and gives out a code, and it lets in whom nothing else would",
    async run(world) {
      await world.enrol("chandra");
      await world.ask();
      await world.press(world.login, "forgot");
      await world.see(world.login, "ways-none");
      const desk = await world.desk();
      await findUser(world, desk, "chandra");
      await world.press(desk, "issue");
      const code = await (await world.see(desk, "ticket-code")).textContent();
      await world.press(world.login, "way-helpdesk");
      await world.asksFor("helpdesk");
      await world.picture(world.login, "login-helpdesk");
      await world.enterCode(code.trim());
      await world.signedIn("helpdesk");
    },
  },
  {
    name: "somebody whom the helpdesk suspended is sent there, and to nothing else",
    async run(world) {
      const desk = await world.desk();
      await findUser(world, desk, "emil");
      await world.press(desk, "suspend");
      await world.press(desk, "suspend-sure");
      await world.see(desk, "badge-suspended");
      await world.signIn("emil");
      await world.see(world.login, "refused-suspended");
      assert.equal(await world.login.getByTestId("ways").count(), 0);
    },
  },
  {
    name: "a reload of the login page sends no second code",
    async run(world) {
      await world.signIn("emil");
      await world.asksFor("email");
      const code = await world.codeTo(EMIL);
      await world.login.reload();
      await world.asksFor("email");
      assert.equal(await world.codeTo(EMIL), code);
      await world.enterCode(code);
      await world.signedIn("email");
    },
  },
  {
    name: "a sign-in by code is cancelled on the login page",
    async run(world) {
      await world.signIn("emil");
      await world.asksFor("email");
      await world.press(world.login, "cancel");
      await world.loginSays("cancelled");
      await world.press(world.login, "leave");
      await world.see(world.login, "screen-sign-in");
    },
  },
];

/** Opens a user's page in the helpdesk's console. */
async function findUser(world, desk, user) {
  await desk.getByTestId("service").selectOption({ label: "Quillmere" });
  await world.fill(desk, "name", user);
  await world.press(desk, "look");
  await world.see(desk, "user-page");
}

/** What the fob shows, with enough of its time left to type it. */
async function freshCode(world, post) {
  const left = Number(await (await world.see(post, "fob-countdown-left")).textContent());
  const code = await post.getByTestId("fob-code").getAttribute("data-code");
  return left > 5 ? code : changed(world, post, code);
}

/** The next number of the fob. */
async function changed(world, post, before) {
  const next = post.locator(`[data-testid=fob-code]:not([data-code="${before}"])`);
  await next.waitFor({ timeout: 40_000 });
  return next.getAttribute("data-code");
}
