import { createHash } from "node:crypto";
import { CALLS_PER_SECOND, PATHS, requestBytes } from "../workload.mjs";

/*
 * Callers who sign in by a key, each with a limit of its own, or who only name a tenant. No caller comes near the limit where CPU is measured.
 */

export const LIMIT_NAME = "per-caller";
export const TENANT = "x-tenant";
const TENANTS = 100;
/** Whoever sends this name is counted in one bucket, over all workers. */
export const HOT_TENANT = "hot";

/**
 * Consumers with a key each, in tiers of equal size.
 *
 * @returns {{ name: string, tier: string, key: string }[]}
 */
export function callersOf(count, tiers) {
  return Array.from({ length: count }, (_, index) => ({
    name: `consumer-${index}`,
    tier: `tier-${index % tiers}`,
    key: sha256(`limits bench key ${index}`).slice(0, 32),
  }));
}

export const tenants = [...Array.from({ length: TENANTS }, (_, index) => `tenant-${index}`), HOT_TENANT];

/**
 * A gateway on which callers sign in, or not, and are limited, or not.
 *
 * @param {{ name: string, callers?: readonly { name: string, tier: string, key: string }[], limit?: object }} parts `limit` is the body of a
 *   `rateLimit`
 */
export function policyText({ name, callers = [], limit }) {
  const consumers = Object.fromEntries(
    callers.map(({ name: caller, tier, key }) => [
      caller,
      { tier, credentials: [{ apiKey: `sha256:${sha256(key)}` }] },
    ]),
  );
  const apply = [...(callers.length > 0 ? ["known"] : []), ...(limit === undefined ? [] : [LIMIT_NAME])];
  return JSON.stringify({
    apiVersion: "sluice/v1",
    kind: "Gateway",
    name: `bench-${name.replaceAll("_", "-")}`,
    listeners: { guard: { address: "127.0.0.1:10000" } },
    services: { upstream: { endpoints: ["127.0.0.1:10001"] } },
    ...(callers.length > 0 ? { consumers } : {}),
    policies: {
      ...(callers.length > 0 ? { known: { authenticate: { anyOf: [{ apiKey: { header: "x-api-key" } }] } } } : {}),
      ...(limit === undefined ? {} : { [LIMIT_NAME]: { rateLimit: limit } }),
    },
    routes: [{ name: "status", match: { path: "/status/**" }, respond: { status: 200, body: "ok" }, apply }],
  });
}

/** A limit for each consumer that nobody comes near. */
export function limitByConsumer(headers, rate = `${CALLS_PER_SECOND}/second`) {
  return { key: ["auth.consumer"], rate, headers };
}

/**
 * The same with a rate for each tier.
 *
 * @param rateOf by the number of the tier
 */
export function limitByTier(callers, rateOf) {
  const tiers = [...new Set(callers.map(({ tier }) => tier))];
  const rates = tiers.map((tier, index) => [tier, rateOf(index)]);
  return limitByConsumer(["ietf", "retry-after"], { ...Object.fromEntries(rates), default: "1/second" });
}

/** A limit for each value of the tenant's header. */
export function limitByTenant(rate, headers = ["ietf", "retry-after"]) {
  return { key: [`request.headers["${TENANT}"]`], rate, headers };
}

/** @returns {string[]} latin1; one request of each caller */
export function requestsOfCallers(callers) {
  return callers.map(({ key }) => requestBytes({ path: PATHS.direct, key }).toString("latin1"));
}

/** @returns {string} latin1 */
export function requestOfTenant(tenant) {
  return requestBytes({ path: PATHS.direct, more: [[TENANT, tenant]] }).toString("latin1");
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}
