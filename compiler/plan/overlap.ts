import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { covers, firstLiteral, mayMeet } from "../policy/path.js";
import type { PolicyPlan, RoutePlan } from "./plan.js";

/** What keeps callers out: a route that lacks one of these where another has it is weaker. */
const GUARDING = ["authenticate", "authorize"] as const;
type Guarding = (typeof GUARDING)[number];

/** Which kinds of policy keep callers out of a route. */
export class Protection {
  private readonly policies: ReadonlyMap<string, PolicyPlan>;
  private readonly known = new Map<string, readonly Guarding[]>();

  constructor(policies: ReadonlyMap<string, PolicyPlan>) {
    this.policies = policies;
  }

  of(route: RoutePlan): readonly Guarding[] {
    const known = this.known.get(route.name);
    if (known !== undefined) return known;
    const phases = route.run.map((applied) => this.policies.get(applied.policy)?.phase);
    const found = GUARDING.filter((phase) => phases.includes(phase));
    this.known.set(route.name, found);
    return found;
  }

  /** What `strict` has and `route` lacks. */
  missing(route: RoutePlan, strict: readonly Guarding[]): Guarding[] {
    return strict.filter((phase) => !this.of(route).includes(phase));
  }
}

/**
 * Routes that come first, take requests of a later one, and lack what keeps callers out of it. A route inside the later
 * one is no finding: `/public/**` is meant to be the exception of `/**`.
 *
 * @param ordered the routes of one virtual host as Envoy tries them
 */
export function weakerFirst(ordered: readonly RoutePlan[], protection: Protection): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const earlier = new Map<string | null, RoutePlan[]>();
  for (const later of ordered) {
    const strict = protection.of(later);
    const start = firstLiteral(later.match.path);
    if (strict.length > 0) {
      const rivals =
        start === null ? [...earlier.values()].flat() : [...(earlier.get(start) ?? []), ...(earlier.get(null) ?? [])];
      for (const first of rivals) {
        const missing = protection.missing(first, strict);
        if (missing.length === 0 || isException(first, later) || !meet(first, later)) continue;
        const parameters = {
          first: first.name,
          later: later.name,
          missing: missing.map((kind) => `\`${kind}\``).join(" and "),
        };
        const related = [{ message: `\`${later.name}\` would take them here`, span: later.origin }];
        diagnostics.push(diagnose("SL0310", parameters, first.origin, { related }));
      }
    }
    if (strict.length < GUARDING.length) addTo(earlier, start, later);
  }
  return diagnostics;
}

/** Adds an item to the list under a key. */
export function addTo<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** An exact path lies inside whatever it meets. */
function isException(first: RoutePlan, later: RoutePlan): boolean {
  return first.match.path.form === "exact" || covers(later.match.path, first.match.path);
}

/** False if surely no request is taken by both. */
function meet(a: RoutePlan, b: RoutePlan): boolean {
  const methods =
    a.match.methods.length === 0 ||
    b.match.methods.length === 0 ||
    a.match.methods.some((method) => b.match.methods.includes(method));
  return methods && !headersExclude(a, b) && mayMeet(a.match.path, b.match.path);
}

function headersExclude(a: RoutePlan, b: RoutePlan): boolean {
  return a.match.headers.some((one) =>
    b.match.headers.some((other) => {
      if (one.name !== other.name) return false;
      if (one.form === "exact" && other.form === "exact") return one.value !== other.value;
      const absent = (header: typeof one) => header.form === "present" && !header.present;
      return absent(one) !== absent(other);
    }),
  );
}
