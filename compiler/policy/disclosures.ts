import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { written } from "../expression/attributes.js";
import { holdsCredentials, mayHoldSecret } from "../expression/credentials.js";
import type { AttributeUse } from "../expression/expression.js";
import type { PolicyPlan } from "../plan/plan.js";

/** A value that leaves the gateway for somebody who is no service of the route. */
export interface Disclosure {
  /** What it is called there. */
  name: string;
  /** As what it goes there: a tag of a span, or a part of what a service counts by. */
  as: "tag" | "key";
  /** What it is made of. */
  reads: readonly AttributeUse[];
}

/**
 * What policies hand on to somebody outside: none of it may be a credential. A header or parameter that some `authenticate` of the gateway
 * takes keys from is one on every route, as clients send what they have wherever they go.
 */
export function checkDisclosures(
  disclosures: readonly Disclosure[],
  policies: ReadonlyMap<string, PolicyPlan>,
): Diagnostic[] {
  const guards = [...policies.values()].filter(({ phase }) => phase === "authenticate");
  const keys = new Set(guards.flatMap(({ readsHeaders }) => readsHeaders));
  const parameters = new Set(guards.flatMap(({ keys }) => keys?.query ?? []));
  return disclosures.flatMap((disclosure) =>
    disclosure.reads.flatMap((read) => {
      const { name, argument } = read;
      const isKey = name === "request.query" && argument !== undefined && parameters.has(argument);
      if (isKey || holdsCredentials(name, argument, keys)) return [credential(disclosure, read)];
      return mayHoldSecret(name, argument) ? [secret(disclosure, read)] : [];
    }),
  );
}

function credential({ as, name: tag }: Disclosure, { name, argument, span }: AttributeUse): Diagnostic {
  const attribute = written(name, argument);
  return as === "tag" ? diagnose("SL0464", { tag, attribute }, span) : diagnose("SL0458", { attribute }, span);
}

function secret({ as, name: tag }: Disclosure, { name, argument, span }: AttributeUse): Diagnostic {
  const attribute = written(name, argument);
  return as === "tag" ? diagnose("SL0465", { tag, attribute }, span) : diagnose("SL0459", { attribute }, span);
}
