// Everybody can use it: keyboard alone, small screens, light and dark, without motion.

import { assertAccessible, assertFits, tabTo } from "../lib/access.js";

const NARROW = { width: 320, height: 640 };

export const scenarios = [
  {
    name: "enrolment and approval work with the keyboard alone",
    async run(world) {
      const { login, phone } = world;
      await enter(login, "use-anna");
      await enter(login, "sign-in");
      const qr = await (await world.see(login, "qr-text")).inputValue();
      await enter(phone, "add-account");
      await type(phone, "qr-input", qr);
      await enter(phone, "qr-submit");
      const code = await (await world.see(phone, "check-code")).getAttribute("data-code");
      await type(login, "code", code);
      await login.keyboard.press("Enter");
      await enter(login, "enrol-continue");
      await world.challenge();
      await type(phone, "number-input", await world.number());
      await enter(phone, "approve");
      await world.see(login, "screen-done");
      await world.phoneSays("approved");
    },
  },
  {
    name: "nothing is cut off on the narrowest phones",
    world: { context: { viewport: NARROW } },
    run: (world) => everyScreen(world, assertFits),
  },
  {
    name: "no serious accessibility finding in light colours",
    world: { context: { bypassCSP: true, colorScheme: "light", reducedMotion: "reduce" } },
    run: (world) => everyScreen(world, assertAccessible),
  },
  {
    name: "no serious accessibility finding in dark colours",
    world: { context: { bypassCSP: true, colorScheme: "dark", reducedMotion: "reduce" } },
    async run(world) {
      await everyScreen(world, assertAccessible, "-dark");
    },
  },
];

async function enter(page, testid) {
  await tabTo(page, testid);
  await page.keyboard.press("Enter");
}

async function type(page, testid, text) {
  await tabTo(page, testid);
  await page.keyboard.type(text);
}

/** Goes through the screens of both sites and applies the check to each. */
async function everyScreen(world, check, suffix = "") {
  const { login, phone } = world;
  await world.see(login, "screen-sign-in");
  await check(login, "sign-in page");
  await world.see(phone, "screen-welcome");
  await check(phone, "welcome of the phone");
  await world.signIn();
  const qr = await (await world.see(login, "qr-text")).inputValue();
  await check(login, "enrolment page");
  await world.press(phone, "add-account");
  await world.see(phone, "qr-input");
  await check(phone, "the phone's page to add an account");
  await world.fill(phone, "qr-input", qr);
  await world.press(phone, "qr-submit");
  await world.see(phone, "check-code");
  await check(phone, "check code");
  await world.see(login, "code");
  await check(login, "enrolment page that asks for the code");
  await world.confirmCode();
  await check(phone, "accounts");
  await check(login, "enrolled");
  await world.ask();
  await world.login.locator("[data-testid=push-pending][data-delivered=true]").waitFor();
  await check(login, "number");
  await check(phone, "challenge");
  if (suffix) {
    await world.picture(login, `login-number${suffix}`);
    await world.picture(phone, `phone-challenge${suffix}`);
  }
  await world.approve(await world.number());
  await world.see(login, "result");
  await check(login, "approved");
  await world.phoneSays("approved");
  await check(phone, "outcome");
  await world.press(phone, "outcome-close");
  await world.press(phone, "tab-history");
  await world.see(phone, "screen-history");
  await check(phone, "history");
}
