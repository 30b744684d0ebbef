// Time running out, and asking again.

import assert from "node:assert/strict";

const SHORT = ["--window", "10"];

export const scenarios = [
  {
    name: "a sign-in that nobody answers expires on both pages",
    world: { options: SHORT },
    async run(world) {
      await world.enrol();
      await world.ask();
      await world.loginSays("expired");
      await world.phoneSays("expired");
      await world.picture(world.login, "login-expired");
      await world.picture(world.phone, "phone-expired");
    },
  },
  {
    name: "after an expired sign-in another one is asked for and approved",
    world: { options: SHORT },
    async run(world) {
      await world.enrol();
      const first = await world.ask();
      await world.loginSays("expired");
      await world.press(world.login, "again");
      const second = await world.challenge(first);
      assert.notEqual(second, first);
      await world.approve(await world.number());
      await world.see(world.login, "screen-done");
    },
  },
  {
    name: "retry replaces the challenge, and the new one is approved with the new number",
    async run(world) {
      await world.enrol();
      const first = await world.ask();
      await world.press(world.login, "retry");
      const second = await world.challenge(first);
      assert.notEqual(second, first);
      await world.approve(await world.number());
      await world.see(world.login, "screen-done");
      assert.equal(await (await world.see(world.login, "result-challenge")).textContent(), second);
    },
  },
  {
    name: "a reload of the login page sends no second push",
    async run(world) {
      await world.enrol();
      const first = await world.ask();
      await world.login.reload();
      await world.see(world.login, "push-pending");
      assert.equal(await world.challenge(), first);
      await world.approve(await world.number());
      await world.see(world.login, "screen-done");
    },
  },
];
