import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt } from "../syntax/document.js";
import { addition, removal, removeEntry, replacement } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { destinationsOf, serviceOf, targetsOf } from "./destinations.js";
import type { Gateway, Route, Service } from "./gateway.js";
import { percent, positiveDuration, wholeSeconds } from "./values.js";

const share = percent.refine((value) => value > 0, "0% is no share");

const admission = z.strictObject({
  success: share
    .prefault("95%")
    .describe(
      "Share of the requests that must succeed. The fewer do, the more of the next ones are refused, by chance.",
    ),
  window: wholeSeconds.prefault("30s").describe("How far back it looks."),
  maxRefused: share
    .prefault("80%")
    .describe("Share of the requests that are refused at most: the others find out whether the service is well again."),
  minPerSecond: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      "With fewer requests in a second, on the average of the window, none is refused; no such number if absent.",
    ),
});

const measure = z.strictObject({
  every: positiveDuration.prefault("1m").describe("Time between two measurements, and up to 15% more."),
  requests: z.int().min(1).max(1_000_000).default(50).describe("Requests that are measured."),
});

const underWay = z.int().min(1).max(1_000_000);

const adaptiveConcurrency = z.strictObject({
  latency: positiveDuration
    .optional()
    .describe("How long requests take while the service has little to do; measured, as `measure` says, if absent."),
  measure: measure
    .optional()
    .describe(
      "How that is measured: with only `min` requests under way, while more are refused. `{ every: 1m, requests: 50 }` if absent.",
    ),
  tolerance: percent.prefault("25%").describe("How much longer than that still counts as little to do."),
  percentile: z
    .int()
    .min(1)
    .max(100)
    .default(50)
    .describe("Which of the requests of one time tells how long they take: 50 is the one in the middle."),
  every: positiveDuration.prefault("100ms").describe("How often the limit is found again."),
  min: underWay.default(3).describe("Requests that may always be under way."),
  max: underWay.default(1_000).describe("The highest limit."),
});

/** How a service is kept from having more to do than it can: keys of it. */
export const shedding = {
  admission: admission
    .optional()
    .describe(
      "While too few requests succeed, some are refused with 503 before the service has them. 5xx, and no answer, is no success; in gRPC its own codes tell. Each listener and thread of Envoy counts for itself, and only what policies let pass.",
    )
    .meta({ examples: [{}, { success: "90%", window: "10s", minPerSecond: 20 }] }),
  adaptiveConcurrency: adaptiveConcurrency
    .optional()
    .describe(
      "As many requests may be under way as the service answers without delay: more get 503 at once. Each listener counts for itself, and only what policies let pass; routes with `websocket` are left out.",
    )
    .meta({ examples: [{}, { latency: "50ms", min: 10, max: 500 }] }),
};

const KEYS = ["admission", "adaptiveConcurrency"] as const;

/** Limits that contradict each other, and routes of which Envoy would not know for which service it limits. */
export function checkShedding(checked: CheckedGateway): Diagnostic[] {
  const { gateway } = checked;
  return [
    ...Object.entries(gateway.services).flatMap(([name, service]) => limits(name, service, checked)),
    ...gateway.routes.flatMap((route, index) => severalServices(route, index, checked)),
    ...notReached(checked),
  ];
}

/** The services of a route, without their versions: those have limits in common. */
function basesOf(route: Route): string[] {
  return [...new Set(targetsOf(route).map(({ service }) => service))];
}

/** The service whose limits a route keeps, if it has any. */
export function sheddingService(route: Route, gateway: Gateway): string | undefined {
  return basesOf(route).find((name) => sheds(name, gateway).length > 0);
}

function sheds(name: string, gateway: Gateway): (typeof KEYS)[number][] {
  const service = serviceOf(name, gateway);
  return KEYS.filter((key) => service?.[key] !== undefined);
}

/** Envoy chooses among services behind these limits. */
function severalServices(route: Route, index: number, { gateway, place }: CheckedGateway): Diagnostic[] {
  const limited = sheddingService(route, gateway);
  if (limited === undefined || basesOf(route).length < 2) return [];
  const [key = ""] = sheds(limited, gateway);
  const [first] = destinationsOf(route, index);
  return [diagnose("SL0675", { route: route.name, service: limited, key }, place(first?.path ?? ["routes", index]))];
}

/** What a service gets in place of another one, as a copy, or from a policy does not go through a route to it. */
function notReached({ gateway, policies, root, place }: CheckedGateway): Diagnostic[] {
  const reached = new Set(gateway.routes.flatMap(basesOf));
  const elsewhere = new Set([
    ...Object.values(gateway.services).flatMap(({ failover = [] }) => failover),
    ...gateway.routes.flatMap(({ mirror = [] }) => mirror.map(({ service }) => service)),
    ...[...policies.values()].flatMap(({ asks = [] }) => asks.map(({ service }) => service)),
  ]);
  // One that is not used at all has a finding of its own.
  const services = Object.keys(gateway.services).filter((name) => elsewhere.has(name) && !reached.has(name));
  return services.flatMap((service) =>
    sheds(service, gateway).map((key) => {
      const node = nodeAt(root, ["services", service]);
      const fix = removal(`remove \`${key}\``, false, removeEntry(node, key));
      return diagnose("SL0676", { service, key }, place(["services", service, key], "key"), fix);
    }),
  );
}

/** Envoy's, where `circuitBreakers` does not say. */
const DEFAULT_REQUESTS = 1_024;

function limits(name: string, service: Service, { root, place }: CheckedGateway): Diagnostic[] {
  const { adaptiveConcurrency: limit, circuitBreakers = {} } = service;
  if (limit === undefined) return [];
  const { min, max, latency } = limit;
  const path = ["services", name, "adaptiveConcurrency"];
  const node = nodeAt(root, path);
  const fix = removal("remove `measure`", true, removeEntry(node, "measure"));
  const { requests = DEFAULT_REQUESTS } = circuitBreakers;
  const written = nodeAt(root, [...path, "max"]);
  const lower =
    written === undefined
      ? addition(node, "max", String(requests))
      : replacement(`write \`max: ${requests}\``, written, String(requests));
  return [
    ...(min > max ? [diagnose("SL0677", { min, max }, place(path, "key"))] : []),
    ...(latency !== undefined && limit.measure !== undefined
      ? [diagnose("SL0678", {}, place([...path, "measure"], "key"), fix)]
      : []),
    ...(max > requests ? [diagnose("SL0679", { max, requests }, place(path, "key"), lower)] : []),
  ];
}
