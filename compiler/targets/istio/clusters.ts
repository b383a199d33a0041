import type { NativePolicy } from "../../plan/native.js";
import type { ForwardAction, GatewayPlan, PolicyPlan, Target } from "../../plan/plan.js";
import type { Mesh } from "./context.js";

/** The plan with services named as istiod names their clusters: what is said in Envoy's own words means those. */
export function withClusters(mesh: Mesh): GatewayPlan {
  const { plan } = mesh;
  return {
    ...plan,
    services: plan.services.map((service) => ({ ...service, name: mesh.cluster(service.name) })),
    policies: plan.policies.map((policy) => policyWithClusters(policy, mesh)),
    hosts: plan.hosts.map((host) => ({
      ...host,
      routes: host.routes.map((route) =>
        route.action.type === "forward" ? { ...route, action: forwardWithClusters(route.action, mesh) } : route,
      ),
    })),
  };
}

function forwardWithClusters(action: ForwardAction, mesh: Mesh): ForwardAction {
  const { to, callers, mirror, sheds } = action;
  return {
    ...action,
    to: targets(to, mesh),
    ...(callers === undefined ? {} : { callers: callers.map((some) => ({ ...some, to: targets(some.to, mesh) })) }),
    ...(mirror === undefined
      ? {}
      : { mirror: mirror.map((copy) => ({ ...copy, service: mesh.cluster(copy.service) })) }),
    ...(sheds === undefined ? {} : { sheds: mesh.cluster(sheds) }),
  };
}

function targets(to: readonly Target[], mesh: Mesh): Target[] {
  return to.map(({ service, weight }) => ({ service: mesh.cluster(service), weight }));
}

function policyWithClusters(policy: PolicyPlan, mesh: Mesh): PolicyPlan {
  return policy.native === undefined ? policy : { ...policy, native: nativeWithClusters(policy.native, mesh) };
}

function nativeWithClusters(native: NativePolicy, mesh: Mesh): NativePolicy {
  switch (native.filter) {
    case "externalAuth":
    case "ratelimit":
      return { ...native, service: mesh.cluster(native.service) };
    case "tracer": {
      const { collector } = native;
      return { ...native, collector: { ...collector, service: mesh.cluster(collector.service) } };
    }
    case "rbac":
    case "fault":
    case "cors":
    case "buffer":
    case "router":
    case "compressor":
      return native;
  }
}
