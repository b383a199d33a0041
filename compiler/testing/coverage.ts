import { isGenerated, operationName } from "../plan/names.js";
import { isInModule } from "../plan/native.js";
import type { GatewayPlan, PolicyPlan } from "../plan/plan.js";
import { formatSpan, type Span } from "../syntax/source.js";
import type { Observer } from "./case-run.js";
import type { Exchange } from "./exchange.js";
import type { RuleName } from "./rules.js";

/** A part of a policy file that no case exercised. */
export interface Uncovered {
  what: "route" | "policy" | "rule" | "operation";
  /** Of a rule `policy/rule`, of an operation `policy/Operation`. */
  name: string;
  place: Span;
}

type Grown = Parameters<Observer["observe"]>[2];

interface Counted {
  readonly all: number;
  readonly covered: number;
}

export interface CoverageReport {
  /** How many there are of each, and how many of them some case exercised. Operations are left out where nothing is converted. */
  counts: Readonly<Record<"route" | "policy" | "rule", Counted>> & { readonly operation?: Counted };
  /** In the order of the file, routes first. */
  uncovered: readonly Uncovered[];
}

/**
 * Notes what the cases of some files exercise of one policy file. A route counts once a request came to it, a policy once it
 * judged one, a rule once it decided for its policy, whatever the other policies said, an operation once a service was asked for it.
 */
export class Coverage {
  private readonly plan: GatewayPlan;
  private readonly rules: readonly RuleName[];
  private readonly seen = {
    route: new Set<string>(),
    policy: new Set<string>(),
    rule: new Set<string>(),
    operation: new Set<string>(),
  };

  constructor(plan: GatewayPlan, rules: readonly RuleName[]) {
    this.plan = plan;
    this.rules = rules;
  }

  readonly observe: Observer["observe"] = (exchange, explain, grown) => {
    if (exchange.route === undefined) return;
    this.seen.route.add(exchange.route.name);
    if (exchange.service !== undefined && exchange.route.operation !== undefined)
      this.seen.operation.add(operationName(exchange.route.operation));
    for (const noted of [exchange.decision, exchange.shadow]) if (noted !== undefined) this.decided(noted);
    for (const { policy, verdict } of explain().routed?.steps ?? []) {
      if (!worked(policy, verdict !== undefined, exchange, grown)) continue;
      this.seen.policy.add(policy.name);
      for (const noted of [verdict?.decision, verdict?.shadow])
        if (noted !== undefined) this.decided(`${policy.name}${noted}`);
    }
  };

  report(): CoverageReport {
    const routes = new Map(this.plan.hosts.flatMap((host) => host.routes.map((route) => [route.name, route])));
    const places = new Map(this.plan.policies.map(({ name, origin }) => [name, origin]));
    const all: Uncovered[] = [
      ...[...routes.values()]
        .filter((route) => !isGenerated(route))
        .map(({ name, origin }) => ({ what: "route" as const, name, place: origin })),
      ...this.plan.policies.map(({ name, origin }) => ({ what: "policy" as const, name, place: origin })),
      ...this.rules.map(({ policy, rule }) => ({
        what: "rule" as const,
        name: `${policy}/${rule}`,
        place: places.get(policy) ?? this.plan.origin,
      })),
      ...operationsOf(this.plan),
    ];
    const countOf = (what: Uncovered["what"]) => {
      const those = all.filter((one) => one.what === what);
      return { all: those.length, covered: those.filter(({ name }) => this.seen[what].has(name)).length };
    };
    return {
      counts: {
        route: countOf("route"),
        policy: countOf("policy"),
        rule: countOf("rule"),
        ...(countOf("operation").all === 0 ? {} : { operation: countOf("operation") }),
      },
      uncovered: all.filter(({ what, name }) => !this.seen[what].has(name)),
    };
  }

  /** `policy/rule allowed rule` */
  private decided(noted: string): void {
    this.seen.rule.add(noted.split(" ", 1)[0] ?? "");
  }
}

/** Envoy's own filters count nothing; the models tell what they saw. A trace that is not sampled is not counted either. */
function worked(policy: PolicyPlan, isModelled: boolean, exchange: Exchange, grown: Grown): boolean {
  if (policy.phase === "trace") return exchange.decision !== undefined;
  return isInModule(policy) ? grown(policy.name) : isModelled;
}

/** Of the policies that convert, in the order of the file. */
function operationsOf({ policies }: GatewayPlan): Uncovered[] {
  return policies.flatMap(({ name: policy, conversion }) =>
    (conversion?.operations ?? []).map((operation) => ({
      what: "operation" as const,
      name: operationName({ policy, operation }),
      place: operation.origin,
    })),
  );
}

/** A report for people, each line without its end. */
export function coverageLines({ counts, uncovered }: CoverageReport): string[] {
  const parts = (["route", "policy", "rule", "operation"] as const).flatMap((what) => {
    const counted = counts[what];
    return counted === undefined ? [] : [`${counted.covered} of ${counted.all} ${PLURALS[what]}`];
  });
  return [
    `covered: ${parts.join(", ")}`,
    ...uncovered.map(({ what, name, place }) => `  ${formatSpan(place)}: no case exercises the ${what} ${name}`),
  ];
}

const PLURALS = { route: "routes", policy: "policies", rule: "rules", operation: "operations" } as const;
