// Talks to the page's own server: JSON requests, problem documents, long polls.

const PREFIX = "urn:nod:problem:";
const WAIT_S = 20;

/** What the server refused. `slug` is the end of the problem's type; `unreachable` when there was no answer. */
export class Refusal extends Error {
  constructor(slug, status, document) {
    super(slug);
    this.name = "Refusal";
    this.slug = slug;
    this.status = status;
    this.document = document;
  }
}

/** GET `path`, as JSON. */
export function get(path, signal) {
  return ask(path, { method: "GET", signal });
}

/** POST `body` as JSON to `path`. */
export function post(path, body = {}) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** POST raw bytes to `path`. */
export function postBytes(path, bytes, signal) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: bytes, signal });
}

async function ask(path, options) {
  const limit = AbortSignal.timeout((WAIT_S + 20) * 1000);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const headers = { Accept: "application/json", ...options.headers };
  if (options.method === "POST") headers["X-Nod-Demo"] = "1";
  let response;
  let document = {};
  try {
    response = await fetch(path, { ...options, headers, signal, cache: "no-store", credentials: "same-origin", redirect: "error" });
    document = await response.json().catch(() => ({}));
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refusal("unreachable", 0, {});
  }
  if (response.ok) return document;
  const type = typeof document.type === "string" ? document.type : "";
  throw new Refusal(type.startsWith(PREFIX) ? type.slice(PREFIX.length) : "other", response.status, document);
}

/**
 * Follows the document at `path` until `signal` is aborted: `onDocument` for each version, `onTrouble(refusal)` when it
 * cannot be had (then again after a pause that grows) and `onTrouble(null)` when it is back. A refusal of 401, 403 or
 * 404 ends it.
 */
export async function follow(path, signal, onDocument, onTrouble) {
  let rev = null;
  let failures = 0;
  while (!signal.aborted) {
    const began = performance.now();
    try {
      const query = rev === null ? "" : `?since=${encodeURIComponent(rev)}&wait=${WAIT_S}`;
      const document = await get(path + query, signal);
      if (signal.aborted) return;
      if (failures > 0) onTrouble(null);
      failures = 0;
      const unchanged = document.rev === rev;
      rev = document.rev;
      onDocument(document);
      if (unchanged && performance.now() - began < 1000) await pause(1000, signal);
    } catch (refusal) {
      if (signal.aborted) return;
      if (!(refusal instanceof Refusal)) throw refusal;
      onTrouble(refusal);
      if ([401, 403, 404].includes(refusal.status)) return;
      failures += 1;
      await pause(Math.min(8000, 500 * 2 ** failures) * (0.75 + Math.random() / 2), signal);
    }
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
