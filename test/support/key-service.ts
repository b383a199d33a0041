import type { CompiledModule } from "../../compiler/host/engine.js";
import { Host, pluginOf } from "../../compiler/host/host.js";
import { seededRandom } from "../../compiler/host/random.js";
import type { Threads } from "../../compiler/host/threads.js";
import { configurationOf } from "./module-policies.js";
import { type Members, published, type SigningKey, tokenBy } from "./token-keys.js";

// A module that has its keys from a service, on the embedded host in virtual time: several workers, and a service that answers as a test says.

export const SECOND = 1_000_000_000n;
export const MINUTE = 60n * SECOND;
export const ISSUER = "https://id.example.com/";

/** Good for as long as any test takes. */
export const CLAIMS: Members = { iss: ISSUER, aud: "orders", sub: "alice", exp: 4_000_000_000 };

export const SOURCE = {
  cluster: "idp",
  authority: "id.example.com",
  path: "/jwks",
  refreshMs: 300_000,
  maxStaleMs: 3_600_000,
};

export function remoteMethod(
  source: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
) {
  return {
    jwt: {
      issuer: ISSUER,
      audiences: ["orders"],
      algorithms: ["RS256", "ES256", "ES384"],
      jwks: { ...SOURCE, ...source },
      ...more,
    },
  };
}

export function remoteConfiguration(
  source: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
  policies: readonly string[] = ["known"],
) {
  return configurationOf(
    policies.map((name) => ({ name, authenticate: { realm: "shop", anyOf: [remoteMethod(source, more)] } })),
    { consumers: [], routes: policies.map((name, index) => ({ name: index === 0 ? "r" : name, run: [name] })) },
  );
}

/** A set as it is published. */
export function setOf(...keys: readonly (SigningKey | Readonly<Record<string, unknown>>)[]): string {
  return JSON.stringify({ keys: keys.map((key) => ("sign" in key && "jwk" in key ? publishedKey(key) : key)) });
}

function publishedKey(key: object): Record<string, unknown> {
  return isSigningKey(key) ? published(key) : {};
}

function isSigningKey(key: object): key is SigningKey {
  return "jwk" in key && "kid" in key && "sign" in key && "alg" in key;
}

/** What the service answers: a set, a status, or that the connection breaks. */
export type Reply = string | number | "breaks" | { status: number; body: string | Uint8Array } | "silent";

/** Envoy's own answer where there is none in time. */
const TIMED_OUT = 504;

export interface Setting {
  configuration?: unknown;
  workers?: number;
  seed?: number;
}

/** A gateway whose keys a service publishes. */
export class Keyed {
  readonly host: Host;
  /** What it answers from now on. */
  reply: Reply;
  /** When it was asked, in milliseconds since the start. */
  readonly asked: number[] = [];
  /** Names of the host functions that the module has called. */
  readonly calls: string[] = [];
  private readonly module: CompiledModule;
  private readonly workers: number;
  private readonly began: bigint;
  private running: Threads;

  constructor(
    module: CompiledModule,
    reply: Reply,
    { configuration = remoteConfiguration(), workers = 1, seed = 1 }: Setting = {},
  ) {
    this.host = new Host({ clusters: ["idp"], random: seededRandom(seed) });
    this.module = module;
    this.workers = workers;
    this.reply = reply;
    this.began = this.host.clock.monotonic();
    this.running = this.start(configuration);
  }

  get threads(): Threads {
    return this.running;
  }

  /** Another configuration in place of the one before, as Envoy does: new VMs, which share what the old ones have shared. */
  update(configuration: unknown): void {
    const before = this.running;
    this.running = this.start(configuration);
    before.shutDown();
  }

  private start(configuration: unknown): Threads {
    const threads = this.host.run({
      module: this.module,
      vm: { vmId: "shop", intercept: (name) => void this.calls.push(name) },
      plugin: pluginOf({ configuration: JSON.stringify(configuration) }),
      workers: this.workers,
      failurePolicy: "reload",
      reloadBackoff: 100,
    });
    if (threads === undefined) throw new Error(this.host.log.at(-1)?.text ?? "the module refused");
    return threads;
  }

  /** Lets time pass; the service answers at once. */
  pass(nanoseconds: bigint): void {
    this.host.advance(nanoseconds, () => this.answer());
    for (const { vm } of [this.running.main, ...this.running.workers])
      if (vm.failure !== undefined) throw new Error(vm.failure);
  }

  /** The next tick of all threads, and another one, by which all of them know what came of it. */
  settle(): void {
    this.pass(SECOND / 2n);
  }

  private answer(): void {
    for (const call of [...this.host.calls.pending]) {
      if (this.reply === "silent") continue;
      this.asked.push(Number((this.host.clock.monotonic() - this.began) / 1_000_000n));
      if (this.reply === "breaks") call.breakOff();
      else if (typeof this.reply === "number") call.answer([[":status", String(this.reply)]], Buffer.from("no"));
      else if (typeof this.reply === "string") call.answer([[":status", "200"]], Buffer.from(this.reply));
      else call.answer([[":status", String(this.reply.status)]], Buffer.from(this.reply.body));
    }
  }

  /** What Envoy says of a call that was not answered in time. */
  timeOut(): void {
    for (const call of [...this.host.calls.pending]) {
      this.asked.push(Number((this.host.clock.monotonic() - this.began) / 1_000_000n));
      call.answer([[":status", String(TIMED_OUT)]], Buffer.from("upstream request timeout"));
    }
  }

  /** What is decided of a request with a token: the reason, and the status if it is refused. */
  send(token: string, { worker = 0, route = "r" } = {}): string {
    const thread = this.running.workers[worker];
    if (thread === undefined) throw new Error(`there is no worker ${worker}`);
    const stream = thread.stream({ attributes: { "xds.route_name": route } });
    stream.requestHeaders(
      [
        [":method", "GET"],
        [":path", "/"],
        [":authority", "shop.example"],
        ["authorization", `Bearer ${token}`],
      ],
      true,
    );
    if (thread.vm.failure !== undefined) throw new Error(thread.vm.failure);
    const decision = Buffer.from(stream.filterState.get("sluice.decision") ?? []).toString();
    const said = decision.replace(/^\S+ (allowed|denied) /, "");
    return stream.localReply === undefined ? said : `${stream.localReply.status} ${said}`;
  }

  /** The same on every worker; what is alike is said once. */
  sendToAll(token: string): string {
    const said = this.running.workers.map((_, worker) => this.send(token, { worker }));
    return [...new Set(said)].join(", ");
  }

  signedBy(key: SigningKey, claims: Members = {}): string {
    return tokenBy(key, { ...CLAIMS, ...claims });
  }

  counted(outcome: "fetched" | "failed" | "taken", policy = "known"): number {
    return Number(this.host.metrics.counter(`sluice_key_sets.${policy}.${outcome}`) ?? 0n);
  }

  gauge(name: "sluice_keys" | "sluice_keys_age_seconds", policy = "known"): number {
    return Number(this.host.metrics.gauge(`${name}.${policy}`) ?? -1n);
  }

  /** Pages of memory of the first worker. */
  get pages(): number {
    return (this.running.workers[0]?.vm.memorySize ?? 0) / 65_536;
  }

  get warnings(): string[] {
    return this.host.log.filter(({ level }) => level >= 3).map(({ text }) => text);
  }
}
