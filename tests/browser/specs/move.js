// Moving to a new phone: from the QR code on the old one to a sign-in that only the new one is asked for.

import assert from "node:assert/strict";
import { another } from "./enrol.js";

/** Codes with the secret of RFC 6238's appendix B: one by time, one by counter. */
export const TIMED = "otpauth://totp/Fernbank:anna%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Fernbank";
export const COUNTED = "otpauth://hotp/Old%20Mill%20Library?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Old%20Mill%20Library&counter=0";

export const scenarios = [
  {
    name: "an account moves with the text of the QR code, and only the new phone is asked from then on",
    async run(world) {
      await world.enrol();
      const next = await world.another(2);
      await world.see(next, "screen-welcome");
      await openOffer(world);
      await world.picture(world.phone, "move-old-qr");
      await world.scan(next, await qrText(world));
      await typeCode(world, next);
      await assertMoved(world, next);
      await world.picture(world.phone, "move-done-old");
      await world.picture(next, "move-done-new");
      await world.press(next, "moved-close");
      await world.see(next, "screen-accounts");
      await world.press(world.phone, "moved-close");
      const words = await (await world.see(world.phone, "moved-text")).textContent();
      assert.match(words, /can no longer approve/);
      assert.equal(await world.phone.getByTestId("account").count(), 0);

      await world.press(world.login, "enrol-continue");
      const challenge = await (await world.see(next, "screen-challenge")).getAttribute("data-challenge");
      await world.login.locator("[data-testid=push-pending][data-delivered=true]").waitFor();
      assert.equal(await world.phone.getByTestId("screen-challenge").count(), 0, "the old phone is asked");
      await world.fill(next, "number-input", await world.number());
      await world.press(next, "approve");
      await world.see(world.login, "screen-done");
      assert.equal(await (await world.see(world.login, "result-challenge")).textContent(), challenge);
      assert.match(await (await world.see(world.login, "result-device")).textContent(), /Demo phone 2/);
      const devices = world.login.getByTestId("device");
      await devices.first().waitFor();
      assert.equal(await devices.count(), 1);
      assert.match(await devices.first().textContent(), /Demo phone 2/);
      assert.equal(await world.phone.getByTestId("screen-challenge").count(), 0);
    },
  },
  {
    name: "the new phone reads the QR code from a picture of the old phone's screen",
    async run(world) {
      await world.enrol();
      const next = await world.another(2);
      await openOffer(world);
      const buffer = await world.phone.screenshot();
      await world.openScanner(next);
      await next.getByTestId("qr-file").setInputFiles({ name: "old-phone.png", mimeType: "image/png", buffer });
      await typeCode(world, next);
      await assertMoved(world, next);
    },
  },
  {
    name: "wrong digits end the move, and a new QR code begins another that succeeds",
    async run(world) {
      await world.enrol();
      const next = await world.another(2);
      await openOffer(world);
      const spent = await qrText(world);
      await world.scan(next, spent);
      const code = await (await world.see(next, "move-code")).getAttribute("data-code");
      await world.fill(world.phone, "move-digits", another(code));
      await world.press(world.phone, "move-confirm");
      await failed(world.phone, "wrong-code");
      await failed(next, "left");
      await world.press(world.phone, "move-again");
      const fresh = await qrText(world);
      assert.notEqual(fresh, spent);
      await world.press(next, "move-again");
      await world.scan(next, fresh);
      await typeCode(world, next);
      await assertMoved(world, next);
    },
  },
  {
    name: "a second phone that scans the same QR code ends the move",
    async run(world) {
      await world.enrol();
      const [next, third] = [await world.another(2), await world.another(3)];
      await openOffer(world);
      const qr = await qrText(world);
      await world.scan(next, qr);
      await world.see(next, "move-code");
      await world.scan(third, qr);
      await failed(world.phone, "second-phone");
      await failed(third, "taken");
      await failed(next, "left");
      await world.press(world.phone, "move-failed-close");
      await world.see(world.phone, "screen-accounts");
    },
  },
  {
    name: "a move is cancelled at each step, and the account stays",
    async run(world) {
      await world.enrol();
      const next = await world.another(2);
      await world.press(world.phone, "move-start");
      await world.press(world.phone, "move-not-now");
      await openOffer(world);
      await world.press(world.phone, "move-cancel");
      await world.see(world.phone, "screen-accounts");
      // By the old phone, when it asks for the digits.
      await openOffer(world);
      await world.scan(next, await qrText(world));
      await world.see(world.phone, "move-digits");
      await world.see(next, "move-code");
      await world.press(world.phone, "move-cancel");
      await failed(next, "left");
      await world.press(next, "move-failed-close");
      await world.see(world.phone, "screen-accounts");
      // By the new phone, when it shows them.
      await openOffer(world);
      await world.scan(next, await qrText(world));
      await world.see(world.phone, "move-digits");
      await world.see(next, "move-code");
      await world.press(next, "move-cancel");
      await world.see(next, "screen-welcome");
      await failed(world.phone, "left");
      await world.press(world.phone, "move-failed-close");
      await world.see(world.phone, "screen-accounts");
      // And it still approves.
      await world.ask();
      await world.approve(await world.number());
      await world.see(world.login, "screen-done");
    },
  },
  {
    name: "digits that are too few are no guess",
    async run(world) {
      await world.enrol();
      const next = await world.another(2);
      await openOffer(world);
      await world.scan(next, await qrText(world));
      await world.see(next, "move-code");
      await world.see(world.phone, "move-digits");
      await world.picture(world.phone, "move-old-code");
      await world.picture(next, "move-new-code");
      await world.fill(world.phone, "move-digits", "12");
      await world.press(world.phone, "move-confirm");
      await world.see(world.phone, "move-digits-error");
      await typeCode(world, next);
      await assertMoved(world, next);
    },
  },
  {
    name: "one-time codes move along and are deleted on the old phone when its user says so",
    async run(world) {
      await world.enrol();
      await world.scan(world.phone, TIMED);
      await world.see(world.phone, "screen-codes");
      await world.scan(world.phone, COUNTED);
      await world.see(world.phone, "screen-codes");
      const next = await world.another(2);
      await openOffer(world);
      await world.scan(next, await qrText(world));
      await typeCode(world, next);
      await assertMoved(world, next);
      await next.locator("[data-testid=moving-codes][data-state=arrived]").waitFor();
      await world.see(world.phone, "codes-offer");
      await world.picture(world.phone, "move-done-codes");
      await world.press(world.phone, "delete-codes");
      await world.see(world.phone, "codes-deleted");
      await world.press(world.phone, "moved-close");
      await world.press(world.phone, "tab-codes");
      await world.see(world.phone, "codes-none");
      await world.press(next, "moved-close");
      await world.press(next, "tab-codes");
      await next.getByTestId("code").nth(1).waitFor();
      const timed = next.locator("[data-testid=code][data-kind=time]");
      assert.match(await timed.textContent(), /Fernbank/);
    },
  },
];

