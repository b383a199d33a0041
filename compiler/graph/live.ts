import { ownCluster } from "../plan/names.js";
import type { GatewayPlan } from "../plan/plan.js";
import { tracedNatively } from "../plan/tracers.js";
import { collectors } from "../plan/tracing.js";
import type { Span } from "../traces/span.js";
import { type Call, type Calls, callsOf, type KnownNames, keyOfParty, type Party } from "./calls.js";
import { hostAndPort } from "./model.js";

/** Who really asked whom, by traces, beside whom the policy leads to. */
export interface LiveGraph {
  readonly gateway: string;
  readonly traces: number;
  readonly spans: number;
  /** Of the spans, in UTC; absent if none says when it began. */
  readonly first?: string;
  readonly last?: string;
  readonly nodes: readonly LiveNode[];
  readonly edges: readonly LiveEdge[];
}

/** A node is known by its `id`, which no other node has. */
export type LiveNode = { readonly id: string; readonly name: string } & (
  | { readonly type: "outside" }
  | { readonly type: "gateway" }
  /** Of the policy. */
  | {
      readonly type: "service";
      readonly endpoints: readonly string[];
      /** What it calls itself in traces, where that is not its name. */
      readonly tracedAs: readonly string[];
    }
  /** Of the traces alone. */
  | { readonly type: "other" }
);

export interface LiveEdge {
  readonly from: string;
  readonly to: string;
  /**
   * `agreed`: the policy leads there, and the traces show it; `unseen`: they do not; `unplanned`: the gateway asked somebody to
   * whom no route leads, and who stands in for nobody; `beyond`: it is not for the policy to say.
   */
  readonly standing: "agreed" | "unseen" | "unplanned" | "beyond";
  readonly calls: number;
  readonly failed: number;
  /** Failed calls of all, 0 to 1. */
  readonly errorRate: number;
  /** Milliseconds that half of the calls took at most, and 99 of 100; absent if nobody says how long one took. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

const GATEWAY = "gateway";
const OUTSIDE = "outside";

/** The graph of traces: the gateway and the services of the policy in its order, then everybody else by name. */
export function liveGraph(plan: GatewayPlan, spans: readonly Span[]): LiveGraph {
  const traced = callsOf(spans, namesOf(plan));
  const { asked, standIns } = plannedServices(plan);
  const measured = measure(traced.calls);
  const clients = edgeOf(OUTSIDE, GATEWAY, "agreed", measured);
  const edges = [
    ...(clients.calls === 0 ? [] : [clients]),
    ...asked.map((name) => edgeOf(GATEWAY, idOf(name), "agreed", measured)),
  ];
  const known = new Set(edges.map(({ from, to }) => `${from} ${to}`));
  const more = [...measured.values()]
    .filter(({ from, to }) => !known.has(`${from} ${to}`))
    .map(({ from, to, calls }) => edgeOf(from, to, standingOf(from, calls, standIns), measured))
    .toSorted(inOrderOfNames);
  const all = [...edges, ...more];
  return {
    gateway: plan.name,
    traces: new Set(spans.map(({ traceId }) => traceId)).size,
    spans: spans.length,
    ...timesOf(spans),
    nodes: nodesOf(plan, all, traced),
    edges: all,
  };
}

/** Sentences on all in which traces and policy differ. */
export function differences({ gateway, nodes, edges, spans }: LiveGraph): string[] {
  if (spans === 0) return ["there is no span"];
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  const isThere = edges.some(({ from, to, calls }) => calls > 0 && (from === GATEWAY || to === GATEWAY));
  const silent = isThere ? [] : [`no span of ${gateway} is in the traces`];
  const told = edges.flatMap(({ from, to, standing, calls }) => {
    const step = `${names.get(from)} to ${names.get(to)}`;
    if (standing === "unseen") return [`in the policy, not in the traces: ${step}`];
    return standing === "unplanned" ? [`in the traces, not in the policy: ${step} (${countText(calls)})`] : [];
  });
  return [...silent, ...told];
}

/** `1 call`, `12 calls`. */
export function countText(calls: number): string {
  return `${calls} ${calls === 1 ? "call" : "calls"}`;
}

function idOf(service: string): string {
  return `service:${service}`;
}

/** Spans of the gateway have its name for a service, or the one that a tracing policy says. */
function namesOf({ name, services, policies }: GatewayPlan): KnownNames {
  const clusters = services.flatMap(({ name, failover }) => [
    [name.toLowerCase(), name] as const,
    ...(failover === undefined ? [] : [[ownCluster(name).toLowerCase(), name] as const]),
  ]);
  const endpoints = new Map<string, string | undefined>();
  for (const { name, discovery } of services)
    for (const { host, port } of discovery.endpoints) {
      const key = `${host}:${port}`;
      endpoints.set(key, endpoints.has(key) && endpoints.get(key) !== name ? undefined : name);
    }
  const ownNames = [...collectors(policies), ...tracedNatively(policies).map(({ native }) => native.collector)].map(
    ({ spansOf }) => spansOf,
  );
  return {
    gateway: new Set([name, ...ownNames].map((one) => one.toLowerCase())),
    clusters: new Map(clusters),
    endpoints: new Map([...endpoints].flatMap(([key, service]) => (service === undefined ? [] : [[key, service]]))),
  };
}

/** Services that a route leads to, in the order of the file, and those that stand in for one while it is not well. */
function plannedServices({ hosts, services }: GatewayPlan): { asked: string[]; standIns: ReadonlySet<string> } {
  const leadTo = new Set(
    hosts.flatMap(({ routes }) =>
      routes.flatMap(({ action }) => (action.type === "forward" ? action.to.map(({ service }) => service) : [])),
    ),
  );
  const asked = services.filter(({ name }) => leadTo.has(name));
  return {
    asked: asked.map(({ name }) => name),
    standIns: new Set(asked.flatMap(({ failover = [] }) => failover)),
  };
}

interface Measured {
  readonly from: string;
  readonly to: string;
  readonly calls: Call[];
}

function measure(calls: readonly Call[]): ReadonlyMap<string, Measured> {
  const found = new Map<string, Measured>();
  for (const call of calls) {
    const [from, to] = [keyOfParty(call.from), keyOfParty(call.to)];
    const entry = found.get(`${from} ${to}`) ?? { from, to, calls: [] };
    entry.calls.push(call);
    found.set(`${from} ${to}`, entry);
  }
  return found;
}

/** Of calls to whom no route leads: who stands in for a service is asked only while that is not well. */
function standingOf(from: string, [call]: readonly Call[], standIns: ReadonlySet<string>) {
  if (from !== GATEWAY) return "beyond";
  return call?.to.is === "service" && standIns.has(call.to.name) ? "agreed" : "unplanned";
}

function edgeOf(
  from: string,
  to: string,
  standing: Exclude<LiveEdge["standing"], "unseen">,
  measured: ReadonlyMap<string, Measured>,
): LiveEdge {
  const calls = measured.get(`${from} ${to}`)?.calls ?? [];
  const failed = calls.filter((call) => call.failed).length;
  const durations = calls.flatMap(({ duration }) => duration ?? []).toSorted(inOrder);
  const [p50, p99] = [rank(durations, 50), rank(durations, 99)];
  return {
    from,
    to,
    standing: calls.length === 0 ? "unseen" : standing,
    calls: calls.length,
    failed,
    errorRate: calls.length === 0 ? 0 : Math.round((failed * 1e6) / calls.length) / 1e6,
    ...(p50 === undefined || p99 === undefined ? {} : { p50Ms: milliseconds(p50), p99Ms: milliseconds(p99) }),
  };
}

/** The nearest rank: a time that a call really took. */
function rank(sorted: readonly bigint[], percent: number): bigint | undefined {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1];
}

