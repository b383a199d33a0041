import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { listenerLog } from "../policy/access-log.js";
import type { CheckedGateway } from "../policy/check.js";
import { credentialOf } from "../policy/credentials.js";
import { edsName } from "../policy/discovery.js";
import type { Gateway, Listener, Service } from "../policy/gateway.js";
import type { PolicyKind } from "../policy/kind.js";
import { outboundListeners } from "../policy/sidecar.js";
import { listenerTransport, serviceTransport } from "../policy/transport.js";
import { namedServices } from "../policy/versions.js";
import { hasOperations } from "./body.js";
import { planDiscovery } from "./discovery.js";
import { planErrors } from "./errors.js";
import { planHosts } from "./hosts.js";
import { MOST_KEY_SOURCES } from "./key-sources.js";
import { PIN_HEADER } from "./names.js";
import {
  type ConsumerPlan,
  type GatewayPlan,
  type HostPlan,
  headersRead,
  type ListenerPlan,
  namedRead,
  type ServicePlan,
} from "./plan.js";
import { planService, retryBudgets } from "./resilience.js";
import { checkTracers } from "./tracers.js";
import { collectors, MOST_COLLECTORS } from "./tracing.js";
import { planGateways, planZones } from "./zones.js";

/** Turns a checked file into its plan. With an error among the diagnostics the plan must not be emitted. */
export function buildPlan(
  checked: CheckedGateway,
  kinds: readonly PolicyKind[],
): { plan: GatewayPlan; diagnostics: Diagnostic[] } {
  const { gateway, place } = checked;
  const { hosts, diagnostics } = planHosts(checked);
  const used = new Set(
    hosts.flatMap((host) => host.routes.flatMap((route) => route.run.map((applied) => applied.policy))),
  );
  const policies = [...checked.policies.values()].filter((policy) => used.has(policy.name));
  const all = services(checked);
  const counted = planGateways(gateway, all);
  const plan: GatewayPlan = {
    name: gateway.name,
    origin: place(["name"]),
    listeners: listeners(checked),
    services: all,
    ...(Object.keys(counted).length === 0 ? {} : { gateways: counted }),
    ...overload(gateway),
    ...metrics(gateway),
    ...deployments(gateway),
    consumers: consumers(checked),
    policies,
    hosts,
    ownedRequestHeaders: ownedHeaders(hosts, [...kinds, ...policies]),
  };
  return {
    plan,
    diagnostics: [
      ...diagnostics,
      ...ownedHeadersMatched(checked, plan.ownedRequestHeaders),
      ...tooManyNames(plan),
      ...tooManyCollectors(plan),
      ...tooManyKeySources(plan),
      ...checkTracers(policies),
    ],
  };
}

function overload({ overload }: Gateway): Pick<GatewayPlan, "overload"> {
  if (overload === undefined) return {};
  const { connections, heap } = overload;
  return {
    overload: {
      ...(connections === undefined ? {} : { connections }),
      ...(heap === undefined ? {} : { heapBytes: heap }),
    },
  };
}

function metrics({ metrics }: Gateway): Pick<GatewayPlan, "metrics"> {
  if (metrics === undefined) return {};
  const { consumers, routes } = metrics;
  return {
    metrics: { ...(consumers === undefined ? {} : { consumers }), ...(routes ? { routes: true as const } : {}) },
  };
}

function deployments({ targets = {} }: Gateway): Pick<GatewayPlan, "deployments"> {
  const { istio, envoyGateway } = targets;
  if (istio === undefined && envoyGateway === undefined) return {};
  return {
    deployments: {
      ...(istio === undefined ? {} : { istio }),
      ...(envoyGateway === undefined ? {} : { envoyGateway }),
    },
  };
}

/** The pin is one of them only where something is converted: the rest of the world never hears of it. */
function ownedHeaders(
  hosts: readonly HostPlan[],
  writers: readonly { ownedRequestHeaders?: readonly string[] }[],
): string[] {
  const owned = writers.flatMap((one) => one.ownedRequestHeaders ?? []);
  return [...new Set(hasOperations(hosts) ? [...owned, PIN_HEADER] : owned)].toSorted();
}

