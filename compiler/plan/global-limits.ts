import type { Rate } from "../policy/rate.js";
import type { NativePolicy } from "./native.js";

// Limits with `scope: global`: a service counts for all gateways together. Envoy asks it about descriptors, which are lists of keys with
// values, and it finds the rate of each in a tree of its own. Both are made here, of the same entries.

/** What a service counts for a policy. */
export interface GlobalLimitPlan {
  filter: "ratelimit";
  service: string;
  timeoutMs: number;
  /** What calls are counted by. */
  key: readonly KeyPart[];
  /** Absent if everybody has the same rates. */
  tiers?: readonly { tier: string; windows: readonly Window[] }[];
  /** Of everybody else. */
  windows: readonly Window[];
  /** What each call costs; 1 if absent. */
  calls?: number;
  /** All routes count together. */
  shared?: true;
  /** What clients are told. */
  headers: readonly LimitHeader[];
  /** The module counts for this gateway alone, in front of it. */
  hasLocal?: true;
}

export type LimitHeader = "ietf" | "retry-after" | "x-ratelimit";

/** An attribute that Envoy can tell the service. */
export interface KeyPart {
  attribute: CountedAttribute;
  /** Of `request.headers` the name of the header. */
  argument?: string;
}

export const COUNTED_ATTRIBUTES = [
  "auth.consumer",
  "auth.tier",
  "request.headers",
  "request.method",
  "request.path",
  "route.name",
  "source.ip",
] as const;
export type CountedAttribute = (typeof COUNTED_ATTRIBUTES)[number];

/** Calls in a window; windows of a unit begin at whole multiples of it since 1970. */
export interface Window {
  count: number;
  unit: WindowUnit;
}

/** The units of the service with their seconds. */
export const WINDOW_SECONDS = {
  second: 1,
  minute: 60,
  hour: 3_600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
} as const;
export type WindowUnit = keyof typeof WINDOW_SECONDS;

const UNITS: readonly WindowUnit[] = ["second", "minute", "hour", "day", "week", "month"];

/** The unit that is as long as a period; undefined if there is none. */
export function unitOf(periodMs: number): WindowUnit | undefined {
  return UNITS.find((unit) => WINDOW_SECONDS[unit] * 1_000 === periodMs);
}

/** The rate in a unit of the service that is nearest to one that it cannot count: as many calls over time, where that is a whole number. */
export function nearestWindow({ count, periodMs }: Rate): Window {
  const longer = UNITS.filter((unit) => WINDOW_SECONDS[unit] * 1_000 >= periodMs);
  const unit = longer[0] ?? "month";
  return { count: Math.max(1, Math.floor((count * WINDOW_SECONDS[unit] * 1_000) / periodMs)), unit };
}

/** What stands for a part of the key that a request does not have, or that is no text of ASCII: such calls are counted together. */
export const NO_PART = "";

/** What texts can be counted by (RE2): the service is asked in UTF-8. Anything else counts as missing. */
export const COUNTED_TEXT = "^[ -~]*$";

/** Headers of draft-polli-ratelimit-headers-03 that Envoy's filter writes: the rate and its windows, what is left, and the seconds until it is whole again. */
export const RAW_HEADERS = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] as const;

/** The fields that are made of them. */
export const IETF_HEADERS = ["ratelimit", "ratelimit-policy"] as const;

/** The answer to a call beyond a rate, as modules give it: what stands around the name of the policy in its body. */
export const LIMITED = {
  status: 429,
  decision: " denied quota-exceeded",
  body: (policy: string) =>
    `{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,"violated-policies":["${policy}"]}`,
} as const;

/** The answer where nobody can tell, and the policy denies then. */
export const UNCOUNTED = {
  status: 503,
  decision: " denied store-failure",
  body: '{"type":"about:blank","title":"Service Unavailable","status":503}',
} as const;

/** Whether it refuses calls, and tells clients. */
export function isEnforced({ mode }: { mode?: unknown }): boolean {
  return mode === undefined;
}

/** Headers of answers that only the limits of a route may write: what a service says under these names is its own affair. */
export function limitHeaders<Policy extends { native?: NativePolicy; mode?: unknown }>(
  run: readonly Policy[],
): readonly string[] {
  const told = globalLimits(run).flatMap((limit) => (isEnforced(limit) ? limit.native.headers : []));
  return [
    ...(told.includes("ietf") ? IETF_HEADERS : []),
    ...(told.includes("ietf") || told.includes("x-ratelimit") ? RAW_HEADERS : []),
  ];
}

export type EntryValue = { constant: string } | KeyPart;

/** One step of a descriptor. */
export interface DescriptorEntry {
  key: string;
  value: EntryValue;
}

/** What the service is asked about a call: one descriptor for each window that a rate of the policy has. */
export function descriptorsOf(policy: string, { key, tiers, windows, shared }: GlobalLimitPlan): DescriptorEntry[][] {
  const most = Math.max(windows.length, ...(tiers ?? []).map((one) => one.windows.length));
  return Array.from({ length: most }, (_, index): DescriptorEntry[] => [
    { key: "policy", value: { constant: policy } },
    ...(index === 0 ? [] : [{ key: "window", value: { constant: String(index + 1) } }]),
    ...(shared ? [] : [{ key: "route", value: { attribute: "route.name" as const } }]),
    ...(tiers === undefined ? [] : [{ key: "tier", value: { attribute: "auth.tier" as const } }]),
    ...key.map((part) => ({ key: partName(part), value: part })),
  ]);
}

