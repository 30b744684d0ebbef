// A phone that is not there: what the login page says meanwhile, and that the sign-in goes on when it is back.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const scenarios = [
  {
    name: "a phone that cannot be reached: the page says so after a moment and offers another way",
    async run(world) {
      const vault = await mkdtemp(join(tmpdir(), "nod-browser-phone-"));
      try {
        await enrolByCommand(world, vault);
        await world.press(world.login, "enrol-continue");
        const pending = world.login.getByTestId("push-pending");
        await pending.waitFor();
        assert.equal(await pending.getAttribute("data-stage"), "sent", "it is given a moment");
        assert.equal(await world.login.getByTestId("other-ways").isVisible(), false);
        await world.login.locator("[data-testid=push-pending][data-stage=unreachable]").waitFor();
        await world.see(world.login, "other-ways");
        await world.picture(world.login, "login-unreachable");
        // Opened by hand, the phone finds the request, and everything goes on.
        const id = (await nod(vault, ["pending", "--wait", "15"]))[0].challenges[0].id;
        await world.login.locator("[data-testid=push-pending][data-stage=delivered]").waitFor();
        assert.equal(await world.login.getByTestId("other-ways").isVisible(), false);
        await nod(vault, ["approve", id, "--number", await world.number()]);
        await world.see(world.login, "screen-done");
      } finally {
        await rm(vault, { recursive: true, force: true });
      }
    },
  },
  {
    name: "a phone that cannot be reached: another way is a press away, and the push is over",
    async run(world) {
      const vault = await mkdtemp(join(tmpdir(), "nod-browser-phone-"));
      try {
        await enrolByCommand(world, vault);
        await world.press(world.login, "enrol-continue");
        await world.press(world.login, "other-email");
        await world.asksFor("email");
        await world.enterCode(await world.codeTo("anna@quillmere.example"));
        await world.signedIn("email");
        assert.deepEqual((await nod(vault, ["pending", "--wait", "1"])).flatMap(({ challenges }) => challenges), []);
      } finally {
        await rm(vault, { recursive: true, force: true });
      }
    },
  },
  {
    name: "somebody with a phone alone is led back from one that cannot be reached",
    async run(world) {
      const vault = await mkdtemp(join(tmpdir(), "nod-browser-phone-"));
      try {
        await enrolByCommand(world, vault, "chandra");
        await world.press(world.login, "enrol-continue");
        await world.press(world.login, "other-leave");
        await world.see(world.login, "screen-sign-in");
      } finally {
        await rm(vault, { recursive: true, force: true });
      }
    },
  },
];

/** Enrols a phone that is a command: connected only while one runs. */
async function enrolByCommand(world, vault, user = "anna") {
  await world.signIn(user);
  const qr = await (await world.see(world.login, "qr-text")).inputValue();
  await nod(vault, ["enrol", qr], async (first) => {
    await world.fill(world.login, "code", first.code);
    await world.press(world.login, "confirm");
  });
  await world.see(world.login, "enrol-active");
}

/** Runs `nod phone …` to its end; its lines. `first` is called with the first one. */
async function nod(vault, words, first = async () => {}) {
  const binary = process.env.NOD_BIN ?? "target/release/nod";
  const env = { NOD_PASSPHRASE: "a passphrase for tests", NOD_DEVICE_NAME: "Pocket" };
  const child = spawn(binary, ["--json", "phone", "--vault", vault, ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
  const errors = [];
  child.stderr.on("data", (chunk) => errors.push(chunk));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(line));
    if (lines.length === 1) await first(lines[0]);
  }
  assert.equal(await ended, 0, `nod phone ${words[0]}: ${Buffer.concat(errors)}`);
  return lines;
}
