import type { AddressInfo } from "node:net";
import type { Upstream } from "../../support/upstream.js";

// A policy that `sluice run` serves, and what it can be changed to.

export const ENV = { ACME_KEY: "acme-key-1", GLOBEX_KEY: "globex-key-1" };
export const acme = { "x-api-key": ENV.ACME_KEY };
export const globex = { "x-api-key": ENV.GLOBEX_KEY };
/** No Envoy here, and no way to fetch one. */
export const NO_ENVOY = { SLUICE_ENVOY: "/nowhere", SLUICE_PYTHON: "/nowhere" };

export interface Edits {
  consumers?: string[];
  rate?: string;
  listeners?: string[];
  services?: string[];
  routes?: string[];
}

export function servedPolicy(
  upstream: Upstream,
  { consumers = ["acme", "globex"], rate = "3/hour", ...more }: Edits = {},
): string {
  return [
    "apiVersion: sluice/v1",
    "kind: Gateway",
    "name: shop",
    "listeners:",
    ...(more.listeners ?? ["  public: { address: 127.0.0.1:0 }"]),
    "services:",
    `  orders: { endpoints: ["${upstream.address}"] }`,
    ...(more.services ?? []),
    "consumers:",
    ...consumers.map((name) => `  ${name}: { credentials: [{ apiKey: env:${name.toUpperCase()}_KEY }] }`),
    "policies:",
    "  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }",
    `  few: { rateLimit: { key: [auth.consumer], rate: ${rate} } }`,
    "routes:",
    "  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known] }",
    "  - { name: counted, match: { path: /counted }, to: orders, apply: [known, few] }",
    ...(more.routes ?? []),
    "",
  ].join("\n");
}

export function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}
