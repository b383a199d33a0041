import { PIN_HEADER } from "./names.js";
import type { GatewayPlan, HostPlan, JsonObject, PolicyPlan } from "./plan.js";

/** Whether some route has an operation: then `body.wasm` stands behind the guard. */
export function hasOperations(hosts: readonly HostPlan[]): boolean {
  return hosts.some((host) => host.routes.some((route) => route.operation !== undefined));
}

/** The policies that `body.wasm` carries out, in the order of the file. */
export function conversionPolicies(plan: GatewayPlan): PolicyPlan[] {
  return plan.policies.filter((policy) => policy.conversion !== undefined);
}

/** The configuration of `body.wasm` for a plan. The same plan always gives the same document. */
export function bodyConfiguration(plan: GatewayPlan): JsonObject {
  return {
    version: 1,
    ...(tellsTimes(plan) ? { traced: true } : {}),
    policies: conversionPolicies(plan).map(({ name, kind, config }): JsonObject => ({ name, [kind]: config })),
  };
}

/** Whether the guard makes spans of what is converted, and so has to hear how long that took. */
function tellsTimes({ hosts, policies }: GatewayPlan): boolean {
  const sending = new Set(policies.flatMap(({ name, collector }) => (collector === undefined ? [] : [name])));
  return hosts.some(({ routes }) =>
    routes.some(({ operation, run }) => operation !== undefined && run.some(({ policy }) => sending.has(policy))),
  );
}

/** The policy of a route whose callers sign what their bodies are. A route has one `authenticate` at most. */
export function digestingOf(run: readonly PolicyPlan[]): (PolicyPlan & { digest: { maxBody: number } }) | undefined {
  for (const policy of run) if (policy.digest !== undefined) return { ...policy, digest: policy.digest };
  return undefined;
}

/** Whether some route has such a policy: then `body.wasm` stands behind the guard, in a place of its own. */
export function hasDigests({ policies }: Pick<GatewayPlan, "policies">): boolean {
  return digestingOf(policies) !== undefined;
}

/** The configuration of `body.wasm` where it compares bodies with their digests. */
export function digestConfiguration({ policies }: GatewayPlan): JsonObject {
  const digesting = policies.flatMap(({ name, kind, digest }): JsonObject[] =>
    digest === undefined ? [] : [{ name, [kind]: { contentDigest: { maxBody: digest.maxBody } } }],
  );
  return { version: 1, policies: digesting };
}

/** Variables of the environment that the configuration for conversions refers to, sorted. */
export function bodyVariables(plan: GatewayPlan): string[] {
  const names = conversionPolicies(plan).flatMap(({ conversion }) => conversion?.variables ?? []);
  return [...new Set(names)].toSorted();
}

/** A chunk that comes on top of what a policy takes, so that the module is the one who refuses what is too large. */
const LARGEST_CHUNK_BYTES = 1_048_576;

/** Bytes that Envoy must hold of one body for the policies of a route, of a request or an answer. */
export function heldBytes(run: readonly PolicyPlan[]): number {
  const most = run.map(({ conversion, digest }) => Math.max(conversion?.bufferBytes ?? 0, digest?.maxBody ?? 0));
  return LARGEST_CHUNK_BYTES + Math.max(0, ...most);
}

/** Headers that a converted request goes on without: the pin has done its work, and an answer in a coding could not be read. */
export const NOT_FOR_CONVERTED: readonly string[] = [PIN_HEADER, "accept-encoding"];

/** What a service says of the bytes of its answer: it holds no more when they are converted. */
const ABOUT_BYTES = ["accept-ranges", "content-digest", "content-md5", "digest", "etag", "repr-digest"];

/** Headers of a service's answer that clients of a route do not get because of its policies. */
export function staleHeaders(run: readonly PolicyPlan[]): readonly string[] {
  return run.some(({ conversion }) => conversion !== undefined) ? ABOUT_BYTES : [];
}
