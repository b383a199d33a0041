import { load } from "js-yaml";
import { checkText } from "../../../dist/compiler/index.js";
import { emitEnvoy } from "../../../dist/compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../../dist/compiler/targets/envoy/options.js";
import { localRateLimit } from "../local-rate-limit.mjs";
import { CALLS_PER_SECOND } from "../workload.mjs";
import {
  callersOf,
  HOT_TENANT,
  limitByConsumer,
  limitByTenant,
  limitByTier,
  policyText,
  requestOfTenant,
  requestsOfCallers,
  TENANT,
  tenants,
} from "./workload.mjs";

/*
 * Every variant is a listener that the compiler emitted, as it is, or with Envoy's own filter in the place of a limit.
 */

/** More than anybody asks for in a second; both are counted over all workers. */
const NEVER_REACHED = 900_000;

/** Rates by tier: of one window, of which workers take leases for callers that come often; and of two, of which each call is booked. */
const leased = (tier) => `${NEVER_REACHED + tier}/second`;
const booked = (tier) => [`${NEVER_REACHED + tier}/second`, `${(NEVER_REACHED + tier) * 50}/minute`];

const hundred = callersOf(100, 1);
const ten = callersOf(10, 10);
const thousand = callersOf(1_000, 1_000);
const byKey = { header: "x-api-key", values: hundred.map(({ key }) => key), calls: CALLS_PER_SECOND };
const byTenant = { header: TENANT, values: tenants, calls: CALLS_PER_SECOND };

/** @type {Record<string, { callers?: ReturnType<typeof callersOf>, limit?: object, native?: typeof byKey, isBare?: true }>} */
const VARIANTS = {
  bare: { isBare: true },
  known: { callers: hundred },
  known_native: { callers: hundred, native: byKey },
  known_sluice: { callers: hundred, limit: limitByConsumer(["ietf", "retry-after"]) },
  known_sluice_x: { callers: hundred, limit: limitByConsumer(["x-ratelimit", "retry-after"]) },
  native: { native: byTenant, isBare: true },
  sluice: { limit: limitByTenant(`${CALLS_PER_SECOND}/second`) },
  sluice_x: { limit: limitByTenant(`${CALLS_PER_SECOND}/second`, ["x-ratelimit", "retry-after"]) },
  known_10: { callers: ten },
  known_10_limited: { callers: ten, limit: limitByTier(ten, leased) },
  known_10_windows: { callers: ten, limit: limitByTier(ten, booked) },
  known_1000: { callers: thousand },
  known_1000_limited: { callers: thousand, limit: limitByTier(thousand, leased) },
  known_1000_windows: { callers: thousand, limit: limitByTier(thousand, booked) },
  hot_native: { native: { header: TENANT, values: [HOT_TENANT], calls: NEVER_REACHED }, isBare: true },
  hot_leased: { limit: limitByTenant(`${NEVER_REACHED}/second`) },
  hot_windows: { limit: limitByTenant([`${NEVER_REACHED}/second`, `${NEVER_REACHED * 50}/minute`]) },
};

/** The requests that a variant is sent in turn where CPU is measured, latin1. */
export function requestsOf(name) {
  const { callers } = VARIANTS[name];
  return callers === undefined
    ? tenants.filter((tenant) => tenant !== HOT_TENANT).map(requestOfTenant)
    : requestsOfCallers(callers);
}

/**
 * A bootstrap (JSON) with one listener for each variant, on a free port, named like the variant.
 *
 * @param {readonly string[]} names
 */
export function bootstrapText(names) {
  return bootstrapOf(names.map((name) => ({ name, ...VARIANTS[name] })));
}

/** The same of one limit by tenant. */
export function limitText(rate) {
  return bootstrapOf([{ name: "sluice", limit: limitByTenant(rate) }]);
}

function bootstrapOf(variants) {
  const emitted = variants.map((variant) => {
    const bootstrap = emissionOf(policyText(variant));
    const [listener] = bootstrap.static_resources.listeners;
    bootstrap.static_resources.listeners = [shaped(listener, variant)];
    return bootstrap;
  });
  const [first] = emitted;
  first.static_resources.listeners = emitted.flatMap((one) => one.static_resources.listeners);
  return JSON.stringify(first);
}

function emissionOf(text) {
  const { plan, diagnostics } = checkText("bench.yaml", text);
  if (plan === undefined)
    throw new Error(`the policy does not compile: ${JSON.stringify(diagnostics.map(({ message }) => message))}`);
  const emission = emitEnvoy(plan, {
    ...DEFAULT_OPTIONS,
    modulesDir: "modules",
    admin: undefined,
    listeners: { guard: { address: "127.0.0.1", port: 0 } },
    endpoints: { upstream: [{ host: "127.0.0.1", port: 1 }] },
  });
  if (emission.violations.length > 0) throw new Error(JSON.stringify(emission.violations));
  return load(emission.artifacts[0].contents);
}

function shaped(listener, { name, native, isBare = false }) {
  listener.name = name;
  const manager = listener.filter_chains[0].filters[0].typed_config;
  manager.stat_prefix = name;
  const filters = manager.http_filters;
  manager.http_filters = [
    ...(isBare ? [] : filters.slice(0, -1)),
    ...(native === undefined ? [] : [localRateLimit({ key: "caller", ...native })]),
    filters.at(-1),
  ];
  if (isBare) delete manager.early_header_mutation_extensions;
  return listener;
}