/** What a part is called in descriptors. */
export function partName({ attribute, argument }: KeyPart): string {
  // Envoy itself gives the address its name.
  if (attribute === "source.ip") return "remote_address";
  return argument === undefined ? attribute : `${attribute}.${argument}`;
}

/** Results of the guard by the attributes that tell them. */
export const COUNTED_RESULTS = { "auth.consumer": "consumer", "auth.tier": "tier" } as const;

/** What the guard must leave in filter state so that a policy can be counted. */
export function propertiesCounted(native: NativePolicy | undefined): string[] {
  if (native?.filter !== "ratelimit") return [];
  const read = [...(native.tiers === undefined ? [] : ["auth.tier"]), ...native.key.map(({ attribute }) => attribute)];
  return Object.entries(COUNTED_RESULTS).flatMap(([attribute, property]) =>
    read.includes(attribute) ? [property] : [],
  );
}

/** A node of the service's configuration: a step with a rate, or with further steps, or neither, which is no limit. */
export interface ServiceDescriptor {
  key: string;
  /** Any other, if absent. */
  value?: string;
  rate_limit?: { name: string; unit: WindowUnit; requests_per_unit: number };
  shadow_mode?: true;
  descriptors?: ServiceDescriptor[];
}

/** What the configuration of the service says of a plan. */
export interface ServiceConfiguration {
  domain: string;
  descriptors: ServiceDescriptor[];
}

interface Plan {
  name: string;
  policies: readonly { name: string; native?: NativePolicy; mode?: { is: "shadow" | "off" } }[];
}

/** The policies of a plan that a service counts. */
export function globalLimits<Policy extends { native?: NativePolicy }>(
  policies: readonly Policy[],
): (Policy & { native: GlobalLimitPlan })[] {
  return policies.flatMap((policy) =>
    policy.native?.filter === "ratelimit" ? [{ ...policy, native: policy.native }] : [],
  );
}

/** Names of the services that count. */
export function countingServices(policies: readonly { native?: NativePolicy }[]): string[] {
  return [...new Set(globalLimits(policies).map(({ native }) => native.service))];
}

/** Those of one route, in the order in which they are asked about: that of the file, as a chain of filters has one for all routes. */
export function globalLimitsInOrder<Policy extends { name: string; native?: NativePolicy }>(
  all: readonly Policy[],
  run: readonly { name: string }[],
): (Policy & { native: GlobalLimitPlan })[] {
  return globalLimits(all).filter(({ name }) => run.some((policy) => policy.name === name));
}

/** The rates of a plan, as the service reads them; undefined if it counts nothing. */
export function serviceConfiguration({ name, policies }: Plan): ServiceConfiguration | undefined {
  const limits = globalLimits(policies);
  if (limits.length === 0) return undefined;
  return {
    domain: name,
    descriptors: limits.map((policy) => ({
      key: "policy",
      value: policy.name,
      descriptors: descriptorsOf(policy.name, policy.native).flatMap((entries, index) =>
        stepsOf(policy, entries, index),
      ),
    })),
  };
}

type Limit = Plan["policies"][number] & { native: GlobalLimitPlan };

/** The steps of one window, from the one behind the policy on. */
function stepsOf(policy: Limit, entries: readonly DescriptorEntry[], index: number): ServiceDescriptor[] {
  return below(policy, entries.slice(1), policy.native.windows[index], index);
}

function below(
  policy: Limit,
  [entry, ...rest]: readonly DescriptorEntry[],
  window: Window | undefined,
  index: number,
): ServiceDescriptor[] {
  if (entry === undefined) return [];
  const { key, value } = entry;
  const step = { key, ...("constant" in value ? { value: value.constant } : {}) };
  if (key !== "tier") return [{ ...step, ...behind(policy, rest, window, index) }];
  const { tiers = [] } = policy.native;
  return [
    ...tiers.map(({ tier, windows }) => ({ key, value: tier, ...behind(policy, rest, windows[index], index) })),
    { ...step, ...behind(policy, rest, window, index) },
  ];
}

/** A step without a rate and without further ones is no limit: of a tier with fewer windows than others. */
function behind(
  policy: Limit,
  rest: readonly DescriptorEntry[],
  window: Window | undefined,
  index: number,
): Pick<ServiceDescriptor, "rate_limit" | "shadow_mode" | "descriptors"> {
  if (rest.some(({ key }) => key === "tier")) return { descriptors: below(policy, rest, window, index) };
  if (window === undefined) return {};
  if (rest.length > 0) return { descriptors: below(policy, rest, window, index) };
  return {
    rate_limit: { name: policy.name, unit: window.unit, requests_per_unit: window.count },
    ...(policy.mode?.is === "shadow" ? { shadow_mode: true } : {}),
  };
}
