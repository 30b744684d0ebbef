// The demo as a process of its own: `nod demo --json` on a free port, with its data in a new folder.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_MS = 30_000;
const STOP_MS = 10_000;

/** Starts the demo with `options` and resolves to `{login, phone, relay, stop()}` once it has said its addresses. */
export async function startDemo(options = []) {
  const folder = await mkdtemp(join(tmpdir(), "nod-browser-"));
  const nod = process.env.NOD_BIN ?? "target/release/nod";
  const child = spawn(nod, ["demo", "--json", "--listen", "127.0.0.1:0", "--data", folder, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors = [];
  child.stderr.on("data", (chunk) => errors.push(chunk));
  const gone = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", resolve);
  });

  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await gone;
      clearTimeout(late);
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const addresses = await readAddresses(child, gone);
    return { ...addresses, stop };
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\n${Buffer.concat(errors)}`);
  }
}

/** Reads JSON lines until the relay, the login site and the phone site have all been named. */
function readAddresses(child, gone) {
  return new Promise((resolve, reject) => {
    const known = {};
    const late = setTimeout(() => reject(new Error("the demo did not say its addresses")), START_MS);
    gone.then((why) => reject(new Error(`the demo ended early: ${why}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      try {
        Object.assign(known, JSON.parse(line));
      } catch {
        reject(new Error(`not JSON on the demo's standard output: ${line}`));
      }
      if (known.login && known.phone && known.relay) {
        clearTimeout(late);
        resolve({ login: known.login, phone: known.phone, relay: known.relay });
      }
    });
  });
}
