// Everybody can use it: keyboard alone, small screens, light and dark, without motion.

import { assertAccessible, assertFits, tabTo } from "../lib/access.js";
import { another } from "./enrol.js";
import { COUNTED, TIMED, qrText, typeCode } from "./move.js";

const NARROW = { width: 320, height: 640 };
const LIGHT = { bypassCSP: true, colorScheme: "light", reducedMotion: "reduce" };
const DARK = { bypassCSP: true, colorScheme: "dark", reducedMotion: "reduce" };

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
    name: "a move to a new phone works with the keyboard alone",
    async run(world) {
      const { phone } = world;
      await world.enrol();
      const next = await world.another(2);
      await enter(phone, "move-start");
      await enter(phone, "move-show");
      await enter(phone, "move-no-camera");
      await tabTo(phone, "move-copy");
      const qr = await qrText(world);
      await enter(next, "add-account");
      await type(next, "qr-input", qr);
      await enter(next, "qr-submit");
      const code = await (await world.see(next, "move-code")).getAttribute("data-code");
      await type(phone, "move-digits", code);
      await phone.keyboard.press("Enter");
      await enter(phone, "moved-close");
      await enter(next, "moved-close");
      await world.see(next, "screen-accounts");
    },
  },
  {
    name: "a forgotten device and a code work with the keyboard alone",
    async run(world) {
      const { login } = world;
      await world.enrol();
      await enter(login, "enrol-continue");
      await world.challenge();
      await enter(login, "change-method");
      await enter(login, "way-email");
      await world.asksFor("email");
      await type(login, "otp", await world.codeTo("anna@quillmere.example"));
      await login.keyboard.press("Enter");
      await world.signedIn("email");
    },
  },
  {
    name: "nothing of the other ways in is cut off on the narrowest phones",
    world: { context: { viewport: NARROW } },
    run: (world) => everyScreenOfWays(world, assertFits, "-narrow"),
  },
  {
    name: "no serious accessibility finding of the other ways in in light colours",
    world: { context: LIGHT },
    run: (world) => everyScreenOfWays(world, assertAccessible),
  },
  {
    name: "no serious accessibility finding of the other ways in in dark colours",
    world: { context: DARK },
    run: (world) => everyScreenOfWays(world, assertAccessible, "-dark"),
  },
  {
    name: "nothing is cut off on the narrowest phones",
    world: { context: { viewport: NARROW } },
    run: (world) => everyScreen(world, assertFits),
  },
  {
    name: "nothing of a move is cut off on the narrowest phones",
    world: { context: { viewport: NARROW } },
    run: (world) => everyScreenOfMove(world, assertFits),
  },
  {
    name: "no serious accessibility finding in light colours",
    world: { context: LIGHT },
    run: (world) => everyScreen(world, assertAccessible),
  },
  {
    name: "no serious accessibility finding in dark colours",
    world: { context: DARK },
    run: (world) => everyScreen(world, assertAccessible, "-dark"),
  },
  {
    name: "no serious accessibility finding of a move in light colours",
    world: { context: LIGHT },
    run: (world) => everyScreenOfMove(world, assertAccessible),
  },
  {
    name: "no serious accessibility finding of a move in dark colours",
    world: { context: DARK },
    run: (world) => everyScreenOfMove(world, assertAccessible, "-dark"),
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

/** Goes through the screens of the other ways in and the mailbox, and applies the check to each. */
async function everyScreenOfWays(world, check, suffix = "") {
  const { login } = world;
  const pictures = async (page, name) => (suffix ? world.picture(page, `${name}${suffix}`) : undefined);
  await pictures(login, "login-sign-in");
  const post = await world.mailbox();
  await world.see(post, "letters-none");
  await check(post, "the empty mailbox");
  await world.enrol("bo");
  await world.ask();
  await world.press(login, "change-method");
  await world.see(login, "ways-panel");
  await check(login, "the other ways");
  await pictures(login, "login-ways");
  await world.press(login, "way-sms");
  await login.locator("[data-testid=code-pending][data-delivery=sent]").waitFor();
  await check(login, "a code by SMS");
  await pictures(login, "login-code");
  const code = await world.codeTo("+46701740605");
  await check(post, "the mailbox");
  await pictures(post, "mailbox");
  for (let tries = 0; tries < 5; tries += 1) {
    await world.enterCode(another(code));
    if (tries < 4) await login.getByTestId("otp-error").filter({ hasText: tries === 3 ? "One" : `${4 - tries} ` }).waitFor();
    if (tries === 0) await check(login, "a wrong code");
  }
  await world.loginSays("tries");
  await check(login, "too many wrong codes");
  await pictures(login, "login-wrong-codes");
  await world.press(login, "leave");
  await world.signIn("dmitri");
  await world.asksFor("totp");
  await check(login, "a code of an app");
  await world.press(login, "forgot");
  await world.asksFor("recovery");
  await check(login, "a recovery code");
  await pictures(login, "login-recovery");
  await world.enterCode(await post.getByTestId("paper-code").first().getAttribute("data-code"));
  await world.signedIn("recovery");
  await check(login, "signed in by a code");
  await pictures(login, "login-by-code");
}

/** Goes through the screens of one-time codes and of a move, on both phones, and applies the check to each. */
async function everyScreenOfMove(world, check, suffix = "") {
  const { phone } = world;
  const pictures = async (page, name) => (suffix ? world.picture(page, `${name}${suffix}`) : undefined);
  await world.enrol();
  await world.press(phone, "tab-codes");
  await world.see(phone, "codes-none");
  await check(phone, "no one-time codes");
  await world.scan(phone, TIMED);
  await phone.locator("[data-kind=time]").waitFor();
  await world.scan(phone, COUNTED);
  await phone.locator("[data-kind=counter]").waitFor();
  await world.press(phone, "code-press");
  await phone.getByTestId("code-digits").filter({ hasText: /^\d+.\d+$/ }).nth(1).waitFor();
  await check(phone, "one-time codes");
  await pictures(phone, "codes");
  await phone.getByTestId("code-more").first().click();
  await world.see(phone, "screen-code-details");
  await check(phone, "one code");
  await world.press(phone, "code-remove");
  await check(phone, "the question before a code is removed");
  await world.press(phone, "tab-accounts");
  await world.press(phone, "move-start");
  await world.see(phone, "screen-move-start");
  await check(phone, "what a move does");
  await world.press(phone, "move-show");
  await world.see(phone, "move-qr");
  await check(phone, "the QR code of a move");
  await pictures(phone, "move-old-qr");
  await world.press(phone, "move-no-camera");
  await check(phone, "the QR code and its text");
  // Wrong digits first, then the right ones.
  const next = await world.another(2);
  await world.scan(next, await qrText(world));
  const code = await (await world.see(next, "move-code")).getAttribute("data-code");
  await check(next, "the digits of a move");
  await pictures(next, "move-new-code");
  await world.fill(phone, "move-digits", another(code));
  await check(phone, "the field for the digits");
  await pictures(phone, "move-old-code");
  await world.press(phone, "move-confirm");
  await world.see(phone, "screen-move-failed");
  await check(phone, "a move that failed on the old phone");
  await world.see(next, "screen-move-failed");
  await check(next, "a move that failed on the new phone");
  await world.press(phone, "move-again");
  await world.press(next, "move-again");
  await world.scan(next, await qrText(world));
  await typeCode(world, next);
  await world.see(phone, "codes-offer");
  await check(phone, "what has moved, on the old phone");
  await pictures(phone, "move-done-old");
  await world.see(next, "screen-moved");
  await check(next, "what has moved, on the new phone");
  await world.press(phone, "moved-close");
  await world.see(phone, "tab-codes");
  await check(phone, "a phone that has handed over");
}
