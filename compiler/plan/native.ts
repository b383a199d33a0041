import { type Block, inBlock } from "../expression/cidr.js";
import { escapeRegex } from "../policy/path.js";
import type { GlobalLimitPlan } from "./global-limits.js";
import type { HeaderMatch } from "./plan.js";
import type { TracerPlan } from "./tracers.js";

/** A policy that a filter of Envoy's own carries out, in place of the module or behind it. `filter` tells which. */
export type NativePolicy =
  | CorsPlan
  | AddressPlan
  | FaultPlan
  | GlobalLimitPlan
  | ExternalAuthPlan
  | BodyLimitPlan
  | HeadersPlan
  | CompressPlan
  | TracerPlan;

/** Whether the filter does its work on routes to services only. */
export function needsService({ filter }: NativePolicy): boolean {
  switch (filter) {
    case "cors":
    case "ratelimit":
      return true;
    case "rbac":
    case "fault":
    case "externalAuth":
    case "buffer":
    case "router":
    case "compressor":
    case "tracer":
      return false;
  }
}

/** Whether the filter stands before the guard, and so sees preflights too. */
export function standsBeforeGuard({ filter }: NativePolicy): boolean {
  switch (filter) {
    case "rbac":
    case "fault":
    case "cors":
      return true;
    case "ratelimit":
    case "externalAuth":
    case "buffer":
    case "router":
    case "compressor":
    case "tracer":
      return false;
  }
}

/** Whether the module has a part in the policy: all of it, or the limit of this gateway in front of one of all. */
export function isInModule({ native }: { native?: NativePolicy }): boolean {
  return native === undefined || (native.filter === "ratelimit" && native.hasLocal === true);
}

/** From which addresses a route may be called. */
export interface AddressPlan {
  filter: "rbac";
  /** Any address may, if absent. */
  allow?: readonly Block[];
  /** These may not, whatever `allow` says. */
  deny: readonly Block[];
}

/** How requests are disturbed on purpose. Of a million requests so many are. */
export interface FaultPlan {
  filter: "fault";
  /** Requests without one of these are left alone. */
  headers: readonly HeaderMatch[];
  /** These wait, before anything else is done with them. */
  delay?: { ms: number; share: number };
  /** These are answered, and go no further; whether one waits and whether it is answered do not depend on each other. */
  abort?: { status: number; share: number };
}

/** The share of all requests. */
export const ALL_REQUESTS = 1_000_000;

/**
 * A plan in which requests are disturbed always or never, services that decide are asked by HTTP, and Envoy traces nothing: for tests,
 * which ask for one answer of services that speak HTTP/1.1, and know what reaches them.
 */
export function testable<Plan extends { policies: readonly { native?: NativePolicy }[] }>(plan: Plan): Plan {
  return { ...plan, policies: plan.policies.map(withoutFaultsByChance).map(askingByHttp).map(withoutTracer) };
}

function askingByHttp<Policy extends { native?: NativePolicy }>(policy: Policy): Policy {
  return policy.native?.filter === "externalAuth" ? { ...policy, native: { ...policy.native, by: "http" } } : policy;
}

/** Envoy's tracer writes headers of its own on every route of a gateway. */
function withoutTracer<Policy extends { native?: NativePolicy }>(policy: Policy): Policy {
  const nothing = { remove: [], set: [], add: [] };
  return policy.native?.filter === "tracer"
    ? { ...policy, native: { filter: "router", request: nothing, response: nothing } }
    : policy;
}

function withoutFaultsByChance<Policy extends { native?: NativePolicy }>(policy: Policy): Policy {
  if (policy.native?.filter !== "fault") return policy;
  const { filter, headers, delay, abort } = policy.native;
  const sure = {
    ...(delay?.share === ALL_REQUESTS ? { delay } : {}),
    ...(abort?.share === ALL_REQUESTS ? { abort } : {}),
  };
  return { ...policy, native: { filter, headers, ...sure } };
}

/** What is noted of a request that is answered on purpose. */
export const FAULT_DENIED = " denied fault";

/** A service that is asked whether a request may pass. */
export interface ExternalAuthPlan {
  filter: "externalAuth";
  service: string;
  by: "http" | "grpc";
  /** What stands before the path when it is asked by HTTP; may be empty. */
  pathPrefix: string;
  /** Headers of the request that it is shown, beside method, path and host. */
  toService: readonly string[];
  /** What it is told of the caller, beside: results of the guard by header. */
  identity: readonly { name: string; property: string }[];
  /** Headers of its answer that the request gets. No client can send them. */
  fromAnswer: readonly string[];
  /** Headers of its refusal that the client gets, beside `location` and `www-authenticate`. */
  toClient: readonly string[];
  timeoutMs: number;
  /** The answer where it gives none. */
  statusOnError: number;
  /** It is shown the body too, up to so many bytes; a larger one is cut off, or refused. */
  body?: { most: number; partial: boolean };
}

/** Who is asked whether the requests of a route may pass; it has one such policy at most. */
export function externalAuthOf<Policy extends { native?: NativePolicy }>(
  run: readonly Policy[],
): (Policy & { native: ExternalAuthPlan }) | undefined {
  for (const policy of run) if (policy.native?.filter === "externalAuth") return { ...policy, native: policy.native };
  return undefined;
}

/** Bytes of a body that a service must see all of, where it must. */
export function bytesShownWhole(native: NativePolicy | undefined): number | undefined {
  return native?.filter === "externalAuth" && native.body?.partial === false ? native.body.most : undefined;
}

/** What is noted of a request that the service does not let pass, for whatever reason. */
export const EXTERNALLY_DENIED = " denied external";

