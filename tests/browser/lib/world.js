// What a scenario works with: a demo of its own, a login page and a phone page, and the steps people take in them.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startDemo } from "./demo.js";

const LOGIN_SIZE = { width: 1200, height: 860 };
const PHONE_SIZE = { width: 390, height: 844 };
const PATIENCE_MS = 15_000;

export class World {
  /** Opens both pages. `options` are the demo's; `context` is for both pages (colour scheme, size, …). */
  static async open(browser, { options = [], context = {}, pictures } = {}) {
    const world = new World();
    world.pictures = pictures;
    world.trouble = [];
    world.demo = await startDemo(options);
    world.contexts = [];
    world.browser = browser;
    world.context = context;
    world.settings = { viewport: PHONE_SIZE, ...context };
    try {
      world.login = await world.page(browser, world.demo.login, { viewport: LOGIN_SIZE, ...context });
      world.phone = await world.page(browser, world.demo.phone, world.settings);
    } catch (error) {
      // Nobody else knows of the demo yet.
      await world.close();
      throw error;
    }
    return world;
  }

  /** The page of another phone: number 2, 3, … The run takes its picture, too, when the scenario fails. */
  async another(number) {
    const page = await this.page(this.browser, this.demo.phone.replace(/1$/, String(number)), this.settings);
    this[`phone${number}`] = page;
    return page;
  }

  /** The pages to take pictures of when a scenario fails, by name. */
  get shown() {
    const names = ["login", "phone", "phone2", "phone3", "phone8", "post", "console"].filter((name) => this[name]);
    return Object.fromEntries(names.map((name) => [name, this[name]]));
  }

