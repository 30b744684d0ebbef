// Another e-mail address and a telephone number, set in the portal: proven by a code, told to the addresses before them.

import assert from "node:assert/strict";

const OLD = "emil@quillmere.example";
const NEW = "emil@elsewhere.example";
const PHONE = "+46701740699";

export const scenarios = [
  {
    name: "somebody changes the e-mail address and adds a number in the portal; the old address is told, the new one signs in",
    async run(world) {
      const { login } = world;
      await world.signIn("emil");
      await world.asksFor("email");
      await world.enterCode(await world.codeTo(OLD));
      await world.signedIn("email");
      await world.press(login, "manage-methods");
      await world.see(login, "home");

      await world.press(login, "change-email");
      await world.press(login, "by-email");
      await world.see(login, "code");
      await confirm(world, await world.codeTo(OLD, 2));
      await world.see(login, "address");
      await address(world, "emil at elsewhere");
      await world.see(login, "field-error");
      await address(world, NEW);
      await world.see(login, "address-code");
      await confirm(world, "000000");
      await world.see(login, "field-error");
      await confirm(world, await world.codeTo(NEW));
      await world.see(login, "done");
      await world.picture(login, "portal-email-changed");
      await told(world, OLD, "e…@elsewhere.example");

      await world.press(login, "add-sms");
      await address(world, "070 174 06 99");
      await world.see(login, "field-error");
      await address(world, PHONE);
      await world.see(login, "address-code");
      await confirm(world, await world.codeTo(PHONE));
      await world.see(login, "done");
      await told(world, NEW, "SMS");

      await world.press(login, "back");
      await world.see(login, "screen-done");
      await world.press(login, "sign-out");
      await world.signIn("emil");
      // What was added last is asked first.
      await world.asksFor("sms");
      await world.press(login, "change-method");
      await world.press(login, "way-email");
      await world.asksFor("email");
      await world.enterCode(await world.codeTo(NEW, 2));
      await world.signedIn("email");
    },
  },
];

async function address({ login }, text) {
  // The browser's own check would not let a wrong one pass.
  await login.locator("main form").first().evaluate((form) => form.setAttribute("novalidate", ""));
  await login.locator("#address").fill(text);
  await login.getByTestId("submit").click();
}

async function confirm(world, code) {
  await world.fill(world.login, "code", code);
  await world.press(world.login, "submit");
}

/** Waits for a letter without a code to that address, which says that. */
async function told({ post }, to, text) {
  const letters = post.locator(`[data-testid=letter][data-to="${to}"]:not(:has([data-testid=letter-code]))`);
  const found = letters.filter({ hasText: text });
  await found.first().waitFor();
  assert.ok((await found.count()) >= 1);
}
