// Checks that any screen must pass: no serious finding of axe, nothing cut off at the side, reachable by keyboard.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const MOST_TABS = 40;

/** No serious or critical finding of axe on the page as it is. The context needs `bypassCSP`. */
export async function assertAccessible(page, where) {
  if (!(await page.evaluate("typeof window.axe === 'object'"))) await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, help, nodes }) => `${id} (${help}): ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  });
  assert.deepEqual(found, [], where);
}

/** Nothing is wider than the page. */
export async function assertFits(page, where) {
  const over = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  assert.ok(over <= 0, `${where}: ${over} px too wide`);
}

/** Presses Tab until the element, which must be enabled by then, has the focus; it must show it. */
export async function tabTo(page, testid) {
  await page.locator(`[data-testid="${testid}"]:not(:disabled)`).filter({ visible: true }).first().waitFor();
  for (let pressed = 0; pressed < MOST_TABS; pressed += 1) {
    const focused = await page.evaluate(() => document.activeElement?.dataset.testid ?? null);
    if (focused === testid) {
      const marked = await page.evaluate(() => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
        return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      });
      assert.ok(marked, `${testid} does not show that it has the focus`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  assert.fail(`${testid} cannot be reached with the Tab key`);
}
