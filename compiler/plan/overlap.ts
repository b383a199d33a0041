import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { PathIndex } from "../policy/path-index.js";
import type { Span } from "../syntax/source.js";
import { fallbacks } from "./fallbacks.js";
import type { PolicyPlan, RoutePlan } from "./plan.js";
import { conditionsOf, meet, sufficient } from "./route-match.js";

/** What keeps callers out: a route that lacks one of these where another has it is weaker. */
const GUARDING = ["ipAccess", "authenticate", "authorize", "externalAuth"] as const;
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
    const enforced = route.run.flatMap((applied) => this.policies.get(applied.policy) ?? []).filter(isEnforced);
    const phases = enforced.map(({ phase }) => phase);
    const found = GUARDING.filter((phase) => phases.includes(phase));
    this.known.set(route.name, found);
    return found;
  }

  /** What `strict` has and `route` lacks. */
  missing(route: RoutePlan, strict: readonly Guarding[]): Guarding[] {
    return strict.filter((phase) => !this.of(route).includes(phase));
  }
}

function isEnforced({ mode }: PolicyPlan): boolean {
  return mode === undefined;
}

/** Findings of SL0310 that are shown: beyond, they are many ways to say one thing. */
const MOST_FINDINGS = 100;

/** Pairs of patterns that are looked at in all. Routes that cross each other, two by two, may be too many to try. */
const MOST_PAIRS = 1_000_000;

/** The routes of one path, in the order of the virtual host. */
type Rivals = RoutePlan[];

/**
 * Routes that come first, take requests of a later one, and lack what keeps callers out of it. A route inside the later
 * one is no finding: `/public/**` is meant to be the exception of `/**`. Virtual hosts are looked at one by one.
 */
export class WeakerFirst {
  readonly diagnostics: Diagnostic[] = [];
  private readonly protection: Protection;
  private readonly origin: Span;
  /** The same two routes meet in several virtual hosts. */
  private readonly told = new Set<string>();
  private pairs = 0;
  private complete = true;

  /** @param origin of the finding that not all of them are shown */
  constructor(protection: Protection, origin: Span) {
    this.protection = protection;
    this.origin = origin;
  }

  /** @param ordered the routes of one virtual host as Envoy tries them */
  look(ordered: readonly RoutePlan[]): void {
    const earlier = new Map<string, { has: readonly Guarding[]; index: PathIndex<Rivals> }>();
    for (const later of ordered) {
      const strict = this.protection.of(later);
      for (const { has, index } of earlier.values())
        if (strict.some((phase) => !has.includes(phase)) && !this.compare(index, later)) return;
      // An exact path lies inside whatever it meets.
      if (strict.length === GUARDING.length || later.match.path.form === "exact") continue;
      const key = strict.join();
      const alike = earlier.get(key) ?? { has: strict, index: new PathIndex<Rivals>(() => []) };
      earlier.set(key, alike);
      alike.index.at(later.match.path).push(later);
    }
    this.lookBehindHeaders(ordered);
  }

  /** Headers are the client's word: who adds one, or leaves one out, must not get around what a path is under. */
  private lookBehindHeaders(ordered: readonly RoutePlan[]): void {
    for (const pair of fallbacks(ordered, this.protection)) {
      this.pairs += 1;
      if (this.pairs > MOST_PAIRS) return void this.leaveOff();
      if (pair === undefined) continue;
      const { first, later } = pair;
      if (this.told.size >= MOST_FINDINGS && !this.told.has(pairKey(first, later))) return void this.leaveOff();
      this.tell(first, later, sufficient(conditionsOf(first), conditionsOf(later)) ? "SL0313" : "SL0310");
    }
  }

  /** False if there is no more to be said. */
  private compare(index: PathIndex<Rivals>, later: RoutePlan): boolean {
    for (const rivals of index.crossing(later.match.path)) {
      this.pairs += 1 + (rivals?.length ?? 0);
      for (const first of rivals ?? []) {
        if (!meet(first, later)) continue;
        if (this.told.size >= MOST_FINDINGS && !this.told.has(pairKey(first, later))) return this.leaveOff();
        this.tell(first, later);
      }
      if (this.pairs > MOST_PAIRS) return this.leaveOff();
    }
    return true;
  }

  private tell(first: RoutePlan, later: RoutePlan, code: "SL0310" | "SL0313" = "SL0310"): void {
    const key = pairKey(first, later);
    if (this.told.has(key)) return;
    this.told.add(key);
    const missing = this.protection.missing(first, this.protection.of(later));
    const parameters = {
      first: first.name,
      later: later.name,
      missing: missing.map((kind) => `\`${kind}\``).join(" and "),
    };
    const related = [{ message: `\`${later.name}\` would take them here`, span: later.origin }];
    if (code === "SL0310") this.diagnostics.push(diagnose(code, parameters, first.origin, { related }));
    else {
      const { headers: wanted, query = [] } = first.match;
      const cookies = wanted.flatMap((header) => (header.form === "cookie" ? [{ name: header.cookie }] : []));
      const others = wanted.filter(({ form }) => form !== "cookie");
      const parts = [...named("header", others), ...named("cookie", cookies), ...named("query parameter", query)];
      const headers = parts.join(" and ");
      this.diagnostics.push(diagnose(code, { ...parameters, headers }, first.origin, { related }));
    }
  }

  private leaveOff(): false {
    if (this.complete) this.diagnostics.push(diagnose("SL0319", { found: this.told.size }, this.origin));
    this.complete = false;
    return false;
  }
}

function named(what: string, all: readonly { name: string }[]): string[] {
  const names = all.map(({ name }) => `\`${name}\``);
  return names.length === 0 ? [] : [`the ${what}${names.length === 1 ? "" : "s"} ${names.join(" and ")}`];
}

function pairKey(first: RoutePlan, later: RoutePlan): string {
  return `${first.name} ${later.name}`;
}

/** Adds an item to the list under a key. */
export function addTo<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
