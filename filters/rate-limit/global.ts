import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { written } from "../../compiler/expression/attributes.js";
import { type Expression, valuesOf } from "../../compiler/expression/expression.js";
import {
  COUNTED_ATTRIBUTES,
  type GlobalLimitPlan,
  type KeyPart,
  nearestWindow,
  unitOf,
  type Window,
} from "../../compiler/plan/global-limits.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import { type Rate, rateText } from "../../compiler/policy/rate.js";
import type { Path } from "../../compiler/syntax/document.js";
import { addition, replacement } from "../../compiler/syntax/edits.js";
import { isByTier, type Rates } from "./rates.js";
import { DEFAULT_TIMEOUT_MS, type Settings } from "./settings.js";

// What a service counts for all gateways together.

interface Counted {
  keys: readonly Expression[];
  rates: Rates;
  /** What each call costs. */
  calls: number;
  /** Each gateway counts by itself, before. */
  hasLocal: boolean;
}

/** What the service is to count; nothing after an error was reported. */
export function planGlobal(
  { service, timeout = DEFAULT_TIMEOUT_MS, headers, shared }: Settings,
  { keys, rates, calls, hasLocal }: Counted,
  context: PolicyContext,
): GlobalLimitPlan | undefined {
  const parts = keys.map(partOf);
  // The service keeps them, as names of its counters.
  for (const key of keys) context.disclose({ name: key.text, as: "key", reads: valuesOf(key) });
  const windows = windowsOf(rates.fallback, defaultPath(rates, context), context);
  const tiers = Object.entries(rates.tiers).map(([tier, own]) => ({
    tier,
    windows: windowsOf(own, [...rates.path, tier], context),
  }));
  const findings = [...keys.flatMap((key, index) => uncounted(key, parts[index])), ...unfitService(service, context)];
  for (const finding of findings) context.report(finding);
  const known = parts.flatMap((part) => part ?? []);
  const sound = tiers.flatMap(({ tier, windows }) => (windows === undefined ? [] : [{ tier, windows }]));
  if (service === undefined || windows === undefined || findings.length > 0 || sound.length < tiers.length)
    return undefined;
  return {
    filter: "ratelimit",
    service,
    timeoutMs: timeout,
    key: known,
    ...(isByTier(rates) ? { tiers: sound } : {}),
    windows,
    ...(calls === 1 ? {} : { calls }),
    ...(shared ? { shared } : {}),
    headers: [...new Set(headers)].toSorted(),
    ...(hasLocal ? { hasLocal } : {}),
  };
}

/** The rate of everybody else stands by itself where no tier has one. */
function defaultPath({ path }: Rates, { node }: PolicyContext): Path {
  return node(path)?.kind === "map" ? [...path, "default"] : path;
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

/** The windows in which the service counts rates; nothing after it was reported that one has none. */
function windowsOf(rates: readonly Rate[], path: Path, context: PolicyContext): Window[] | undefined {
  const isList = context.node(path)?.kind === "list";
  const windows = rates.map((rate, index) => windowOf(rate, isList ? [...path, index] : path, context));
  const known = windows.flatMap((window) => window ?? []);
  return known.length < windows.length ? undefined : known;
}

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

/** A window as a rate that people write. */
function windowText({ count, unit }: Window): string {
  switch (unit) {
    case "week":
      return `${count} per 7d`;
    case "month":
      return `${count} per 30d`;
    case "second":
    case "minute":
    case "hour":
    case "day":
      return `${count}/${unit}`;
  }
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
