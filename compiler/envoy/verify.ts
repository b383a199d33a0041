import type { DescMessage, JsonObject, Message, MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Fault } from "./rules/constraint.js";
import { brokenRules } from "./rules.js";
import { addresses } from "./verify/addresses.js";
import { references } from "./verify/clusters.js";
import { disallowed } from "./verify/disallowed.js";
import { filterChains } from "./verify/filters.js";
import { formats } from "./verify/formats.js";
import { headerNames } from "./verify/headers.js";
import { localRateLimits } from "./verify/limits.js";
import { type Check, join, locate, type Violation } from "./verify/located.js";
import { domains, resourceNames } from "./verify/names.js";
import { regularExpressions } from "./verify/regex.js";
import { roundTrip } from "./verify/round-trip.js";
import { routes } from "./verify/routes.js";

export type { Violation } from "./verify/located.js";

const declaredRules: Check = ({ all }) => {
  // What writes the same header in a thousand routes is one message.
  const known = new Map<Message, readonly Fault[]>();
  return all.flatMap(({ exempt, message, reflected, path }) => {
    if (exempt) return [];
    const faults = known.get(message) ?? brokenRules(reflected);
    known.set(message, faults);
    return faults.map((fault) => ({ path: join(path, fault.path), message: fault.message }));
  });
};

// Envoy checks the declared rules, and these in C++ while it builds what the configuration describes.
const checks: readonly Check[] = [
  declaredRules,
  disallowed,
  resourceNames,
  addresses,
  references,
  domains,
  routes,
  headerNames,
  formats,
  regularExpressions,
  filterChains,
  localRateLimits,
];

/**
 * Why Envoy would refuse a message, or not do what it says; empty if nothing is known against it.
 *
 * Checks that concern a whole configuration (whether a cluster is known) hold for a `Bootstrap`. Not looked at: what is
 * outside the message (files, certificates, modules) and code within it (Lua, Wasm).
 *
 * @param printed what `toObject` gave for the message, where it is at hand
 */
export function verify<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  printed?: JsonObject,
): Violation[] {
  const tree = locate(reflect(schema, message));
  // Values out of the range of their fields mean nothing to the other checks.
  const unprintable = roundTrip(tree, printed);
  return unprintable.length > 0 ? unprintable : checks.flatMap((check) => check(tree));
}
