// What people decide on the phone, and what both pages say of it.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { another } from "./enrol.js";

export const scenarios = [
  {
    name: "a sign-in is approved with the number, and the answer on the page verifies",
    async run(world) {
      await world.enrol();
      const challenge = await world.ask();
      await world.login.locator("[data-testid=push-pending][data-delivered=true]").waitFor();
      await assertSameCountdown(world);
      await world.picture(world.login, "login-number");
      await world.picture(world.phone, "phone-challenge");
      await world.approve(await world.number());
      await world.see(world.login, "screen-done");
      await world.phoneSays("approved");
      await world.picture(world.phone, "phone-approved");
      assert.equal(await (await world.see(world.login, "verified")).getAttribute("data-verified"), "true");
      assert.equal(await (await world.see(world.login, "result-challenge")).textContent(), challenge);
      await world.picture(world.login, "login-approved");
      const claims = await verifiedClaims(world.login);
      assert.equal(claims.decision, "approve");
      assert.equal(claims.jti, challenge);
    },
  },
  {
    name: "a wrong number ends the sign-in as denied",
    async run(world) {
      await world.enrol();
      await world.ask();
      await world.approve(another(await world.number()));
      await world.loginSays("wrong");
      await world.phoneSays("wrong-number");
    },
  },
  {
    name: "a sign-in cannot be approved without the number",
    async run(world) {
      await world.enrol();
      await world.ask();
      await world.press(world.phone, "approve");
      await world.see(world.phone, "number-input-error");
      await world.see(world.login, "push-pending");
    },
  },
  {
    name: "a sign-in is denied",
    async run(world) {
      await world.enrol();
      await world.ask();
      await world.press(world.phone, "deny");
      await world.loginSays("denied");
      await world.phoneSays("denied");
      await world.picture(world.login, "login-denied");
      await world.press(world.phone, "outcome-close");
      await world.press(world.phone, "tab-history");
      const entry = world.phone.locator("[data-testid=history-entry][data-outcome=denied]");
      await entry.waitFor();
      await world.picture(world.phone, "phone-history");
    },
  },
  {
    name: "a sign-in that was somebody else's is reported, and its source gets no further push",
    async run(world) {
      await world.enrol();
      await world.ask();
      await world.press(world.phone, "report");
      await world.loginSays("reported");
      await world.phoneSays("reported");
      await world.picture(world.phone, "phone-reported");
      await world.press(world.login, "leave");
      await world.signIn();
      await world.see(world.login, "refused-source-suppressed");
    },
  },
  {
    name: "a sign-in is cancelled on the login page and leaves the phone",
    async run(world) {
      await world.enrol();
      await world.ask();
      await world.press(world.login, "cancel");
      await world.loginSays("cancelled");
      await world.phoneSays("cancelled");
    },
  },
];

/** Page and phone show the same seconds, within the one that may pass between the two looks. */
async function assertSameCountdown(world) {
  const seconds = async (page) => Number(await (await world.see(page, "countdown-left")).textContent());
  const [login, phone] = await Promise.all([seconds(world.login), seconds(world.phone)]);
  assert.ok(login > 0 && phone > 0 && Math.abs(login - phone) <= 1, `login page ${login} s, phone ${phone} s`);
}

/** The claims of the answer on the page, after its signature has been checked here with the key beside it. */
async function verifiedClaims(page) {
  const jws = (await page.getByTestId("answer-jws").textContent()).trim();
  const key = createPublicKey({ key: JSON.parse(await page.getByTestId("answer-key").textContent()), format: "jwk" });
  const [header, payload, signature] = jws.split(".");
  const signed = Buffer.from(`${header}.${payload}`);
  const bytes = Buffer.from(signature, "base64url");
  assert.ok(verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, bytes), "the answer's signature");
  bytes[0] ^= 1;
  assert.ok(!verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, bytes), "an altered signature");
  return JSON.parse(Buffer.from(payload, "base64url"));
}
