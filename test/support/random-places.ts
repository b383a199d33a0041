import { callersOf } from "./random-forwarding.js";
import { ALONE } from "./random-native.js";
import type { RandomRoute } from "./random-routes.js";

// Where the policies of a random file are asked for.

/** A policy of the file, with what it needs of a chain. */
export interface RandomPolicy {
  readonly name: string;
  readonly kind:
    | "authenticate"
    | "authorize"
    | "bodyLimit"
    | "compress"
    | "cors"
    | "externalAuth"
    | "fault"
    | "headers"
    | "ipAccess"
    | "rateLimit"
    | "tracing";
  readonly spec: Readonly<Record<string, unknown>>;
}

const CAPTURES = ["x", "y"] as const;

export const asksWhoCalls = (text: string) => text.includes("auth.");

/** Where a policy is asked for, if the rest of the chain allows it. */
export const PLACES = ["mandatory", "defaults", "routes", "routes", "routes", "nowhere"] as const;

/** Names of policies at each place. */
interface Applied {
  readonly mandatory?: { readonly apply: readonly string[] };
  readonly defaults?: { readonly apply: readonly string[] };
  readonly routes: readonly Readonly<Record<string, unknown>>[];
}

interface Drawn {
  readonly policies: readonly RandomPolicy[];
  readonly places: readonly (typeof PLACES)[number][];
  readonly routes: readonly RandomRoute[];
  readonly choices: readonly number[];
}

/**
 * Puts policies where they are asked for and can be: what asks who calls stands behind an `authenticate`, what reads a capture on
 * routes that have it, and of some kinds there is one a route.
 */
export function compose({ policies, places, routes, choices }: Drawn): Applied {
  const asked = (place: (typeof PLACES)[number]) => policies.filter((_, index) => places[index] === place);
  const mandatory = fitting([], asked("mandatory"), []);
  const defaults = fitting(mandatory, asked("defaults"), CAPTURES);
  const optional = policies.filter((policy) => !mandatory.includes(policy) && !defaults.includes(policy));
  return {
    ...(mandatory.length === 0 ? {} : { mandatory: { apply: names(mandatory) } }),
    ...(defaults.length === 0 ? {} : { defaults: { apply: names(defaults) } }),
    routes: routes.map(({ captures, ...route }, index) => {
      const bits = choices[index % choices.length] ?? 0;
      const wanted = (policy: RandomPolicy) => ((bits >> policies.indexOf(policy)) & 1) === 1;
      const kept = fitting(
        mandatory,
        defaults.filter((policy) => !(wanted(policy) && (bits & 0x8000) !== 0)),
        captures,
      );
      const except = defaults.filter((policy) => !kept.includes(policy));
      const apply = fitting([...mandatory, ...kept], optional.filter(wanted), captures);
      const isKnown = [...mandatory, ...kept, ...apply].some(
        (policy) => policy.kind === "authenticate" && isEnforced(policy),
      );
      return {
        ...route,
        ...(isKnown && "to" in route && (bits & 0x30) === 0x10 ? { callers: callersOf(bits >> 6) } : {}),
        ...(apply.length === 0 ? {} : { apply: names(apply) }),
        ...(except.length === 0 ? {} : { except: names(except) }),
      };
    }),
  };
}

function names(policies: readonly RandomPolicy[]): string[] {
  return policies.map(({ name }) => name);
}

/** Those of the candidates that can stand on a route beside what it has; their order stays. */
function fitting(
  before: readonly RandomPolicy[],
  candidates: readonly RandomPolicy[],
  captures: readonly string[],
): RandomPolicy[] {
  const readable = candidates.filter((one) =>
    CAPTURES.every((name) => captures.includes(name) || !textOf(one).includes(`route.params.${name}`)),
  );
  const isFirst = (one: RandomPolicy) => [...before, ...readable].find(({ kind }) => kind === one.kind) === one;
  const single = readable.filter((one) => !ALONE.includes(one.kind) || isFirst(one));
  const known = [...before, ...single].some((one) => one.kind === "authenticate" && isEnforced(one));
  return single.filter((one) => known || !(asksWhoCalls(textOf(one)) || /"(rate|local|global)":\{/.test(textOf(one))));
}

function textOf({ spec }: RandomPolicy): string {
  return JSON.stringify(spec);
}

function isEnforced({ spec }: RandomPolicy): boolean {
  return spec.mode === undefined || spec.mode === "enforce";
}