/** How many bytes a body may have. It is held until it is whole, so that no service hears of a larger one. */
export interface BodyLimitPlan {
  filter: "buffer";
  bytes: number;
}

/** Of several limits on a route the smallest holds; undefined if there is none. */
export function smallestBodyLimit<Policy extends { native?: NativePolicy }>(
  run: readonly Policy[],
): (Policy & { native: BodyLimitPlan }) | undefined {
  let smallest: (Policy & { native: BodyLimitPlan }) | undefined;
  for (const policy of run)
    if (
      policy.native?.filter === "buffer" &&
      policy.native.bytes < (smallest?.native.bytes ?? Number.POSITIVE_INFINITY)
    )
      smallest = { ...policy, native: policy.native };
  return smallest;
}

/** The answer to a body that is too large. */
export const BODY_TOO_LARGE = { status: 413, body: "Payload Too Large" } as const;

/** What is noted of a request whose body is too large. */
export const BODY_DENIED = " denied body-size";

/** Which answers are compressed, and how. */
export interface CompressPlan {
  filter: "compressor";
  /** The first is taken where the client takes it as well as another. */
  codings: readonly Coding[];
  /** Media types without parameters, in lower case. */
  contentTypes: readonly string[];
  /** An answer that says it has less stays as it is. */
  minBytes: number;
}

/** Content codings by their names in `accept-encoding`. */
export type Coding = "br" | "gzip" | "zstd";

/** What compresses the answers of a route; it has one such policy at most. */
export function compressionOf(run: readonly { native?: NativePolicy }[]): CompressPlan | undefined {
  for (const { native } of run) if (native?.filter === "compressor") return native;
  return undefined;
}

/** A plan in which no answer is compressed in a way that a host does not have. */
export function withoutCoding<Plan extends { policies: readonly { native?: NativePolicy }[] }>(
  plan: Plan,
  coding: Coding,
): Plan {
  const policies = plan.policies.map((policy) => {
    if (policy.native?.filter !== "compressor") return policy;
    return { ...policy, native: { ...policy.native, codings: policy.native.codings.filter((one) => one !== coding) } };
  });
  return { ...plan, policies };
}

/** Part of a range: its bytes are counted in what is not compressed (RFC 9110 section 14). */
export const NEVER_COMPRESSED = 206;

/** Headers that the router of Envoy changes in requests to services, and in answers. */
export interface HeadersPlan {
  filter: "router";
  request: HeaderEdits;
  response: HeaderEdits;
}

/** What is done to headers: first some are removed, then set, then added. */
export interface HeaderEdits {
  remove: readonly string[];
  set: readonly { name: string; value: HeaderValue }[];
  add: readonly { name: string; value: string }[];
}

/** A text, or what the guard left in filter state under `sluice.<property>`; that leaves its header out if it is absent. */
export type HeaderValue = string | { property: string };

/** The changes of several policies as one; of two that set a header the later one holds. */
export function headerEdits(natives: readonly (NativePolicy | undefined)[], side: "request" | "response"): HeaderEdits {
  const remove = new Set<string>();
  const set = new Map<string, HeaderValue>();
  let add: HeaderEdits["add"] = [];
  for (const native of natives) {
    if (native?.filter !== "router") continue;
    const edits = native[side];
    for (const name of [...edits.remove, ...edits.set.map((one) => one.name)]) {
      set.delete(name);
      add = add.filter((one) => one.name !== name);
    }
    // A value that is absent must not leave what the client or the service wrote.
    const unsure = edits.set.filter(({ value }) => typeof value !== "string").map(({ name }) => name);
    for (const name of [...edits.remove, ...unsure]) remove.add(name);
    for (const { name, value } of edits.set) set.set(name, value);
    add = [...add, ...edits.add];
  }
  return { remove: [...remove].toSorted(), set: [...set].map(([name, value]) => ({ name, value })), add };
}

/** What is noted of a request that is refused for its address. */
export const ADDRESS_DENIED = " denied address";

/** What browsers are told of who may call from another origin (the Fetch standard, section 3.2). */
export interface CorsPlan {
  filter: "cors";
  origins: readonly OriginPattern[];
  methods: readonly string[];
  /** Request headers that scripts may send. */
  headers: readonly string[];
  /** Response headers that scripts may read. */
  expose: readonly string[];
  credentials: boolean;
  /** How long a browser may remember the answer to a preflight; its own few seconds if absent. */
  maxAgeSeconds?: number;
}

export type OriginPattern =
  | { form: "any" }
  | { form: "exact"; origin: string }
  /** Every name below a domain; `port` is empty or begins with a colon. */
  | { form: "below"; scheme: string; domain: string; port: string };

/** Whether a browser's origin is one of them. */
export function takesOrigin(patterns: readonly OriginPattern[], origin: string): boolean {
  return patterns.some((pattern) => matches(pattern, origin));
}

function matches(pattern: OriginPattern, origin: string): boolean {
  switch (pattern.form) {
    case "any":
      return true;
    case "exact":
      return origin === pattern.origin;
    case "below": {
      const end = escapeRegex(`.${pattern.domain}${pattern.port}`);
      return new RegExp(`^${escapeRegex(pattern.scheme)}://[a-z0-9_-]+(\\.[a-z0-9_-]+)*${end}$`).test(origin);
    }
  }
}

/** The block of a list that an address is in. */
export function blockOf(blocks: readonly Block[], address: string): Block | undefined {
  return blocks.find((block) => inBlock(address, block) === true);
}

/** Whether somebody at an address may call. */
export function takesAddress({ allow, deny }: AddressPlan, address: string): boolean {
  return blockOf(deny, address) === undefined && (allow === undefined || blockOf(allow, address) !== undefined);
}
