// The mailbox of the demonstration: what the mail server and the SMS gateway took.

import assert from "node:assert/strict";

const EMIL = "emil@quillmere.example";

export const scenarios = [
  {
    name: "the mailbox shows a letter as it arrives, and its code to copy",
    world: { context: { permissions: ["clipboard-read", "clipboard-write"] } },
    async run(world) {
      const post = await world.mailbox();
      await world.see(post, "demo-badge");
      await world.see(post, "letters-none");
      await world.signIn("emil");
      const code = await world.codeTo(EMIL);
      assert.match(code, /^\d{6}$/);
      await world.press(post, "letter-code-copy");
      await post.getByTestId("letter-code-copy").filter({ hasText: "Copied" }).waitFor();
      assert.equal(await post.evaluate(() => navigator.clipboard.readText()), code);
      assert.ok((await post.getByTestId("letter-text").textContent()).includes("Quillmere"));
      await world.picture(post, "mailbox");
    },
  },
  {
    name: "the designed form of a letter runs nothing, asks nobody and is framed by its own page alone",
    async run(world) {
      const post = await world.mailbox();
      await world.signIn("emil");
      const code = await world.codeTo(EMIL);
      await world.press(post, "letter-html");
      const frame = await world.see(post, "letter-frame");
      assert.equal(await frame.getAttribute("sandbox"), "");
      const shown = post.frameLocator("[data-testid=letter-frame]").locator("body");
      await shown.filter({ hasText: new RegExp([...code].join("\\s?")) }).waitFor();
      const answer = await world.login.request.get(new URL(await frame.getAttribute("src"), world.demo.login).href);
      const policy = answer.headers()["content-security-policy"].split("; ");
      for (const part of ["default-src 'none'", "sandbox", "frame-ancestors 'self'"]) assert.ok(policy.includes(part), part);
      await world.picture(post, "mailbox-designed");
      await world.press(post, "letter-html");
      await world.see(post, "letter-text");
    },
  },
  {
    name: "the mailbox of one person shows what belongs to that one",
    async run(world) {
      await world.signIn("emil");
      const post = await world.mailbox("emil");
      await world.codeTo(EMIL);
      assert.equal(await post.getByTestId("pocket").isVisible(), false);
      await post.getByTestId("whose").selectOption("farah");
      await world.see(post, "fob");
      await world.see(post, "letters-none");
      assert.equal(await post.getByTestId("paper").count(), 0);
      await post.getByTestId("whose").selectOption("");
      await world.see(post, "letter");
      await world.see(post, "paper");
    },
  },
];
