import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { written } from "../expression/attributes.js";
import { holdsCredentials, mayHoldSecret } from "../expression/credentials.js";
import type { CheckedGateway } from "./check.js";

/**
 * Values that policies hand on to somebody outside: none may be a credential. A header that some `authenticate` of the gateway takes
 * keys from is one on every route, as clients send what they have wherever they go.
 */
export function checkDisclosures({ policies }: CheckedGateway): Diagnostic[] {
  const plans = [...policies.values()];
  const keys = new Set(plans.flatMap(({ phase, readsHeaders }) => (phase === "authenticate" ? readsHeaders : [])));
  return plans.flatMap(({ discloses = [] }) =>
    discloses.flatMap(({ name: tag, reads }) =>
      reads.flatMap(({ attribute, argument, origin }) => {
        const parameters = { tag, attribute: written(attribute, argument) };
        if (holdsCredentials(attribute, argument, keys)) return [diagnose("SL0464", parameters, origin)];
        return mayHoldSecret(attribute, argument) ? [diagnose("SL0465", parameters, origin)] : [];
      }),
    ),
  );
}
