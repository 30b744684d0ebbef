// Walks the helpdesk console in headless Chromium: operators of a real OpenID provider, and operators with a phone; every
// page in four languages, at phone and desktop width; the main path by keyboard alone; axe-core finds nothing.
//
//   node tests/browser/console.js [--pictures FOLDER] [WORD...]
//
// Prints `ok` or `not ok` with each scenario's name; WORDs choose those whose name contains one of them. Pictures of
// every page go to target/console, those for the documentation to FOLDER. NOD_BIN names the binary.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { assertAccessible, assertFits, tabTo } from "./lib/access.js";
import { signInAtProvider, startProvider } from "./lib/provider.js";
import { freePort, startRelay } from "./lib/relay.js";

const SIZES = { 360: { width: 360, height: 780 }, 1280: { width: 1280, height: 900 } };
const LANGUAGES = ["en", "sv", "nb", "da"];
const PICTURES = "target/console";
const PATIENCE_MS = 20_000;
const CLIENT = { client: "nod-console", secret: "a secret for tests alone" };
const BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

const words = process.argv.slice(2);
const at = words.indexOf("--pictures");
const docs = at < 0 ? undefined : words.splice(at, 2)[1];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});

/** A relay, a provider and a service with users of every kind. */
async function open() {
  const [port, providerPort] = [await freePort(), await freePort()];
  const redirect = `http://127.0.0.1:${port}/console/oidc/callback`;
  const provider = await startProvider({ port: providerPort, redirect, ...CLIENT });
  const relay = await startRelay(
    port,
    `[console]
nod = true
[console.oidc]
issuer = "${provider.issuer}"
client_id = "${CLIENT.client}"
client_secret = "${CLIENT.secret}"
role_claim = "groups.nod"
roles = { helpdesk = ["helpdesk"], fobs = ["fobs"], auditor = ["auditor"], admin = ["nod-admins"] }
`,
  );
  const world = { relay, provider, trouble: [], contexts: [], children: [] };
  try {
    const { api_key: key, service_id: service } = await relay.call("POST", "/v1/services", { name: "Example Bank" });
    Object.assign(world, { key, service });
    await relay.call("PATCH", "/v1/service", { methods: { two_persons: true } }, key);
    await relay.call("PUT", "/v1/users/anna.andersson", { email: "anna@example.org", phone: "+46701234567" }, key);
    await relay.call("POST", "/v1/users/anna.andersson/methods", { kind: "recovery" }, key);
    const fobs = ["1001", "1002", "1003"].map((n) => ({ serial: `NF-${n}`, model: "Feitian c200", secret: BASE32, counter: 0 }));
    await relay.call("POST", "/v1/service/fobs", { fobs }, key);
    await enrolUser(world, "anna.andersson", "Anna's phone");
    return world;
  } catch (error) {
    await close(world);
    throw error;
  }
}

async function close(world) {
  for (const context of world.contexts) await context.close();
  for (const child of world.children) child.kill("SIGTERM");
  await world.relay.stop();
  await world.provider.stop();
}

