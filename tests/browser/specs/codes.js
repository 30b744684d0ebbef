// One-time codes on the phone.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { COUNTED, TIMED } from "./move.js";

const SECRET = Buffer.from("12345678901234567890");
/** Two codes as the other app exports them, with secrets that are in the plain. */
const EXPORT = exportOf([["Harbour Mail", "anna"], ["Fernbank", "bo"]]);

export const scenarios = [
  {
    name: "a time-based code shows what RFC 6238 says, and the next one ahead of time",
    async run(world) {
      await world.scan(world.phone, TIMED);
      const row = world.phone.locator("[data-testid=code][data-kind=time]");
      await row.waitFor();
      const [shown, next] = await during(async () => {
        const digits = await row.getByTestId("code-digits").textContent();
        return [digits, await row.getByTestId("code-next").textContent()];
      });
      assert.equal(shown.digits, shown.expected);
      assert.equal(next.digits, next.expected);
    },
  },
  {
    name: "a counter-based code shows one code after the other",
    async run(world) {
      await world.scan(world.phone, COUNTED);
      for (const counter of [0n, 1n]) {
        await world.press(world.phone, "code-press");
        await world.phone.getByTestId("code-digits").filter({ hasText: grouped(hotp(counter)) }).waitFor();
      }
    },
  },
  {
    name: "codes come from an export, are copied, renamed and removed",
    world: { context: { permissions: ["clipboard-read", "clipboard-write"] } },
    async run(world) {
      const { phone } = world;
      await world.scan(phone, EXPORT);
      await phone.getByTestId("code").nth(1).waitFor();
      await world.scan(phone, TIMED);
      await phone.getByTestId("code").nth(2).waitFor();
      await world.scan(phone, COUNTED);
      await phone.getByTestId("code").nth(3).waitFor();
      await phone.mouse.move(0, 0);
      await world.picture(phone, "codes");
      await phone.getByTestId("code-copy").first().click();
      await phone.getByTestId("code-next").filter({ hasText: "Copied" }).waitFor();
      assert.match(await phone.evaluate(() => navigator.clipboard.readText()), /^\d{6}$/);
      await phone.getByTestId("code-more").first().click();
      await world.fill(phone, "code-issuer", "Harbour Post");
      await world.press(phone, "code-save");
      await phone.getByTestId("code-saved").filter({ hasText: /\w/ }).waitFor();
      await world.press(phone, "back");
      await phone.getByTestId("code").first().filter({ hasText: "Harbour Post" }).waitFor();
      await phone.getByTestId("code-more").first().click();
      await world.press(phone, "code-remove");
      await world.press(phone, "code-remove-confirm");
      await world.see(phone, "screen-codes");
      await phone.getByTestId("code").filter({ hasText: "Harbour" }).waitFor({ state: "detached" });
      assert.equal(await phone.getByTestId("code").count(), 3);
    },
  },
  {
    name: "a text that holds no code that can be shown is refused in words",
    async run(world) {
      await world.scan(world.phone, "otpauth://totp/x?secret=0189");
      const words = await (await world.see(world.phone, "qr-input-error")).textContent();
      assert.ok(words.length > 10, words);
    },
  },
  {
    name: "one-time codes alone move, too",
    async run(world) {
      await world.scan(world.phone, TIMED);
      const next = await world.another(2);
      await world.press(world.phone, "move-start");
      await world.press(world.phone, "move-show");
      await world.see(world.phone, "move-qr");
      await world.scan(next, await world.phone.getByTestId("move-qr-text").inputValue());
      const code = await (await world.see(next, "move-code")).getAttribute("data-code");
      await world.fill(world.phone, "move-digits", code);
      await world.press(world.phone, "move-confirm");
      await world.press(world.phone, "delete-codes");
      await world.see(world.phone, "codes-deleted");
      await world.press(next, "moved-close");
      await world.press(next, "tab-codes");
      await next.getByTestId("code").waitFor();
    },
  },
];

/** Reads what is shown within one period, with what it must be. */
async function during(read) {
  for (;;) {
    const period = Math.floor(Date.now() / 30_000);
    const texts = await read();
    if (Math.floor(Date.now() / 30_000) !== period) continue;
    return texts.map((text, at) => ({
      digits: text.replaceAll(/\D/g, ""),
      expected: hotp(BigInt(period + at)),
    }));
  }
}

/** RFC 4226, section 5.3, with six digits. */
function hotp(counter) {
  const moving = Buffer.alloc(8);
  moving.writeBigUInt64BE(counter);
  const mac = createHmac("sha1", SECRET).update(moving).digest();
  const at = mac.at(-1) & 15;
  return String((mac.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}

function grouped(code) {
  return `${code.slice(0, 3)}\u00a0${code.slice(3)}`;
}

/** An `otpauth-migration://` text, written field by field: time-based, SHA-1, six digits. */
function exportOf(names) {
  const bytes = (field, data) => Buffer.concat([Buffer.from([field * 8 + 2, data.length]), data]);
  const number = (field, value) => Buffer.from([field * 8, value]);
  const codes = names.map(([issuer, account], at) =>
    bytes(1, Buffer.concat([
      bytes(1, Buffer.from(`secret of number ${at}`)),
      bytes(2, Buffer.from(account)),
      bytes(3, Buffer.from(issuer)),
      number(4, 1),
      number(5, 1),
      number(6, 2),
    ])));
  const whole = Buffer.concat([...codes, number(2, 1), number(3, 1), number(4, 0), number(5, 7)]);
  return `otpauth-migration://offline?data=${encodeURIComponent(whole.toString("base64"))}`;
}
