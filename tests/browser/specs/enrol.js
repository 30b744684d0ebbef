// Setting up a phone.

import assert from "node:assert/strict";

export const scenarios = [
  {
    name: "a phone is enrolled with the code that only it shows",
    async run(world) {
      await world.see(world.phone, "screen-welcome");
      await world.picture(world.login, "login-sign-in");
      await world.signIn();
      const qr = await (await world.see(world.login, "qr-text")).inputValue();
      await world.picture(world.login, "login-enrol");
      await world.press(world.phone, "add-account");
      await world.fill(world.phone, "qr-input", qr);
      await world.press(world.phone, "qr-submit");
      await world.see(world.phone, "check-code");
      await world.picture(world.phone, "phone-check-code");
      await world.confirmCode();
      await world.picture(world.phone, "phone-accounts");
      assert.equal(await world.phone.getByTestId("account").count(), 1);
    },
  },
  {
    name: "a wrong check code enrols nobody and the right one still does",
    async run(world) {
      await world.signIn();
      const qr = await (await world.see(world.login, "qr-text")).inputValue();
      await world.press(world.phone, "add-account");
      await world.fill(world.phone, "qr-input", qr);
      await world.press(world.phone, "qr-submit");
      const code = await (await world.see(world.phone, "check-code")).getAttribute("data-code");
      await world.fill(world.login, "code", another(code));
      await world.press(world.login, "confirm");
      await world.see(world.login, "code-error");
      assert.equal(await world.phone.getByTestId("account").count(), 0);
      await world.confirmCode();
    },
  },
  {
    name: "text that is no set-up code is refused in words",
    async run(world) {
      await world.press(world.phone, "add-account");
      await world.fill(world.phone, "qr-input", "https://example.org/not-a-code");
      await world.press(world.phone, "qr-submit");
      const words = await (await world.see(world.phone, "qr-input-error")).textContent();
      assert.ok(words.length > 10, words);
    },
  },
];

/** Another number with as many digits. */
export function another(digits) {
  return String((Number(digits) + 1) % 10 ** digits.length).padStart(digits.length, "0");
}