/** Runs the phone on the command line; lines of JSON come one by one. */
function phone(world, vault, name, args) {
  const nod = process.env.NOD_BIN ?? "target/debug/nod";
  const env = { ...process.env, NOD_PASSPHRASE: "a vault for tests", NOD_VAULT: join(world.relay.folder, vault) };
  const child = spawn(nod, ["phone", "--json", "--device-name", name, ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  world.children.push(child);
  const errors = [];
  child.stderr.on("data", (chunk) => errors.push(chunk));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the phone said nothing: ${Buffer.concat(errors)}`);
    return JSON.parse(value);
  };
  return { next, child };
}

async function enrolUser(world, user, name) {
  const { relay, key } = world;
  const started = await relay.call("POST", "/v1/enrolments", { user }, key);
  const enrolling = phone(world, `vault-${user}`, name, ["enrol", started.qr]);
  const { code } = await enrolling.next();
  await relay.call("POST", `/v1/enrolments/${started.enrolment_id}/confirm`, { code }, key);
  assert.equal((await enrolling.next()).state, "active");
}

async function page(world, { size = 1280, language = "en", scripts = true, checked = false } = {}) {
  const context = await browser.newContext({
    viewport: SIZES[size],
    locale: language,
    timezoneId: "UTC",
    // axe needs scripts of its own, which the pages' policy refuses.
    bypassCSP: checked,
    javaScriptEnabled: scripts,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  world.contexts.push(context);
  const opened = await context.newPage();
  opened.on("pageerror", (error) => world.trouble.push(`script error: ${error.message}`));
  opened.on("console", (message) => {
    if (/content security policy|trusted ?types|refused to/i.test(message.text()) && opened.url().startsWith(world.relay.origin)) {
      world.trouble.push(message.text());
    }
  });
  return opened;
}

async function signIn(world, opened, name) {
  await opened.goto(`${world.relay.origin}/console`);
  await opened.getByTestId("oidc").click();
  await signInAtProvider(opened, name);
}

/** Checks a page as it is, and takes its picture. */
async function check(opened, name, size, language) {
  const where = `${name} ${language} ${size}`;
  await assertFits(opened, where);
  await mkdir(PICTURES, { recursive: true });
  await opened.screenshot({ path: join(PICTURES, `${name}-${language}-${size}.png`), fullPage: true });
  if (docs && language === "en" && DOCUMENTED.has(`${name}-${size}`)) {
    await mkdir(docs, { recursive: true });
    await opened.screenshot({ path: join(docs, `${name}-${size}.png`), fullPage: true });
  }
  await assertAccessible(opened, where);
  assert.equal(await opened.evaluate("document.documentElement.lang"), language, where);
}

const DOCUMENTED = new Set(["sign-in-1280", "find-1280", "user-1280", "user-360", "ticket-1280", "ticket-360", "operators-1280"]);

const SCENARIOS = [
  {
    name: "an operator of the OpenID provider signs in with roles, and one without does not",
    async run(world) {
      const ada = await page(world);
      await signIn(world, ada, "ada");
      await ada.getByTestId("find").waitFor();
      assert.match(await ada.getByTestId("operator").textContent(), /Ada Lovelace/);
      assert.ok(await ada.getByTestId("tab-operators").isVisible());
      const bo = await page(world);
      await signIn(world, bo, "bo");
      await bo.getByTestId("find").waitFor();
      assert.equal(await bo.getByTestId("tab-audit").count(), 0);
      await bo.goto(`${world.relay.origin}/console/audit`);
      assert.equal(await bo.getByTestId("error").getAttribute("data-status"), "403");
      const nobody = await page(world);
      await signIn(world, nobody, "nobody");
      await nobody.getByTestId("problem").waitFor();
      await ada.getByTestId("sign-out").click();
      await ada.getByTestId("sign-in").waitFor();
    },
  },
  {
    name: "two operators let a user in with a ticket, the first by keyboard alone",
    async run(world) {
      const ada = await page(world);
      await ada.goto(`${world.relay.origin}/console`);
      await tabTo(ada, "oidc");
      await ada.keyboard.press("Enter");
      await signInAtProvider(ada, "ada");
      await ada.getByTestId("find").waitFor();
      await tabTo(ada, "name");
      await ada.keyboard.type("anna.andersson");
      await ada.keyboard.press("Enter");
      await ada.getByTestId("user-page").waitFor();
      await tabTo(ada, "issue");
      await ada.keyboard.press("Enter");
      const code = await ada.getByTestId("ticket-code").innerText();
      const plain = code.replaceAll(/[^0-9A-Z]/g, "");
      assert.equal(plain.length, 12, code);
      await ada.reload();
      await ada.getByTestId("shown").waitFor();
      await tabTo(ada, "done");
      await ada.keyboard.press("Enter");
      await tabTo(ada, "approve");
      await ada.keyboard.press("Enter");
      await ada.getByTestId("problem").waitFor();

      const bo = await page(world, { size: 360 });
      await signIn(world, bo, "bo");
      await bo.getByTestId("ticket-waiting").click();
      await bo.getByTestId("approve").click();
      await bo.getByTestId("said").waitFor();
      const { call } = world.relay;
      const asked = await call("POST", "/v1/challenges", { user: "anna.andersson", method: "helpdesk" }, world.key);
      const done = await call("POST", `/v1/challenges/${asked.challenge_id}/code`, { code: plain }, world.key);
      assert.deepEqual([done.state, done.acr], ["approved", "helpdesk"]);
      assert.ok(!world.relay.log().includes(plain) && !world.relay.log().includes("anna.andersson"));
    },
  },
  {
    name: "every page in four languages at two widths",
    async run(world) {
      const bo = await page(world);
      await signIn(world, bo, "bo");
      await bo.getByTestId("find").waitFor();
      for (const language of LANGUAGES) {
        for (const size of Object.keys(SIZES)) {
          const opened = await page(world, { size, language, checked: true });
          await opened.goto(`${world.relay.origin}/console/sign-in`);
          await check(opened, "sign-in", size, language);
          await signIn(world, opened, "ada");
          await opened.getByTestId("find").waitFor();
          await opened.getByTestId("name").fill("anna.andersson");
          await opened.getByTestId("look").click();
          await opened.getByTestId("user-page").waitFor();
          await check(opened, "user", size, language);
          await opened.getByTestId("issue").click();
          await opened.getByTestId("ticket-code").waitFor();
          await check(opened, "ticket", size, language);
          await opened.getByTestId("done").click();
          await check(opened, "user-ticket", size, language);
          await opened.goto(`${world.relay.origin}/console`);
          await check(opened, "find", size, language);
          await opened.getByTestId("ticket-waiting").click();
          await opened.getByTestId("withdraw").click();
          await opened.getByTestId("suspend").click();
          await opened.getByTestId("revoke-phone").click();
          await check(opened, "user-sure", size, language);
          await opened.getByTestId("suspend-sure").click();
          await opened.getByTestId("badge-suspended").waitFor();
          await check(opened, "user-suspended", size, language);
          await opened.getByTestId("unsuspend").click();
          await opened.getByTestId("fobs").click();
          await opened.getByTestId("serial").fill("NF-");
          await opened.getByTestId("search").click();
          await opened.getByTestId("assign").first().click();
          await opened.getByTestId("said").waitFor();
          await check(opened, "user-fob", size, language);
          await opened.getByTestId("approve-fob").click();
          await opened.getByTestId("problem").waitFor();
          await bo.goto(`${world.relay.origin}/console/user?service=${world.service}&name=anna.andersson`);
          await bo.getByTestId("approve-fob").click();
          await bo.getByTestId("said").waitFor();
          await opened.getByTestId("fobs").click();
          await opened.getByTestId("serial").fill("NF-");
          await opened.getByTestId("search").click();
          await opened.getByTestId("resync").first().click();
          await opened.getByTestId("revoke").first().click();
          await check(opened, "fobs", size, language);
          await opened.getByTestId("revoke-sure").first().click();
          await opened.getByTestId("said").waitFor();
          await opened.getByTestId("tab-audit").click();
          await check(opened, "audit", size, language);
          await opened.getByTestId("tab-operators").click();
          await opened.getByTestId("name").fill(`otto-${language}-${size}`);
          await opened.getByTestId("role-helpdesk").check();
          await opened.getByTestId("invite").click();
          const link = await opened.getByTestId("join-url").innerText();
          await check(opened, "operators", size, language);
          await opened.goto(`${world.relay.origin}/console/nothing/here`);
          const guest = await page(world, { size, language, checked: true });
          await guest.goto(link);
          await check(guest, "invited", size, language);
          await guest.getByTestId("begin").click();
          await guest.getByTestId("join").waitFor();
          await check(guest, "join", size, language);
        }
      }
    },
  },
  {
    name: "an operator joins by a link and signs in with a phone, also without scripts",
    async run(world) {
      const made = await world.relay.call("POST", "/v1/admin/operators", { name: "otto", roles: ["helpdesk"] });
      const opened = await page(world, { size: 360, checked: true });
      await opened.goto(made.join_url);
      await opened.getByTestId("begin").click();
      const qr = await opened.getByTestId("qr-text").textContent();
      const enrolling = phone(world, "vault-otto", "Otto's phone", ["enrol", qr]);
      const { code } = await enrolling.next();
      await opened.getByTestId("code").fill(code);
      await opened.getByTestId("confirm").click();
      await opened.getByTestId("joined").waitFor();
      await check(opened, "joined", 360, "en");
      assert.equal((await enrolling.next()).state, "active");
      for (const scripts of [true, false]) {
        const door = await page(world, { size: 360, scripts, checked: scripts });
        await door.goto(`${world.relay.origin}/console`);
        await door.getByTestId("name").fill("otto");
        await door.getByTestId("nod").click();
        const number = await door.getByTestId("number").getAttribute("data-number");
        if (scripts) await check(door, "waiting", 360, "en");
        await approve(world, "vault-otto", number);
        await door.getByTestId("find").waitFor();
        assert.match(await door.getByTestId("operator").textContent(), /otto/);
      }
    },
  },
];

async function approve(world, vault, number) {
  const { challenges } = await phone(world, vault, "Otto's phone", ["pending", "--wait", "20"]).next();
  const [{ id }] = challenges;
  await phone(world, vault, "Otto's phone", ["approve", id, "--number", number]).next();
}

let failed = 0;
const chosen = SCENARIOS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
for (const scenario of chosen) {
  const began = performance.now();
  let world;
  try {
    world = await open();
    await scenario.run(world);
    assert.deepEqual(world.trouble, []);
    console.log(`ok ${scenario.name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(error.stack ?? error);
    console.log(`not ok ${scenario.name}`);
    await mkdir(PICTURES, { recursive: true });
    const pages = (world?.contexts ?? []).flatMap((context) => context.pages());
    for (const [n, one] of pages.entries()) await one.screenshot({ path: join(PICTURES, `failed-${n}.png`) }).catch(() => {});
  } finally {
    if (world) await close(world);
  }
}
await browser.close();
console.log(`${chosen.length - failed} of ${chosen.length} scenarios`);
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
