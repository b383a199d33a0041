import { AMBIGUOUS } from "../expression/evaluate.js";
import type { ConsumerPlan, GatewayPlan, RoutePlan } from "../plan/plan.js";
import type { RoutedRequest } from "./request.js";
import { type Found, parameterName, readAttribute } from "./values.js";
import type { RequestView, Verdict } from "./verdict.js";

/** Variables by name; a name without a value is one that is not set. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What is known beside the request. */
export interface Surroundings {
  variables: Variables;
  /** The consumer that is to be taken as signed in. */
  assumed: ConsumerPlan | undefined;
}

/** One request on its route as the policies see it, after those that found out who calls. */
export function viewOf(
  plan: GatewayPlan,
  route: RoutePlan,
  request: RoutedRequest,
  surroundings: Surroundings,
  caller: Verdict["caller"],
): RequestView {
  const known = { request, route, caller };
  const secrets = credentialNames(plan);
  const find = (name: string, argument: string | undefined) => readAttribute(known, name, argument);
  return {
    route: route.name,
    attribute: find,
    sent: { method: request.method, target: request.path, authority: request.authority },
    header: (name) => request.headers.get(name) ?? [],
    consumers: plan.consumers,
    variable: (name) => (Object.hasOwn(surroundings.variables, name) ? surroundings.variables[name] : undefined),
    assumed: surroundings.assumed,
    show: (name, argument) => shown(find(name, argument), isSecret(name, argument, secrets)),
  };
}

/** Names of request headers and parameters that some policy takes credentials from. */
export function credentialNames(plan: GatewayPlan): ReadonlySet<string> {
  return new Set(
    plan.policies.flatMap(({ phase, readsHeaders, keys }) =>
      phase === "authenticate" ? [...readsHeaders, ...(keys?.query ?? [])] : [],
    ),
  );
}

const SECRET_NAME = /auth|cookie|credential|key|passw|secret|session|signature|token/i;

function isSecret(name: string, argument: string | undefined, credentials: ReadonlySet<string>): boolean {
  if (name === "request.cookies") return true;
  return isSecretName(argument ?? "", credentials);
}

/** True of a header or query parameter whose value is not for a terminal. */
export function isSecretName(name: string, credentials: ReadonlySet<string>): boolean {
  return credentials.has(name) || SECRET_NAME.test(name);
}

/** The query with the values of such parameters hidden. */
export function shownPath(path: string, credentials: ReadonlySet<string>): string {
  return path.replace(/([?&][^=&]*)=([^&]*)/g, (pair, name: string) => {
    const decoded = parameterName(name.slice(1));
    return decoded === undefined || isSecretName(decoded, credentials) ? `${name}=…` : pair;
  });
}

const LONGEST_VALUE = 80;

function shown(found: Found, secret: boolean): string {
  if (found === undefined) return "absent";
  if (found === AMBIGUOUS) return "there, but not one known value";
  if (secret) return "there, not shown";
  const text = JSON.stringify(found);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
