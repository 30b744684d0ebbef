// What a scenario of the self-service portal works with: a relay of its own, a service, and phones that are commands.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 15_000;
const STOP_MS = 10_000;
const SIZES = { 360: { width: 360, height: 740 }, 1280: { width: 1280, height: 860 } };
/** The pictures that the documentation keeps; `NOD_PICTURES=all` takes every one. */
const KEPT = new Set([
  "home-en-1280-light",
  "home-en-360-dark",
  "home-sv-360-light",
  "confirm-strong-en-360-light",
  "phone-scan-en-1280-light",
  "app-code-en-360-dark",
  "test-push-en-360-light",
  "test-works-en-360-dark",
  "recovery-codes-en-360-light",
  "activity-da-360-light",
  "phones-nb-360-dark",
]);
const NOD = process.env.NOD_BIN ?? "target/release/nod";
const run = promisify(execFile);

export class PortalWorld {
  static async open(browser, { context = {}, pictures } = {}) {
    const world = new PortalWorld();
    world.pictures = pictures;
    world.trouble = [];
    world.contexts = [];
    world.browser = browser;
    world.settings = { viewport: SIZES[1280], bypassCSP: true, reducedMotion: "reduce", ...context };
    world.folder = await mkdtemp(join(tmpdir(), "nod-portal-"));
    try {
      await world.startRelay();
      world.page = await world.another();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  async startRelay() {
    const file = join(this.folder, "nod.toml");
    const data = join(this.folder, "data");
    await writeFile(file, `listen = "127.0.0.1:0"\ndata = ${JSON.stringify(data)}\n`);
    this.relay = spawn(NOD, ["--json", "relay", "serve", "--config", file], { stdio: ["ignore", "pipe", "pipe"] });
    this.errors = [];
    this.relay.stderr.on("data", (chunk) => this.errors.push(chunk));
    this.gone = new Promise((resolve) => this.relay.once("exit", resolve));
    const lines = createInterface({ input: this.relay.stdout });
    const first = await Promise.race([
      new Promise((resolve) => lines.once("line", resolve)),
      this.gone.then(() => {
        throw new Error(`the relay ended early: ${Buffer.concat(this.errors)}`);
      }),
    ]);
    this.origin = `http://${JSON.parse(first).listening}`;
    const admin = (await readFile(join(data, "admin.key"), "utf8")).trim();
    const made = await this.call("POST", "/v1/services", admin, { name: "Quillmere" });
    this.key = made.api_key;
    await this.call("PATCH", "/v1/service", this.key, { portal_return: ["https://login.quillmere.example"] });
  }

  /** A page with cookies of its own. */
  async another(settings = {}) {
    const context = await this.browser.newContext({ ...this.settings, ...settings });
    context.setDefaultTimeout(PATIENCE_MS);
    this.contexts.push(context);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.trouble.push(`script error: ${error.message}`));
    page.on("console", (message) => {
      if (/content security policy|trusted ?types|refused to/i.test(message.text())) this.trouble.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(this.origin)) this.trouble.push(`asks another host: ${request.url()}`);
    });
    return page;
  }

  async close() {
    for (const context of this.contexts) await context.close();
    if (this.relay && this.relay.exitCode === null && this.relay.signalCode === null) {
      this.relay.kill("SIGTERM");
      const late = setTimeout(() => this.relay.kill("SIGKILL"), STOP_MS);
      await this.gone;
      clearTimeout(late);
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  assertQuiet() {
    assert.deepEqual(this.trouble, []);
  }

  /** The pages to take pictures of when a scenario fails, by name. */
  get shown() {
    return this.page ? { portal: this.page } : {};
  }

  /** Calls the relay's REST interface. */
  async call(method, path, key, body) {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await fetch(this.origin + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** A fresh link into the portal. */
  async link(user, language = "en") {
    const return_to = "https://login.quillmere.example/account";
    return (await this.call("POST", "/v1/portal-sessions", this.key, { user, language, return_to })).url;
  }

  /** Opens the portal for a user. */
  async enter(user, language) {
    await this.page.goto(await this.link(user, language));
    await this.see("home");
  }

  async see(testid, page = this.page) {
    const found = page.getByTestId(testid).filter({ visible: true }).first();
    await found.waitFor();
    return found;
  }

  async press(testid, page = this.page) {
    await (await this.see(testid, page)).click();
  }

  async fill(testid, text, page = this.page) {
    await (await this.see(testid, page)).fill(text);
  }

  async go(path) {
    await this.page.goto(this.origin + path);
  }

  /** A picture for the documentation, by name, where the run was asked for them. */
  async picture(name, options = {}) {
    if (!this.pictures) return;
    const folder = join(this.pictures, "portal");
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled", fullPage: true, ...options });
  }

  /** Holds the page as it is against all widths and colours: nothing cut off, no finding of axe at all. */
  async check(name) {
    const { page } = this;
    for (const [width, size] of Object.entries(SIZES)) {
      for (const colorScheme of ["light", "dark"]) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        const where = `${name} at ${width} px, ${colorScheme}`;
        const over = await page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          return scrollWidth - clientWidth;
        });
        assert.ok(over <= 0, `${where}: ${over} px too wide`);
        assert.deepEqual(await findings(page), [], where);
        const picture = `${name}-${width}-${colorScheme}`;
        if (KEPT.has(picture) || process.env.NOD_PICTURES === "all") await this.picture(picture);
      }
    }
    await page.setViewportSize(SIZES[1280]);
  }

  /** The code of an authenticator app, `steps` of thirty seconds from now. */
  async appCode(secret, steps = 0) {
    const at = new Date(Date.now() + steps * 30_000).toISOString();
    const { stdout } = await run("oathtool", ["--totp", "--base32", "--now", at.replace("T", " ").replace(/\..*/, " UTC"), secret]);
    return stdout.trim();
  }

  /** Runs `nod phone …` to its end; its lines. `first` is called with the first one. */
  async phone(words, first = async () => {}) {
    const env = { NOD_PASSPHRASE: "a passphrase for tests", NOD_DEVICE_NAME: "Anna’s Pocket" };
    const vault = join(this.folder, "phone");
    const child = spawn(NOD, ["--json", "phone", "--vault", vault, ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
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

  /** Approves the one question that waits, with the number that the page shows. */
  async approve() {
    const number = await (await this.see("number")).getAttribute("data-number");
    const [{ challenges }] = await this.phone(["pending", "--wait", "15"]);
    await this.phone(["approve", challenges[0].id, "--number", number]);
  }
}

/** Every finding of axe, however small. The context needs `bypassCSP`. */
async function findings(page) {
  if (!(await page.evaluate("typeof window.axe === 'object'"))) await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  });
}