/** With three decimals, as Zipkin knows microseconds. */
function milliseconds(nanoseconds: bigint): number {
  return Math.round(Number(nanoseconds) / 1e3) / 1e3;
}

function inOrderOfNames(one: LiveEdge, other: LiveEdge): number {
  const [a, b] = [`${one.from} ${one.to}`, `${other.from} ${other.to}`];
  return a < b ? -1 : a > b ? 1 : 0;
}

function nodesOf(plan: GatewayPlan, edges: readonly LiveEdge[], { calls, aliases }: Calls): LiveNode[] {
  const parties = new Map(calls.flatMap(({ from, to }) => [from, to]).map((party) => [keyOfParty(party), party]));
  const used = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const services = plan.services.filter(({ name }) => used.has(idOf(name)));
  const others = [...parties].filter(([, party]) => party.is === "other").toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...(used.has(OUTSIDE) ? [{ type: "outside" as const, id: OUTSIDE, name: "clients" }] : []),
    { type: "gateway", id: GATEWAY, name: plan.name },
    ...services.map(({ name, discovery }) => ({
      type: "service" as const,
      id: idOf(name),
      name,
      endpoints: discovery.endpoints.map(({ host, port }) => hostAndPort(host, port)),
      tracedAs: [...(aliases.get(name) ?? [])].toSorted(),
    })),
    ...others.map(([id, party]) => ({ type: "other" as const, id, name: nameOf(party) })),
  ];
}

function nameOf(party: Party): string {
  return party.is === "other" || party.is === "service" ? party.name : party.is;
}

function timesOf(spans: readonly Span[]): { first?: string; last?: string } {
  const starts = spans.flatMap(({ start }) => start ?? []).toSorted(inOrder);
  const [first, last] = [starts[0], starts.at(-1)];
  return first === undefined || last === undefined ? {} : { first: timeText(first), last: timeText(last) };
}

function inOrder(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A time that no calendar has stays in nanoseconds. */
function timeText(nanoseconds: bigint): string {
  const time = new Date(Number(nanoseconds / 1_000_000n));
  return Number.isNaN(time.getTime()) ? `${nanoseconds}ns` : time.toISOString();
}
