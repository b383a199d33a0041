import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import type { Path } from "../../compiler/syntax/document.js";
import type { Written } from "./rates.js";
import type { Settings } from "./settings.js";

/** What each gateway counts, and what all of them do, as it is written. */
export interface Scopes {
  local?: Written;
  global?: Written;
}

/** Finds out what is counted where: something, or nothing after an error was reported. A limit on calls in flight alone has no rates. */
export function scopesOf(spec: Settings, context: PolicyContext): Scopes | undefined {
  const { rate, scope } = spec;
  const isWritten = context.node(["rate"]) !== undefined;
  const isMap = typeof scope !== "string";
  const node = context.node(["scope"]);
  // What does not fit the schema has a finding of its own, and stands for nothing.
  if (node !== undefined && (isMap ? node.kind !== "map" : node.kind !== "scalar" || node.value !== scope))
    return undefined;
  if (isMap ? isWritten : scope === "global" && !isWritten) {
    const what = isMap ? "has rates in `scope` and a `rate` beside them" : "counts for all gateways, and has no `rate`";
    context.report(diagnose("SL0456", { policy: context.policy, what }, context.place(isMap ? ["rate"] : [], "key")));
    return undefined;
  }
  if (isMap)
    return {
      local: { rates: scope.local, path: ["scope", "local"], beginAnew: false },
      global: { rates: scope.global, path: ["scope", "global"], beginAnew: true },
    };
  if (rate !== undefined) return { [scope]: { rates: rate, path: ["rate"], beginAnew: scope === "global" } };
  if (spec.inFlight !== undefined) return isWritten ? undefined : {};
  if (!isWritten && context.node(["inFlight"]) === undefined)
    context.report(diagnose("SL0481", { policy: context.policy }, context.place([], "key")));
  return undefined;
}

/** Reports keys that mean nothing in the scopes of the policy; true if there are none. */
export function fitsScopes(spec: Settings, { local, global }: Scopes, context: PolicyContext): boolean {
  const scope =
    local !== undefined && global !== undefined ? "{ local, global }" : global === undefined ? "local" : "global";
  const unfit = [
    ...(global === undefined ? ofAsking : []),
    ...(global !== undefined && local === undefined ? ofCounting : []),
    ...(global === undefined ? [] : uncountable(spec)),
  ].filter(({ key }) => context.node([key]) !== undefined);
  for (const { key, path, reason } of unfit)
    context.report(
      diagnose("SL0455", { key, scope, reason }, context.place(path ?? [key], path === undefined ? "key" : "value")),
    );
  return unfit.length === 0;
}

interface Unfit {
  key: string;
  reason: string;
  /** Where it stands, if not at the key. */
  path?: Path;
}

const ofAsking: readonly Unfit[] = [
  { key: "service", reason: "each gateway counts by itself, and asks nobody" },
  { key: "timeout", reason: "each gateway counts by itself, and asks nobody" },
];

/** What only a count of each gateway has. */
const ofCounting: readonly Unfit[] = [
  { key: "store", reason: "the service has the counters" },
  { key: "inFlight", reason: "the service counts calls, and is not told when they end" },
  { key: "penalize", reason: "the service counts refused calls in any case, until its window is over" },
  { key: "jitter", reason: "Envoy writes `Retry-After`, as the service has it" },
];

/** Envoy asks about a request once, when it comes, with a number that stands in its configuration. */
function uncountable({ cost }: Settings): Unfit[] {
  if (typeof cost === "number") return [];
  if (typeof cost === "string")
    return [{ key: "cost", reason: "Envoy tells the service a number, the same for all calls", path: ["cost"] }];
  return [{ key: "cost", reason: "the service is asked before there is an answer", path: ["cost"] }];
}
