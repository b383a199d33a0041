import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { Pairs } from "../host/pairs.js";
import type { GatewayPlan, Json, JsonObject, PolicyPlan } from "../plan/plan.js";
import type { Path } from "../syntax/document.js";
import type { CheckedSuite } from "./check.js";

/** A request as a service got it. */
interface Asked {
  method: string;
  path: string;
  headers: Pairs;
}

/** Which requests to services are those of modules that ask what a token is, and what tests answer to them. */
export class Introspections {
  private readonly plan: GatewayPlan;

  constructor(plan: GatewayPlan) {
    this.plan = plan;
  }

  /** Envoy gives an id to every request of a client, also to one that a route leads to the same place. */
  isOne(service: string, { method, path, headers }: Asked): boolean {
    if (method !== "POST" || headers.some(([name]) => name === "x-request-id")) return false;
    return policiesAsking(this.plan, service).some(({ introspection }) => introspection?.path === path);
  }

  /**
   * What the service says of the token in the body of such a request: what the test says, or of a token by which the runner has signed somebody in what fits
   * that; of any other that it is not active (RFC 7662, section 2.2).
   */
  answer(service: string, body: string, tokens: Readonly<Record<string, unknown>>): JsonObject {
    const token = new URLSearchParams(body).get("token") ?? "";
    if (Object.hasOwn(tokens, token)) return { active: true, ...objectOf(tokens[token]) };
    for (const { signIn } of policiesAsking(this.plan, service)) {
      const known = signIn?.introspected?.(token, this.plan.consumers);
      if (known !== undefined) return known;
    }
    return { active: false };
  }
}

function policiesAsking({ policies }: GatewayPlan, service: string): PolicyPlan[] {
  return policies.filter(({ introspection }) => introspection?.service === service);
}

/** Values of a YAML file are those of JSON. */
function objectOf(value: unknown): Record<string, Json> {
  return typeof value === "object" && value !== null ? JSON.parse(JSON.stringify(value)) : {};
}

/**
 * Tokens of a service: that some policy asks it.
 *
 * @param path of the mapping with the tokens
 */
export function checkTokens(
  service: string,
  tokens: Readonly<Record<string, unknown>>,
  path: Path,
  plan: GatewayPlan,
  { place }: CheckedSuite,
): Diagnostic[] {
  if (Object.keys(tokens).length === 0 || policiesAsking(plan, service).length > 0) return [];
  return [diagnose("SL0541", { service }, place(path, "key"))];
}
