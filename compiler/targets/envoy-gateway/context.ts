import {
  type GatewayPlan,
  type HostPlan,
  isOn,
  type JsonObject,
  type PolicyPlan,
  type RoutePlan,
} from "../../plan/plan.js";
import { DEFAULT_ENVOY_GATEWAY, type EnvoyGatewayDeployment } from "../../policy/deployments.js";
import type { Span } from "../../syntax/source.js";
import { Origins, type Resource, type ResourceHead, resource } from "../kubernetes/resource.js";
import type { Rule } from "./rules.js";

export const GATEWAY_API = "gateway.networking.k8s.io";
export const ENVOY_GATEWAY_API = "gateway.envoyproxy.io";

/** What the file says of the deployment, with what holds where it says nothing. */
export function deploymentOf(plan: GatewayPlan): EnvoyGatewayDeployment {
  return plan.deployments?.envoyGateway ?? DEFAULT_ENVOY_GATEWAY;
}

/**
 * The namespace of all resources. Envoy Gateway's names of routes have it in them, by which the guard chooses its policies: so it
 * is written out, and not left to whoever applies them.
 */
export function namespaceOf(plan: GatewayPlan): string {
  return deploymentOf(plan).namespace ?? "default";
}

/** Whether a listener takes the word of proxies in front for where a request is from. */
export function believesHops({ listeners }: GatewayPlan): boolean {
  return listeners.some(({ trustedHops }) => trustedHops > 0);
}

/**
 * The virtual hosts of HTTPRoutes. These write headers for all of their listeners: so a host of which some listeners tell the decision, and
 * others do not, is one for each sort.
 */
export function hostsOf({ hosts, listeners }: GatewayPlan): HostPlan[] {
  return hosts.flatMap((host) => {
    const on = listeners.filter(({ name }) => isOn(host, name));
    const telling = on.filter(({ tellsDecision }) => tellsDecision === true);
    if (telling.length === 0 || telling.length === on.length) return [host];
    return [telling, on.filter((one) => !telling.includes(one))].map((some) => ({
      ...host,
      listeners: some.map(({ name }) => name),
    }));
  });
}

/** What all parts of the output are made with. */
export class Cluster {
  readonly origins = new Origins();
  readonly namespace: string;
  readonly plan: GatewayPlan;
  readonly hosts: readonly HostPlan[];
  /** By virtual host, once they are known: see `rulesOf`. */
  readonly rules = new Map<HostPlan, readonly Rule[]>();
  private readonly policies: ReadonlyMap<string, PolicyPlan>;

  constructor(plan: GatewayPlan) {
    this.plan = plan;
    this.hosts = hostsOf(plan);
    this.namespace = namespaceOf(plan);
    this.policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
  }

  resource(head: Omit<ResourceHead, "gateway" | "namespace">, origin: Span, spec: JsonObject): Resource {
    return resource({ ...head, namespace: this.namespace, gateway: this.plan.name }, origin, spec, this.origins);
  }

  /** Whether the answers of a virtual host tell the decision. */
  tellsDecision(host: HostPlan): boolean {
    return this.plan.listeners.some(({ name, tellsDecision }) => tellsDecision === true && isOn(host, name));
  }

  /** The policies of a route in order of execution. */
  runOf(route: RoutePlan): PolicyPlan[] {
    return route.run.flatMap(({ policy }) => this.policies.get(policy) ?? []);
  }
}

/** A duration as Gateway API has them: units in order, each with five digits at most. */
export function durationText(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  const units = [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
    ["ms", 1],
  ] as const;
  let rest = milliseconds;
  let text = "";
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}
