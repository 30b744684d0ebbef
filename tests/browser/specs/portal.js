// The self-service portal: every page in every language, by keyboard alone, without a script, dragged and printed.

import assert from "node:assert/strict";
import { tabTo } from "../lib/access.js";
import { PortalWorld } from "../lib/portal.js";

const open = PortalWorld.open;
const LANGUAGES = ["en", "sv", "nb", "da"];

export const scenarios = [
  ...LANGUAGES.map((language) => ({
    name: `portal: every page at every width and colour, in ${language}`,
    open,
    run: (world) => everyPage(world, language),
  })),
  {
    name: "portal: an app is added and the order changed with the keyboard alone",
    open,
    async run(world) {
      const { page } = world;
      await world.enter("anna");
      await enter(page, "add-app");
      await tabTo(page, "label");
      await page.keyboard.type("Blue app");
      await enter(page, "start");
      const secret = await (await world.see("secret")).textContent();
      await tabTo(page, "code");
      await page.keyboard.type(await world.appCode(secret));
      await page.keyboard.press("Enter");
      await world.see("done");
      await world.call("PUT", "/v1/users/anna", world.key, { email: "anna@example.org" });
      await page.reload();
      assert.deepEqual(await kinds(page), ["totp", "email"]);
      await enter(page, "up-email");
      await world.see("done");
      assert.deepEqual(await kinds(page), ["email", "totp"]);
      assert.equal(await page.getByTestId("method").first().getByTestId("primary").count(), 1);
    },
  },
  {
    name: "portal: everything works without a script",
    open,
    async run(world) {
      world.page = await world.another({ javaScriptEnabled: false });
      await world.enter("anna", "da");
      const secret = await addApp(world, -1);
      await world.call("PUT", "/v1/users/anna", world.key, { email: "anna@example.org" });
      await world.go("/portal");
      await world.press("down-totp");
      assert.deepEqual(await kinds(world.page), ["email", "totp"]);
      await world.press("tab-test");
      await world.press("test-totp");
      await world.fill("code", await world.appCode(secret));
      await world.press("submit");
      await world.see("works");
      await world.press("language-sv");
      assert.equal(await world.page.locator("html").getAttribute("lang"), "sv");
      await world.press("sign-out");
      await world.see("signed-out");
    },
  },
  {
    name: "portal: the order is changed by dragging",
    open,
    async run(world) {
      const { page } = world;
      await world.call("PUT", "/v1/users/anna", world.key, { email: "anna@example.org", phone: "+46701234567" });
      await world.enter("anna");
      assert.deepEqual(await kinds(page), ["email", "sms"]);
      const grips = page.locator(".grip");
      const [from, to] = [await grips.nth(1).boundingBox(), await grips.nth(0).boundingBox()];
      await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
      await page.mouse.down();
      await page.mouse.move(to.x + to.width / 2, to.y + 20, { steps: 8 });
      await page.mouse.up();
      await world.see("done");
      assert.deepEqual(await kinds(page), ["sms", "email"]);
    },
  },
  {
    name: "portal: recovery codes print without the page around them, once",
    open,
    async run(world) {
      const { page } = world;
      await world.enter("anna");
      await world.press("add-recovery");
      await world.press("make");
      const codes = await (await world.see("codes")).locator("li").allTextContents();
      assert.equal(new Set(codes).size, 10);
      for (const code of codes) assert.match(code, /^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
      await page.emulateMedia({ media: "print" });
      for (const hidden of ["sign-out", "tab-phones", "saved", "once"]) {
        assert.equal(await page.getByTestId(hidden).isVisible(), false, `${hidden} is not printed`);
      }
      assert.ok(await page.getByText(codes[9]).isVisible());
      assert.ok(await page.locator(".print-only").isVisible(), "whose codes they are");
      await world.picture("recovery-printed");
      await page.emulateMedia({ media: "screen" });
      await page.reload();
      await world.see("recovery-shown");
    },
  },
];

async function enter(page, testid) {
  await tabTo(page, testid);
  await page.keyboard.press("Enter");
}

function kinds(page) {
  return page.getByTestId("method").evaluateAll((all) => all.map(({ dataset }) => dataset.kind));
}

/** Adds an app with a code of `step`; hands back its secret. */
async function addApp(world, step, seen = async () => {}) {
  await world.press("add-app");
  await world.see("app-add");
  await seen("app-add");
  await world.fill("label", "Blue app");
  await world.press("start");
  const secret = (await (await world.see("secret")).textContent()).replaceAll(" ", "");
  await seen("app-code");
  await world.fill("code", "000000");
  await world.press("submit");
  await world.see("field-error");
  await seen("app-code-wrong");
  await world.fill("code", await world.appCode(secret, step));
  await world.press("submit");
  await world.see("done");
  return secret;
}

/** Goes through every page and holds each against every width and colour. */
async function everyPage(world, language) {
  const { page } = world;
  const user = "anna";
  // The pictures of the documentation are in English and Swedish; the others are checked alike.
  const seen = (name) => world.check(`${name}-${language}`);

  await world.go("/portal");
  await world.see("error");
  await seen("signed-out-before");
  await page.goto(await world.link(user, language));
  await world.see("none");
  await seen("home-empty");
  await world.go("/portal/test");
  await world.see("none");
  await seen("test-empty");
  await world.go("/portal/phones");
  await world.see("none");
  await seen("phones-empty");
  await world.go("/portal");
  const secret = await addApp(world, -1, seen);

  await world.go("/portal/phones/add");
  await world.see("confirm");
  await seen("confirm");
  await world.press("by-totp");
  await world.see("code");
  await seen("confirm-code");
  await world.fill("code", await world.appCode(secret, 0));
  await world.press("submit");
  await world.see("phone-add");
  await seen("phone-add");
  await world.press("start");
  const qr = await page.getByTestId("qr-text").inputValue();
  await seen("phone-scan");
  await world.phone(["enrol", qr], async ({ code }) => {
    await world.see("code");
    await seen("phone-code");
    await world.fill("code", code);
    await world.press("submit");
  });
  await world.see("done");
  await seen("home-phone");

  await world.press("tab-phones");
  await world.see("phone");
  await seen("phones");
  await world.press("remove");
  await world.see("phone-remove");
  await seen("phone-remove");

  await world.press("tab-test");
  await world.see("test");
  await seen("test");
  await world.press("test-push");
  await world.see("number");
  await seen("test-push");
  await world.approve();
  await world.see("works");
  await seen("test-works");
  await world.press("again");
  await world.press("test-push");
  await world.see("number");
  const [{ challenges }] = await world.phone(["pending", "--wait", "15"]);
  await world.phone(["deny", challenges[0].id]);
  await world.see("verdict");
  await seen("test-denied");

  await world.go("/portal/email");
  await world.see("address");
  await seen("email");
  // The browser's own check would not let it pass.
  await page.locator("main form").evaluate((form) => form.setAttribute("novalidate", ""));
  await page.locator("#address").fill("nobody");
  await world.press("submit");
  await world.see("field-error");
  await seen("email-wrong");
  await page.locator("#address").fill("anna@example.org");
  await world.press("submit");
  await world.see("address-code");
  await seen("email-code");
  await world.go("/portal/sms");
  await world.see("address");
  await seen("sms");

  await world.go("/portal/recovery");
  await world.press("make");
  await world.see("codes");
  await seen("recovery-codes");
  await world.press("saved");
  await world.see("done");
  await world.go("/portal/recovery");
  await world.see("left");
  await seen("recovery");
  await world.go("/portal/recovery/codes");
  await world.see("recovery-shown");
  await seen("recovery-shown");

  await world.call("PUT", `/v1/users/${user}`, world.key, { email: "anna@example.org", phone: "+46701234567" });
  await world.go("/portal");
  await world.see("home");
  await seen("home");
  await world.press("remove-totp");
  await world.see("method-remove");
  await seen("method-remove");
  await world.press("tab-activity");
  await world.see("entry");
  await seen("activity");

  // Another session of the same user has confirmed nothing.
  await world.enter(user, language);
  await world.go("/portal/app");
  await world.see("may-not");
  await seen("confirm-strong");
  const link = await world.link(user, language);
  await page.goto(link);
  await world.press("sign-out");
  await world.see("signed-out");
  await seen("signed-out");
  await page.goto(link);
  await world.see("error");
  await seen("link-used");

  await world.enter(user, language);
  await world.call("POST", `/v1/users/${user}/suspend`, world.key);
  await world.go("/portal");
  await world.see("suspended");
  await seen("suspended");
}
