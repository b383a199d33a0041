import { visible } from "../diagnostics/render/visible.js";
import type { Span } from "../traces/span.js";

/** Somebody who calls or is called: by the name of the policy where it has one. */
export type Party =
  /** Whoever has no spans in the traces, such as clients. */
  | { readonly is: "outside" }
  | { readonly is: "gateway" }
  | { readonly is: "service"; readonly name: string }
  /** Somebody of whom the policy does not know, by the name that it has in the traces. */
  | { readonly is: "other"; readonly name: string };

/** One service asked another. */
export interface Call {
  readonly from: Party;
  readonly to: Party;
  readonly failed: boolean;
  /** Nanoseconds, as the caller saw it where it says so. */
  readonly duration?: bigint;
}

/** What a policy says of names in traces. All are in lower case, as Zipkin gives them. */
export interface KnownNames {
  /** Of the gateway, as its spans have it for a service. */
  readonly gateway: ReadonlySet<string>;
  /** Services by the names of their clusters in Envoy. */
  readonly clusters: ReadonlyMap<string, string>;
  /** Services by their endpoints, as host and port; those of several services are left out. */
  readonly endpoints: ReadonlyMap<string, string>;
}

/** The calls of traces, and under which names services of the policy wrote down their spans. */
export interface Calls {
  readonly calls: readonly Call[];
  /** By the name of the policy; names that are the same but for their case are left out. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/**
 * Who asked whom. A call is a span of a client, and the server's if the client has none; who answered is told by the server's
 * span below it, and where there is none by what the client says of the other side. Work inside of a service is no call.
 */
export function callsOf(spans: readonly Span[], names: KnownNames): Calls {
  return new Reader(spans, names).read();
}

class Reader {
  private readonly spans: readonly Span[];
  private readonly names: KnownNames;
  private readonly byId = new Map<string, Span[]>();
  /** Spans of servers, by the span of the client that asked them. */
  private readonly answers = new Map<Span, Span[]>();
  /** By the name in traces, in lower case, the services for which somebody of that name answered, each with the name as it is. */
  private readonly behind = new Map<string, Map<string, string>>();

  constructor(spans: readonly Span[], names: KnownNames) {
    this.spans = spans;
    this.names = names;
    for (const span of spans) append(this.byId, keyOf(span, span.id), span);
    for (const span of spans) {
      const parent = span.kind === "server" ? this.parentOf(span) : undefined;
      if (parent?.kind === "client") append(this.answers, parent, span);
    }
    for (const [client, servers] of this.answers) {
      const service = this.clusterOf(client);
      for (const { service: name } of service === undefined ? [] : servers) {
        const found = this.behind.get(name.toLowerCase()) ?? new Map();
        this.behind.set(name.toLowerCase(), found.set(service ?? "", name));
      }
    }
  }

  read(): Calls {
    const calls = this.spans.flatMap((span) => {
      if (span.kind === "client") return this.callsFrom(span);
      return span.kind === "server" ? this.callTo(span) : [];
    });
    const aliases = new Map<string, string[]>();
    for (const [lower, services] of this.behind)
      for (const [service, name] of services)
        if (lower !== "" && lower !== service) append(aliases, service, shown(name));
    return { calls, aliases };
  }

  /** Each service that answered once: tries are one call. */
  private callsFrom(client: Span): Call[] {
    const from = this.partyOf(client);
    const servers = this.answers.get(client) ?? [];
    const parties = new Map<string, { to: Party; servers: Span[] }>();
    for (const server of servers) {
      const to = this.partyOf(server);
      const entry = parties.get(keyOfParty(to)) ?? { to, servers: [] };
      entry.servers.push(server);
      parties.set(keyOfParty(to), entry);
    }
    const to = servers.length === 0 ? this.peerOf(client) : undefined;
    if (to !== undefined) parties.set(keyOfParty(to), { to, servers: [] });
    return [...parties.values()].map(({ to, servers }) => {
      const duration = client.duration ?? servers[0]?.duration;
      const failed = client.error !== undefined || servers.at(-1)?.error !== undefined;
      return { from, to, failed, ...(duration === undefined ? {} : { duration }) };
    });
  }

