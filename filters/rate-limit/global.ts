import { z } from "zod";
import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { written } from "../../compiler/expression/attributes.js";
import { type Expression, valuesOf } from "../../compiler/expression/expression.js";
import {
  COUNTED_ATTRIBUTES,
  type GlobalLimitPlan,
  type KeyPart,
  type LimitHeader,
  nearestWindow,
  unitOf,
  type Window,
} from "../../compiler/plan/global-limits.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import type { Rate } from "../../compiler/policy/rate.js";
import { positiveDuration } from "../../compiler/policy/values.js";
import type { Path } from "../../compiler/syntax/document.js";
import { addition, replacement } from "../../compiler/syntax/edits.js";
import { rateText, windowText } from "./rate-text.js";

// What a service counts for all gateways together.

const LONGEST_TIMEOUT_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 50;

/** The keys of a policy that only such a limit has. */
export const globalKeys = {
  service: z
    .string()
    .optional()
    .describe("Of `scope: global`: the service under `services` that counts, a ratelimit service of Envoy."),
  timeout: positiveDuration
    .refine((milliseconds) => milliseconds <= LONGEST_TIMEOUT_MS, "at most 10s")
    .optional()
    .describe(
      `Of \`scope: global\`: how long its answer may take, at most 10s; ${DEFAULT_TIMEOUT_MS}ms without this key.`,
    ),
};

interface Spec {
  service?: string | undefined;
  timeout?: number | undefined;
  headers: readonly LimitHeader[];
}

interface Counted {
  keys: readonly Expression[];
  rates: { byTier: boolean; tiers: readonly { tier: string; rate: Rate }[]; fallback: Rate };
  /** Where the rates stand. */
  path: Path;
  /** Each gateway counts by itself, before. */
  hasLocal: boolean;
}

/** What the service is to count; nothing after an error was reported. */
export function planGlobal(
  { service, timeout = DEFAULT_TIMEOUT_MS, headers }: Spec,
  { keys, rates, path, hasLocal }: Counted,
  context: PolicyContext,
): GlobalLimitPlan | undefined {
  const parts = keys.map(partOf);
  // The service keeps them, as names of its counters.
  for (const key of keys) context.disclose({ name: key.text, as: "key", reads: valuesOf(key) });
  const windowAt = (rate: Rate, at: Path) => windowOf(rate, at, context);
  const windows = windowAt(rates.fallback, rates.byTier ? [...path, "default"] : path);
  const tiers = rates.tiers.map(({ tier, rate }) => ({ tier, window: windowAt(rate, [...path, tier]) }));
  const findings = [...keys.flatMap((key, index) => uncounted(key, parts[index])), ...unfitService(service, context)];
  for (const finding of findings) context.report(finding);
  const known = parts.flatMap((part) => part ?? []);
  const sound = tiers.flatMap(({ tier, window }) => (window === undefined ? [] : [{ tier, windows: [window] }]));
  if (service === undefined || windows === undefined || findings.length > 0 || sound.length < tiers.length)
    return undefined;
  return {
    filter: "ratelimit",
    service,
    timeoutMs: timeout,
    key: known,
    ...(rates.byTier ? { tiers: sound } : {}),
    windows: [windows],
    headers: [...new Set(headers)].toSorted(),
    ...(hasLocal ? { hasLocal } : {}),
  };
}

function partOf({ attributes: [use] }: Expression): KeyPart | undefined {
  const attribute = COUNTED_ATTRIBUTES.find((name) => name === use?.name);
  if (attribute === undefined) return undefined;
  return { attribute, ...(use?.argument === undefined ? {} : { argument: use.argument }) };
}

function uncounted({ attributes: [use], text, span }: Expression, part: KeyPart | undefined): Diagnostic[] {
  if (part !== undefined) return [];
  const attribute = use === undefined ? text : written(use.name, use.argument);
  return [diagnose("SL0454", { attribute, reason: whyUncounted(use?.name ?? "") }, span)];
}

function whyUncounted(name: string): string {
  if (name.startsWith("auth.")) return "of who calls, Envoy is told the consumer and its tier only";
  if (name === "request.host")
    return "Envoy tells it as each client spells it, and each spelling would have a count of its own";
  return "Envoy does not tell it as the module reads it";
}

/** The window in which the service counts a rate; nothing after it was reported that there is none. */
function windowOf(rate: Rate, path: Path, { node, place, report }: PolicyContext): Window | undefined {
  const unit = unitOf(rate.periodMs);
  if (unit !== undefined && rate.burst === rate.count) return { count: rate.count, unit };
  const reason =
    unit === undefined
      ? "the service has windows of a second, a minute, an hour, a day, 7 days and 30 days"
      : "the service counts in windows that begin anew, and knows no burst";
  const nearest = windowText(nearestWindow(rate));
  report(
    diagnose(
      "SL0452",
      { rate: rateText(rate), reason },
      place(path),
      replacement(`write \`${nearest}\``, node(path), nearest),
    ),
  );
  return undefined;
}

/** gRPC is spoken over HTTP/2. A service that is not known is told elsewhere. */
function unfitService(service: string | undefined, { gateway, node, place, policy }: PolicyContext): Diagnostic[] {
  const speaksGrpc = (name: string) => ["http2", "grpc"].includes(gateway.services[name]?.protocol ?? "");
  if (service !== undefined) {
    const isKnown = Object.hasOwn(gateway.services, service);
    return !isKnown || speaksGrpc(service) ? [] : [diagnose("SL0451", { service }, place(["service"]))];
  }
  if (node(["service"]) !== undefined) return [];
  const [only, ...others] = Object.keys(gateway.services).filter(speaksGrpc);
  const fix = only === undefined || others.length > 0 ? {} : addition(node([]), "service", only);
  return [diagnose("SL0453", { policy }, place(["scope"], "key"), fix)];
}

/** Reports keys that mean nothing in the scope of the policy; true if there are none. */
export function unfitKeys(
  { headers }: Spec,
  { local, global }: { local?: unknown; global?: unknown },
  { node, place, report }: PolicyContext,
): boolean {
  const scope = local === undefined ? "global" : "local";
  const unfit: { path: Path; key: string; reason: string; part: "key" | "value" }[] = [];
  const add = (key: string, reason: string) => {
    if (node([key]) !== undefined) unfit.push({ path: [key], key, reason, part: "key" });
  };
  if (global === undefined) {
    add("service", "each gateway counts by itself, and asks nobody");
    add("timeout", "each gateway counts by itself, and asks nobody");
    const index = headers.indexOf("x-ratelimit");
    if (index >= 0)
      unfit.push({
        path: ["headers", index],
        key: "x-ratelimit",
        reason: "its windows never begin anew",
        part: "value",
      });
  }
  if (local === undefined) add("store", "the service has the counters");
  for (const { path, key, reason, part } of unfit)
    report(diagnose("SL0455", { key, scope, reason }, place(path, part)));
  return unfit.length === 0;
}
