// A relay as a process of its own: `nod relay` with its data and settings in a new folder.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 30_000;
const STOP_MS = 10_000;

/** A port that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts a relay at `port` with more settings, and resolves to `{origin, folder, log(), call(…), stop()}`. */
export async function startRelay(port, settings) {
  const folder = await mkdtemp(join(tmpdir(), "nod-relay-"));
  const file = join(folder, "nod.toml");
  const data = join(folder, "data");
  await writeFile(file, `listen = "127.0.0.1:${port}"\ndata = "${data}"\n[log]\nfilter = "debug"\n${settings}`);
  const nod = process.env.NOD_BIN ?? "target/debug/nod";
  const child = spawn(nod, ["relay", "serve", "--config", file], { stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said.push(chunk));
  const log = () => Buffer.concat(said).toString();
  const gone = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", resolve);
  });
  const origin = `http://127.0.0.1:${port}`;
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
    await ready(origin, child);
    const admin = (await readFile(join(data, "admin.key"), "utf8")).trim();
    const call = (method, path, body, key = admin) => request(origin, method, path, body, key);
    return { origin, folder, admin, log, call, stop };
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\n${log()}`);
  }
}

async function ready(origin, child) {
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error("the relay ended");
    const answer = await fetch(`${origin}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the relay did not become ready");
}

async function request(origin, method, path, body, key) {
  const headers = { authorization: `Bearer ${key}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(origin + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}
