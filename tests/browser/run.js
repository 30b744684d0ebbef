// Runs every scenario of specs/ in headless Chromium, each with a demo (or a relay) of its own.
//
//   node tests/browser/run.js [--pictures FOLDER] [WORD...]
//
// Prints `ok` or `not ok` with each scenario's name; WORDs choose those whose name contains one of them.
// `--pictures docs/screenshots` takes the documentation's pictures anew. NOD_BIN names the binary.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { World } from "./lib/world.js";
import * as access from "./specs/access.js";
import * as addresses from "./specs/addresses.js";
import * as codes from "./specs/codes.js";
import * as decide from "./specs/decide.js";
import * as enrol from "./specs/enrol.js";
import * as mailbox from "./specs/mailbox.js";
import * as move from "./specs/move.js";
import * as portal from "./specs/portal.js";
import * as reach from "./specs/reach.js";
import * as time from "./specs/time.js";
import * as ways from "./specs/ways.js";

const SCENARIOS = [enrol, decide, time, reach, ways, addresses, mailbox, move, codes, access, portal].flatMap(
  (spec) => spec.scenarios,
);
const FAILURES = "target/test-logs/browser";
const LIMIT_MS = 240_000;

const words = process.argv.slice(2);
const at = words.indexOf("--pictures");
const pictures = at < 0 ? undefined : words.splice(at, 2)[1];
const chosen = SCENARIOS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

let failed = 0;
for (const scenario of chosen) {
  const began = performance.now();
  let world;
  try {
    world = await (scenario.open ?? World.open)(browser, { ...scenario.world, pictures });
    await within(LIMIT_MS, scenario.run(world));
    world.assertQuiet();
    console.log(`ok ${scenario.name} (${seconds(began)})`);
  } catch (error) {
    failed += 1;
    console.log(error.stack ?? error);
    for (const trouble of world?.trouble ?? []) console.log(`  ${trouble}`);
    await keepPictures(world, scenario.name);
    console.log(`not ok ${scenario.name} (${seconds(began)})`);
  } finally {
    await world?.close();
  }
}
await browser.close();
console.log(`${chosen.length - failed} of ${chosen.length} scenarios`);
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;

function seconds(began) {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

function within(limit, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${limit / 1000} s`)), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What the pages showed when a scenario failed. */
async function keepPictures(world, name) {
  await mkdir(FAILURES, { recursive: true });
  for (const [what, page] of Object.entries(world?.shown ?? {})) {
    const path = join(FAILURES, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}-${what}.png`);
    await page.screenshot({ path }).catch(() => {});
  }
}
