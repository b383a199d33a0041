import { type Block, inBlock } from "../expression/cidr.js";
import { escapeRegex } from "../policy/path.js";

/** A policy that a filter of Envoy's own carries out, in place of the module. `filter` tells which. */
export type NativePolicy = CorsPlan | AddressPlan;

/** Whether the filter does its work on routes to services only. */
export function needsService({ filter }: NativePolicy): boolean {
  switch (filter) {
    case "cors":
      return true;
    case "rbac":
      return false;
  }
}

/** From which addresses a route may be called. */
export interface AddressPlan {
  filter: "rbac";
  /** Any address may, if absent. */
  allow?: readonly Block[];
  /** These may not, whatever `allow` says. */
  deny: readonly Block[];
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