  /** Of a server that was asked by nobody who has a client's span. */
  private callTo(server: Span): Call[] {
    const parent = this.parentOf(server);
    if (parent?.kind === "client") return [];
    const to = this.partyOf(server);
    const from = parent === undefined ? this.callerOf(server) : this.partyOf(parent);
    if (parent !== undefined && keyOfParty(from) === keyOfParty(to)) return [];
    const { duration, error } = server;
    return [{ from, to, failed: error !== undefined, ...(duration === undefined ? {} : { duration }) }];
  }

  private callerOf({ peer }: Span): Party {
    return peer?.service === undefined ? { is: "outside" } : this.named(peer.service);
  }

  /** Whose span it is: that of the service for which the gateway asked, whatever name it has for itself, else by its name. */
  private partyOf(span: Span): Party {
    if (this.names.gateway.has(span.service.toLowerCase())) return { is: "gateway" };
    const entry = this.entryOf(span);
    const client = entry === undefined ? undefined : this.parentOf(entry);
    const service = client?.kind === "client" ? this.clusterOf(client) : undefined;
    return service === undefined ? this.named(span.service) : { is: "service", name: service };
  }

  /** The span by which the request came into the service: the nearest one of a server above, or the span itself. */
  private entryOf(span: Span): Span | undefined {
    const passed = new Set<Span>();
    let at: Span | undefined = span;
    while (at !== undefined && at.kind !== "server" && at.service === span.service && !passed.has(at)) {
      passed.add(at);
      at = this.parentOf(at);
    }
    return at?.kind === "server" && at.service === span.service ? at : undefined;
  }

  /** The service of the policy that the gateway asked with this span; undefined if it is none, or none of the gateway's. */
  private clusterOf(span: Span): string | undefined {
    if (span.kind !== "client" || !this.names.gateway.has(span.service.toLowerCase())) return undefined;
    return this.names.clusters.get(askedName(span)?.toLowerCase() ?? "") ?? this.endpointOf(span);
  }

  private peerOf(client: Span): Party | undefined {
    const service = this.clusterOf(client) ?? this.endpointOf(client);
    if (service !== undefined) return { is: "service", name: service };
    const name = askedName(client);
    if (name !== undefined) return this.named(name);
    const { address, port } = client.peer ?? {};
    if (address === undefined) return undefined;
    const host = address.includes(":") ? `[${address}]` : address;
    return this.named(port === undefined ? host : `${host}:${port}`);
  }

  private endpointOf({ peer }: Span): string | undefined {
    return this.names.endpoints.get(`${peer?.address}:${peer?.port}`);
  }

  private named(name: string): Party {
    const lower = name.toLowerCase();
    if (this.names.gateway.has(lower)) return { is: "gateway" };
    const service = this.names.clusters.get(lower);
    if (service !== undefined) return { is: "service", name: service };
    const [only, ...more] = this.behind.get(lower)?.keys() ?? [];
    if (only !== undefined && more.length === 0) return { is: "service", name: only };
    return { is: "other", name: name === "" ? "unknown" : shown(name) };
  }

  /**
   * A span with the id of the parent. Where client and server share one id, a server's parent is the client's half, and what
   * comes below belongs to the half of its own service.
   */
  private parentOf(span: Span): Span | undefined {
    const halves = this.byId.get(keyOf(span, span.id)) ?? [];
    const half = span.kind === "server" ? halves.find((one) => one.kind === "client") : undefined;
    if (half !== undefined) return half;
    const parents = span.parentId === undefined ? [] : (this.byId.get(keyOf(span, span.parentId)) ?? []);
    const own = parents.find(({ service }) => service === span.service);
    return own ?? parents.find(({ kind }) => kind === "server") ?? parents[0];
  }
}

const MOST_SHOWN = 100;

/** Whoever sends spans chooses the names in them, so they may be long, and may mean something to a terminal. */
function shown(name: string): string {
  return visible(name.length > MOST_SHOWN ? `${name.slice(0, MOST_SHOWN)}...` : name);
}

/** What a client says of whom it asked: spans of Envoy's own tracers have the name of the cluster in a tag. */
function askedName({ peer, tags }: Span): string | undefined {
  return peer?.service ?? tags.get("upstream_cluster.name") ?? tags.get("upstream_cluster");
}

function keyOf({ traceId }: Span, id: string): string {
  return `${traceId}:${id}`;
}

/** The same for parties that are the same. */
export function keyOfParty(party: Party): string {
  return party.is === "gateway" || party.is === "outside" ? party.is : `${party.is}:${party.name}`;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
