import { bytesOf, byteTextOf } from "../../compiler/host/byte-text.js";
import type { PendingCall } from "../../compiler/host/calls.js";
import type { RootContext } from "../../compiler/host/context.js";
import { type CompiledModule, exportsOf, importsOf } from "../../compiler/host/engine.js";
import { Host, pluginOf, type VmConfig } from "../../compiler/host/host.js";
import type { Pairs } from "../../compiler/host/pairs.js";
import { seededRandom } from "../../compiler/host/random.js";
import type { Stream } from "../../compiler/host/stream.js";
import type { Vm } from "../../compiler/host/vm.js";
import { configurationOf } from "./module-policies.js";

// A module that asks a service what tokens are, on the embedded host in virtual time. A test answers for the service.

export const SECOND = 1_000_000_000n;
export const MILLISECOND = 1_000_000n;
export const SECRET = "a secret of the gateway";

const consumers = [
  { name: "acme", tier: "gold", groups: ["partners"], credentials: [{ jwt: { subject: "acme-app" } }] },
  { name: "globex", credentials: [{ jwt: { subject: "acme-app", issuer: "https://id.example.com/" } }] },
];

export const introspecting = (introspect: object = {}, more: object = {}, conduct: object = {}) => ({
  name: "known",
  ...conduct,
  authenticate: {
    realm: "shop",
    anyOf: [
      {
        introspect: {
          cluster: "idp",
          authority: "id.example.com",
          path: "/introspect",
          client: "env:CLIENT",
          secret: "env:SECRET",
          timeoutMs: 2000,
          ttlMs: 30_000,
          ...introspect,
        },
      },
    ],
    ...more,
  },
});

export type Policies = Parameters<typeof configurationOf>[0];

export function documentOf(policies: Policies, more: object = {}) {
  return configurationOf(policies, { consumers, ...more });
}

/** A VM, as a worker has one. */
export class Introspecting {
  readonly host: Host;
  readonly vm: Vm;
  readonly roots: RootContext[];
  /** Host calls of the callback at hand, in order. */
  called: string[] = [];

  /** @param documents one for each root; where there are several, the module is told whose streams are */
  constructor(
    module: CompiledModule,
    documents: readonly unknown[],
    options: Pick<VmConfig, "intercept" | "environment"> = {},
  ) {
    this.host = new Host({ clusters: ["idp", "collector"], random: seededRandom(1) });
    const all = [...importsOf(module).map(({ name }) => name), ...exportsOf(module)];
    const capabilities = documents.length > 1 ? all : all.filter((name) => name !== "proxy_on_context_create");
    this.vm = this.host.start(module, {
      vmId: "shop",
      capabilities,
      environment: { CLIENT: "gateway", SECRET },
      ...options,
      intercept: (name) => {
        this.called.push(name);
        return options.intercept?.(name);
      },
    });
    this.roots = documents.map((document) => {
      const root = this.vm.configure(pluginOf({ configuration: JSON.stringify(document) }));
      if (root === undefined) throw new Error(this.vm.failure ?? this.host.log.at(-1)?.text ?? "it refused");
      return root;
    });
  }

  /** Hands over the headers of a request. */
  begin(token: string, { headers = [], ends = true, root = 0 }: Beginning = {}): Stream {
    const { clock } = this.host;
    const [wall, monotonic] = [clock.wall() ?? 0n, clock.monotonic() ?? 0n];
    const attributes = {
      "xds.route_name": "r",
      "source.address": "192.0.2.7:1",
      "request.protocol": "HTTP/1.1",
      "request.time": wall,
      get "request.duration"() {
        return (clock.monotonic() ?? 0n) - monotonic;
      },
      "xds.cluster_name": undefined,
      "upstream.address": undefined,
      "upstream.request_attempt_count": undefined,
      "response.backend_latency": undefined,
    };
    const stream = this.vm.stream({ attributes }, this.roots[root]);
    this.called = [];
    stream.requestHeaders(
      [
        [":method", "GET"],
        [":path", "/orders/7"],
        [":authority", "shop.test"],
        ["authorization", `Bearer ${token}`],
        ...headers,
      ],
      ends,
    );
    this.refuseTraps();
    return stream;
  }

  get calls(): readonly PendingCall[] {
    return this.host.calls.pending.filter(({ cluster }) => cluster === "idp");
  }

  /** Answers the oldest call. */
  answer(body: unknown, status = 200): void {
    const [call] = this.calls;
    if (call === undefined) throw new Error("nobody has asked");
    const text = typeof body === "string" ? bytesOf(body) : Buffer.from(JSON.stringify(body));
    this.called = [];
    call.answer([[":status", `${status}`]], text);
    this.refuseTraps();
  }

  /** What the module says of a token that a service says this of. */
  judged(token: string, body: unknown, status = 200): string {
    const stream = this.begin(token);
    if (stream.isHeld("request")) this.answer(body, status);
    return decisionOf(stream);
  }

  get waiting(): number {
    return Number(this.host.metrics.gauge("sluice.waiting.known.requests"));
  }

  counted(name: string): number {
    return Number(this.host.metrics.counter(`sluice.${name}`) ?? 0n);
  }

  refuseTraps(): void {
    if (this.vm.failure !== undefined) throw new Error(this.vm.failure);
  }
}

interface Beginning {
  headers?: Pairs;
  ends?: boolean;
  root?: number;
}

export function toldOf(stream: Stream, name: string): string | undefined {
  const value = stream.filterState.get(`sluice.${name}`);
  return value === undefined ? undefined : byteTextOf(value);
}

export function decisionOf(stream: Stream): string {
  return `${toldOf(stream, "decision")} ${stream.localReply?.status ?? "passed"}`;
}