function listeners(checked: CheckedGateway): ListenerPlan[] {
  const { gateway, place } = checked;
  const isSidecar = outboundListeners(gateway).length > 0;
  return Object.entries(gateway.listeners).map(([name, listener]) => ({
    name,
    origin: place(["listeners", name], "key"),
    address: listener.address.host,
    port: listener.address.port,
    trustedHops: listener.trustedHops,
    escapedSlashes: listener.escapedSlashes,
    headerUnderscores: listener.headerUnderscores,
    ...(isSidecar ? { direction: listener.direction } : {}),
    ...(listener.capture ? { captures: true as const } : {}),
    ...(listener.capturedBy === undefined ? {} : { capturedBy: listener.capturedBy }),
    ...listenerTransport(listener),
    ...listenerLog(checked, name),
    ...listenerErrors(checked, listener),
    ...(listener.decisionHeader ? { tellsDecision: true as const } : {}),
  }));
}

function listenerErrors({ pageTexts }: CheckedGateway, { errors }: Listener): Pick<ListenerPlan, "errors"> {
  const pages = planErrors(errors, pageTexts);
  return pages === undefined ? {} : { errors: pages };
}

function services({ gateway, discovered, place }: CheckedGateway): ServicePlan[] {
  const budgets = retryBudgets(gateway);
  return namedServices(gateway).map(({ name, base, version, path, service }) => ({
    name,
    ...(version === undefined ? {} : { version }),
    ...(version !== undefined || service.active === undefined ? {} : { active: service.active }),
    origin: place(path, "key"),
    discovery: planDiscovery(service, edsName(base, version ?? service.active), discovered.get(name)),
    connectTimeoutMs: service.connectTimeout,
    ...serviceTransport(service),
    ...planService(service, budgets.get(base)),
    ...zonesOf(service),
  }));
}

function zonesOf(service: Service): Pick<ServicePlan, "zoneAware"> {
  const zoneAware = planZones(service);
  return zoneAware === undefined ? {} : { zoneAware };
}

function consumers({ gateway, place }: CheckedGateway): ConsumerPlan[] {
  return Object.entries(gateway.consumers).map(([name, consumer]) => ({
    name,
    origin: place(["consumers", name], "key"),
    ...(consumer.tier === undefined ? {} : { tier: consumer.tier }),
    groups: consumer.groups,
    credentials: consumer.credentials.flatMap((written) => credentialOf(written) ?? []),
  }));
}

/** Routes and faults that match a header which every request loses before it is routed. */
function ownedHeadersMatched({ gateway, policies, place }: CheckedGateway, owned: readonly string[]): Diagnostic[] {
  const matched = [
    ...gateway.routes.map(({ match }, index) => ({
      names: Object.keys(match.headers ?? {}),
      path: ["routes", index, "match", "headers"],
    })),
    ...[...policies.values()].map(({ name, kind, native }) => ({
      names: native?.filter === "fault" ? native.headers.map((header) => header.name) : [],
      path: ["policies", name, kind, "headers"],
    })),
  ];
  return matched.flatMap(({ names, path }) =>
    names
      .filter((header) => owned.includes(header))
      .map((header) => diagnose("SL0308", { header }, place([...path, header], "key"))),
  );
}

function tooManyCollectors({ policies }: GatewayPlan): Diagnostic[] {
  const count = collectors(policies).length;
  const first = policies.find((_, index) => collectors(policies.slice(0, index + 1)).length > MOST_COLLECTORS);
  return first === undefined ? [] : [diagnose("SL0469", { count, most: MOST_COLLECTORS }, first.origin)];
}

function tooManyKeySources({ policies }: GatewayPlan): Diagnostic[] {
  const fetching = policies.filter(({ fetches }) => fetches !== undefined);
  const first = fetching[MOST_KEY_SOURCES];
  const parameters = { count: fetching.length, most: MOST_KEY_SOURCES };
  return first === undefined ? [] : [diagnose("SL0555", parameters, first.origin)];
}

/** As many values by name as the module looks for at once. */
const MOST_NAMED = 256;

function tooManyNames(plan: GatewayPlan): Diagnostic[] {
  const names = new Set<string>();
  for (const policy of plan.policies) {
    for (const name of [...headersRead(policy), ...namedRead(policy)]) names.add(name);
    if (names.size > MOST_NAMED) return [diagnose("SL0416", { most: MOST_NAMED }, policy.origin)];
  }
  return [];
}
