import type { GatewayPlan, HostPlan } from "../../plan/plan.js";

// The names of resources, and those that Envoy Gateway makes of them: never parsed back.

const LONGEST = 63;

/** A name of Kubernetes of a part of the gateway: a DNS label as long as it may be. */
export function partName({ name }: Pick<GatewayPlan, "name">, ...parts: readonly string[]): string {
  const text = [name, ...parts]
    .join("-")
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 9).replace(/-+$/, "")}-${hash(text)}`;
}

/** A name that none has yet: `orders`, and of a second one `orders-2`. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const own = number === 1 ? name : partName({ name }, String(number));
    if (!taken.has(own)) return own;
  }
}

/** FNV-1a, for names that would be too long. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value.toString(16).padStart(8, "0");
}

/** The Secret whose keys are the variables that the guard reads. Whoever applies the output makes it. */
export function environmentSecret(plan: Pick<GatewayPlan, "name">): string {
  return partName(plan, "environment");
}

/** The Secret with a certificate of a listener, from 0: of type `kubernetes.io/tls`. Whoever applies the output makes it. */
export function certificateSecret(plan: Pick<GatewayPlan, "name">, listener: string, position: number): string {
  return partName(plan, listener, "certificate", ...(position === 0 ? [] : [String(position + 1)]));
}

/** The ConfigMap with the certificates that may sign those of the clients of a listener, in `ca.crt`. Whoever applies the output makes it. */
export function clientsConfigMap(plan: Pick<GatewayPlan, "name">, listener: string): string {
  return partName(plan, listener, "clients");
}

/** The ConfigMap with the certificates that may sign that of a service, in `ca.crt`. Whoever applies the output makes it. */
export function authorityConfigMap(plan: Pick<GatewayPlan, "name">, service: string): string {
  return partName(plan, service, "authority");
}

/** The Secret with the certificate that a service is shown: of type `kubernetes.io/tls`, and called as no certificate of a listener is. Whoever applies the output makes it. */
export function clientCertificateSecret(plan: Pick<GatewayPlan, "name">, service: string): string {
  return partName(plan, service, "client");
}

/** The HTTPRoute of a virtual host; of one that has too many rules for one, which part. Of some listeners only, it has the name of the first. */
export function hostRouteName(
  plan: Pick<GatewayPlan, "name">,
  { domains: [domain = "*"], listeners: [listener] = [] }: Pick<HostPlan, "domains" | "listeners">,
  part: number,
): string {
  const table = listener === undefined ? [] : [listener];
  const host = domain === "*" ? [] : [domain.replace("*", "any")];
  return partName(plan, ...table, ...host, ...(part === 0 ? [] : [String(part).padStart(2, "0")]));
}

/** The HTTPRoute whose rules lead to services that the guard asks by itself. */
export function askedRouteName(plan: Pick<GatewayPlan, "name">): string {
  return partName(plan, "asked");
}

/** The name that Envoy has for one match of a rule, for requests to one host (`irRouteName` of Envoy Gateway 1.9). */
export function envoyRouteName(
  { namespace, route, rule, match }: { namespace: string; route: string; rule: number; match: number },
  domain: string,
): string {
  return `httproute/${namespace}/${route}/rule/${rule}/match/${match}/${domain.replaceAll(".", "_")}`;
}

/** Envoy's name of the cluster that a rule leads to (`irRouteDestinationName`). */
export function envoyClusterName(namespace: string, route: string, rule: number): string {
  return `httproute/${namespace}/${route}/rule/${rule}`;
}
