import { createHash } from "node:crypto";

/*
 * What all variants are given: the same callers, the same two rules, the same limit, the same requests.
 */

export const CONSUMERS = 100;
/** Per consumer. No consumer of a run comes near it, so that all calls are let pass. */
export const CALLS_PER_SECOND = 1000;
export const LIMIT_NAME = "per-consumer";

/** The two paths: one that the proxy answers itself, one that goes to an upstream. */
export const PATHS = { direct: "/status/42", forward: "/orders/42?expand=lines" };
/** Under it the upstream says which identity headers it saw. For the checks only. */
export const SEEN_PATH = "/orders/seen";

/** @type {readonly { name: string, tier: string, groups: readonly string[], key: string }[]} */
export const consumers = Array.from({ length: CONSUMERS }, (_, index) => ({
  name: `consumer-${String(index).padStart(3, "0")}`,
  tier: "gold",
  groups: ["partners", "readers"],
  key: sha256(`bench key ${index}`).slice(0, 32),
}));

/** The policy file that `guard` is compiled from. */
export function policyText() {
  const lines = consumers.map(
    ({ name, tier, groups, key }) =>
      `  ${name}: { tier: ${tier}, groups: [${groups.join(", ")}], credentials: [{ apiKey: "sha256:${sha256(key)}" }] }`,
  );
  return `apiVersion: sluice/v1
kind: Gateway
name: bench
listeners:
  guard: { address: 127.0.0.1:10000 }
services:
  upstream: { endpoints: [127.0.0.1:10001] }
consumers:
${lines.join("\n")}
policies:
  known-consumers:
    authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] }
  readers-and-drafts:
    authorize:
      rules:
        - { name: readers, allow: 'request.method == "GET"' }
        - { name: drafts, allow: 'request.method == "POST" && request.path.startsWith("/orders/drafts/")' }
      otherwise: deny
  ${LIMIT_NAME}:
    rateLimit: { key: [auth.consumer], rate: ${CALLS_PER_SECOND}/second, headers: [ietf, retry-after] }
routes:
  - { name: status, match: { path: /status/** }, respond: { status: 200, body: ok }, apply: [known-consumers, readers-and-drafts, ${LIMIT_NAME}] }
  - { name: orders, match: { path: /orders/** }, to: upstream, apply: [known-consumers, readers-and-drafts, ${LIMIT_NAME}] }
`;
}

/** The same for what reads no policy file: `CALLS NAME` in the first line, then `KEY CONSUMER TIER GROUPS` for each caller. */
export function callerLines() {
  return consumers.map(({ name, tier, groups, key }) => `${key} ${name} ${tier} ${groups.join(",")}`);
}

/** The headers of a browser's call, beside the key: 14 fields with `host` and the key. */
const HEADERS = [
  ["host", "api.example.com"],
  [
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  ],
  ["accept", "application/json, text/plain, */*"],
  ["accept-language", "en-GB,en;q=0.9,de;q=0.8"],
  ["accept-encoding", "gzip, deflate, br, zstd"],
  ["origin", "https://shop.example.com"],
  ["referer", "https://shop.example.com/account/orders"],
  ["sec-fetch-dest", "empty"],
  ["sec-fetch-mode", "cors"],
  ["sec-fetch-site", "same-site"],
  ["cookie", "session=5f2b7c1e9a4d4e0f8b6a; theme=dark; consent=2026-01-14"],
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["if-none-match", '"33a64df551425fcc55e4d42a148795d9f25f89d4"'],
];

/**
 * The bytes of one HTTP/1.1 request.
 *
 * @param {{ path: string, method?: string, key?: string | undefined, more?: readonly (readonly [string, string])[],
 *   without?: readonly string[] }} call `without`: fields of the browser that are left out
 */
export function requestBytes({ path, method = "GET", key, more = [], without = [] }) {
  const browser = HEADERS.filter(([name]) => !without.includes(name));
  const fields = [...browser, ...(key === undefined ? [] : [["x-api-key", key]]), ...more];
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
}

/** One request of each caller, for the load generator. */
export function callerRequests(path, callers = consumers) {
  return callers.map(({ key }) => requestBytes({ path, key }).toString("latin1"));
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}