/** From the accounts to the QR code. */
export async function openOffer(world) {
  await world.press(world.phone, "move-start");
  await world.press(world.phone, "move-show");
  await world.see(world.phone, "move-qr");
}

/** The text beside the QR code, which is folded away. */
export async function qrText(world) {
  await world.see(world.phone, "move-qr");
  const qr = await world.phone.getByTestId("move-qr-text").inputValue();
  assert.match(qr, /^nod:1\/m\?/);
  return qr;
}

/** Types the digits of the new phone into the old one. */
export async function typeCode(world, next) {
  const code = await (await world.see(next, "move-code")).getAttribute("data-code");
  assert.match(code, /^\d{6}$/);
  await world.fill(world.phone, "move-digits", code);
  await world.press(world.phone, "move-confirm");
}

async function assertMoved(world, next) {
  for (const [page, role] of [[world.phone, "old"], [next, "new"]]) {
    await page.locator(`[data-testid=screen-moved][data-role=${role}][data-reason=done]`).waitFor();
    const accounts = page.getByTestId("moving-account");
    assert.equal(await accounts.count(), 1);
    assert.equal(await accounts.first().getAttribute("data-state"), "moved");
  }
}

async function failed(page, reason) {
  await page.locator(`[data-testid=screen-move-failed][data-reason="${reason}"]`).waitFor();
}
