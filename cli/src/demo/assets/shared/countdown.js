// The countdown: a ring that empties and the time left, on the monotonic clock.

import { el, svg } from "./dom.js";

const SOON_MS = 5000;
const TICK_MS = 250;

/**
 * Makes a countdown. `words(seconds)` is its accessible text, `minutes` writes `4:59` in place of seconds, `onEnd` is
 * called once at zero. `set(endsInMs, totalMs)` starts or corrects it; `stop()` must be called when it leaves the page.
 */
export function countdown({ words, minutes = false, testid = "countdown", onEnd, onTick }) {
  // A circle of circumference 100: its dash offset is the percentage that is gone.
  const circle = (name) => svg("circle", { class: name, cx: 18, cy: 18, r: 15.9155 });
  const rest = circle("rest");
  const left = el("span", { class: "left", "aria-hidden": "true", testid: `${testid}-left` });
  const spoken = el("span", { class: "visually-hidden" });
  const node = el(
    "div",
    { class: "countdown", role: "timer", testid },
    svg("svg", { viewBox: "0 0 36 36", "aria-hidden": "true" }, circle("track"), rest),
    left,
    spoken,
  );
  let deadline = 0;
  let total = 1;
  let timer = null;
  let shown = null;

  const draw = () => {
    const ms = Math.max(0, Math.min(total, deadline - performance.now()));
    const seconds = Math.ceil(ms / 1000);
    rest.style.setProperty("--gone", String(100 * (1 - ms / total)));
    if (seconds !== shown) {
      shown = seconds;
      left.textContent = minutes ? clockTime(seconds) : String(seconds);
      spoken.textContent = words(seconds);
      node.classList.toggle("soon", seconds * 1000 <= SOON_MS);
      onTick?.(seconds);
    }
    if (ms === 0) {
      stop();
      onEnd?.();
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
  };
  const set = (endsInMs, totalMs) => {
    deadline = performance.now() + endsInMs;
    total = Math.max(1, totalMs);
    stop();
    timer = setInterval(draw, TICK_MS);
    draw();
  };
  return { node, set, stop };
}

/** Seconds as `4:59`. */
export function clockTime(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