  async page(browser, address, settings) {
    const context = await browser.newContext(settings);
    context.setDefaultTimeout(PATIENCE_MS);
    this.contexts.push(context);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.trouble.push(`script error: ${error.message}`));
    page.on("console", (message) => {
      if (/content security policy|trusted ?types|refused to/i.test(message.text())) this.trouble.push(message.text());
    });
    page.on("request", (request) => {
      const home = [this.demo.login, this.demo.phone].some((site) => request.url().startsWith(new URL(site).origin));
      // The pages for sign-in methods and for the helpdesk are the relay's own.
      const relay = new URL(this.demo.relay).origin;
      const portal = ["/portal", "/console", "/assets/"].some((path) => request.url().startsWith(relay + path)) && (request.isNavigationRequest() || page.url().startsWith(relay));
      if (!home && !portal && !/^(blob|data):/.test(request.url())) this.trouble.push(`asks another host: ${request.url()}`);
    });
    await page.goto(address);
    return page;
  }

  async close() {
    for (const context of this.contexts ?? []) await context.close();
    await this.demo?.stop();
  }

  /** Script errors, policy violations and requests to elsewhere: none may have happened. */
  assertQuiet() {
    assert.deepEqual(this.trouble, []);
  }

  /** Waits until the element is there and visible, and returns it. */
  async see(page, testid) {
    const found = page.getByTestId(testid).filter({ visible: true }).first();
    await found.waitFor();
    return found;
  }

  async press(page, testid) {
    await (await this.see(page, testid)).click();
  }

  async fill(page, testid, text) {
    await (await this.see(page, testid)).fill(text);
  }

  /** A picture for the documentation, by name, where the run was asked for them. */
  async picture(page, name) {
    if (!this.pictures) return;
    await mkdir(this.pictures, { recursive: true });
    await page.screenshot({ path: join(this.pictures, `${name}.png`), animations: "disabled" });
  }

  /** Gives a code's text to the scanner of a phone, from wherever that phone is. */
  async scan(page, text) {
    await this.openScanner(page);
    await this.fill(page, "qr-input", text);
    await this.press(page, "qr-submit");
  }

  async openScanner(page) {
    await page.evaluate(() => {
      location.hash = "#/add";
    });
    await this.see(page, "screen-add");
  }

  async signIn(user = "anna") {
    await this.press(this.login, `use-${user}`);
    await this.press(this.login, "sign-in");
  }

  /** The helpdesk's console, with its operator, who has joined and signed in with a phone of her own. */
  async desk() {
    const desk = await this.page(this.browser, this.demo.login, { viewport: LOGIN_SIZE, ...this.context });
    this.console = desk;
    const phone = await this.another(8);
    await this.press(desk, "open-console");
    await this.press(desk, "begin");
    await this.see(desk, "join");
    await desk.locator("summary").first().click();
    await this.scan(phone, (await (await this.see(desk, "qr-text")).textContent()).trim());
    await this.fill(desk, "code", await (await this.see(phone, "check-code")).getAttribute("data-code"));
    await this.press(desk, "confirm");
    // The second time the way leads to the sign-in.
    await this.see(desk, "joined");
    await desk.goto(this.demo.login);
    await this.press(desk, "open-console");
    await this.fill(desk, "name", "helga");
    await this.press(desk, "nod");
    const number = (await (await this.see(desk, "number")).textContent()).replace(/\D/g, "");
    await this.fill(phone, "number-input", number);
    await this.press(phone, "approve");
    await this.see(desk, "find");
    return desk;
  }

  /** The mailbox of the demonstration: everybody's, or one person's. It stays open. */
  async mailbox(user = "") {
    const address = new URL(`/mailbox${user && `#${user}`}`, this.demo.login).href;
    if (this.post) await this.post.goto(address);
    else this.post = await this.page(this.browser, address, { viewport: LOGIN_SIZE, ...this.context });
    await this.see(this.post, "screen-mailbox");
    return this.post;
  }

  /** The code in the newest letter to an address, once there are `count` of them. */
  async codeTo(address, count = 1) {
    const page = this.post ?? (await this.mailbox());
    const letters = page.locator(`[data-testid=letter][data-to="${address}"]:has([data-testid=letter-code])`);
    await letters.nth(count - 1).waitFor();
    assert.equal(await letters.count(), count, `letters with a code to ${address}`);
    return letters.first().getByTestId("letter-code").getAttribute("data-code");
  }

  /** Types a code on the login page, and sends it. */
  async enterCode(code) {
    await this.fill(this.login, "otp", code);
    await this.press(this.login, "otp-submit");
  }

  /** Waits until the login page asks for a code of that kind. */
  async asksFor(kind) {
    await this.login.locator(`[data-testid=code-pending][data-kind=${kind}]`).waitFor();
  }

  /** Waits until somebody is signed in to that level. */
  async signedIn(level) {
    await this.see(this.login, "screen-done");
    const shown = await (await this.see(this.login, "result-acr")).locator(".badge").textContent();
    assert.equal(shown, level);
  }

  /** From the sign-in page to an enrolled phone and the page that says so. */
  async enrol(user = "anna") {
    await this.signIn(user);
    const qr = await (await this.see(this.login, "qr-text")).inputValue();
    assert.match(qr, /^nod:1\/e\?/);
    await this.press(this.phone, "add-account");
    await this.fill(this.phone, "qr-input", qr);
    await this.press(this.phone, "qr-submit");
    await this.confirmCode();
  }

  /** Copies the check code from the phone into the login page. */
  async confirmCode() {
    const code = await (await this.see(this.phone, "check-code")).getAttribute("data-code");
    assert.match(code, /^\d{6}$/);
    await this.fill(this.login, "code", code);
    await this.press(this.login, "confirm");
    await this.see(this.login, "enrol-active");
    await this.see(this.phone, "screen-accounts");
  }

  /** From the page that says "enrolled" to a challenge on the phone; returns its id. */
  async ask() {
    await this.press(this.login, "enrol-continue");
    return this.challenge();
  }

  /** Waits for a challenge on the phone (another than `before`) and returns its id. */
  async challenge(before) {
    const screen = before
      ? this.phone.locator(`[data-testid=screen-challenge]:not([data-challenge="${before}"])`)
      : this.phone.getByTestId("screen-challenge");
    await screen.waitFor();
    return screen.getAttribute("data-challenge");
  }

  async number() {
    return (await this.see(this.login, "number")).getAttribute("data-number");
  }

  async approve(number) {
    await this.fill(this.phone, "number-input", number);
    await this.press(this.phone, "approve");
  }

  /** Waits for the phone to say how the challenge ended. */
  async phoneSays(outcome) {
    await this.phone.locator(`[data-testid=screen-outcome][data-outcome="${outcome}"]`).waitFor();
  }

  async loginSays(outcome) {
    await this.see(this.login, `outcome-${outcome}`);
  }
}
