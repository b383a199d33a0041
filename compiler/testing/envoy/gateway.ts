import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CLIENT_PORT } from "../../embedded/attributes.js";
import { isByChance } from "../../plan/callers.js";
import { operationName } from "../../plan/names.js";
import { externalAuthOf } from "../../plan/native.js";
import type { GatewayPlan, ListenerPlan, PolicyPlan, RoutePlan } from "../../plan/plan.js";
import { schemeOf } from "../../request/request.js";
import type { EnvoyBinary } from "../../runtime/find.js";
import { type RunningEnvoy, startEnvoy } from "../../runtime/process.js";
import type { Span } from "../../traces/span.js";
import type { SentRequest } from "../client.js";
import type { Exchange } from "../exchange.js";
import type { TestedGateway } from "../gateway.js";
import { type Replica, replicaBootstrap } from "./bootstrap.js";
import type { TestCertificates } from "./certificates.js";
import { sendOverWire } from "./client.js";
import { LoggedDecisions } from "./decisions.js";
import { countersOf, EnvoyExports, keysTaken } from "./exports.js";
import type { HeardRequest, TestServices } from "./service.js";

/** Where an Envoy runs. */
export interface EnvoyPlace {
  envoy: EnvoyBinary;
  /** A folder with the modules in `modules/`; the files of a run go into it. */
  folder: string;
  /** What Envoy is given in place of what the target `envoy` says of the same gateways. */
  bootstrap?: typeof replicaBootstrap;
}

/** One real Envoy with several gateways, which get one request at a time, whichever of them. */
export class ReplicaEnvoy {
  private readonly wiring: Omit<Wiring, "port">;
  private readonly ports: ReadonlyMap<string, number>;

  private constructor(wiring: Omit<Wiring, "port">, ports: ReadonlyMap<string, number>) {
    this.wiring = wiring;
    this.ports = ports;
  }

  /**
   * @throws EnvoyStartError if Envoy does not take them
   */
  static async start(
    { envoy, folder, bootstrap = replicaBootstrap }: EnvoyPlace,
    replicas: readonly Replica[],
    services: TestServices,
    { environment, certificates }: ReplicaNeeds,
  ): Promise<ReplicaEnvoy> {
    const accessLog = join(await mkdtemp(join(folder, "log-")), "decisions.jsonl");
    const running = await startEnvoy({
      envoy,
      workDir: folder,
      configText: bootstrap(replicas, { services: services.ports, accessLog, certificates }),
      env: environment,
      concurrency: 1,
      accessLogFlushMs: 1,
    });
    const ports = new Map((await running.listeners()).map(({ name, port }) => [name, port]));
    const policies = replicas.flatMap(({ plan }) => plan.policies);
    const exports = new EnvoyExports(running, services, { policies });
    return new ReplicaEnvoy(
      { running, decisions: new LoggedDecisions(accessLog), services, exports, certificates },
      ports,
    );
  }

  gateway({ name, plan, listener }: Replica): TestedGateway {
    const port = this.ports.get(name);
    if (port === undefined) throw new Error(`Envoy has no listener ${name}`);
    return new EnvoyGateway({ ...this.wiring, port }, plan, listener);
  }

  /**
   * Waits until all threads have the keys that services publish.
   * @param policies names of those that get some
   * @throws Error if they do not come
   */
  async keysTaken(policies: readonly string[]): Promise<void> {
    await keysTaken(this.wiring.running, policies, THREADS * this.ports.size);
  }

  async stop(): Promise<void> {
    await this.wiring.decisions.close();
    await this.wiring.running.stop();
  }
}

/** The worker, and the main thread, which has a VM of each module too. */
const THREADS = 2;

interface ReplicaNeeds {
  /** Variables that the policies refer to. */
  environment: Readonly<Record<string, string>>;
  /** Those of clients; absent where nobody asks for them. */
  certificates?: TestCertificates | undefined;
}

interface Wiring {
  running: RunningEnvoy;
  decisions: LoggedDecisions;
  services: TestServices;
  exports: EnvoyExports;
  certificates: TestCertificates | undefined;
  port: number;
}

class EnvoyGateway implements TestedGateway {
  readonly listener: ListenerPlan;
  private readonly wiring: Wiring;
  private readonly plan: GatewayPlan;
  private readonly routes: ReadonlyMap<string, RoutePlan>;
  private readonly policies: ReadonlyMap<string, PolicyPlan>;

  constructor(wiring: Wiring, plan: GatewayPlan, listener: ListenerPlan) {
    this.wiring = wiring;
    this.plan = plan;
    this.listener = listener;
    this.policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
    this.routes = new Map(
      plan.hosts.flatMap((host) =>
        host.routes.map((route) => [entryKey(route.name, route.operation && operationName(route.operation)), route]),
      ),
    );
  }

  get time(): number {
    return Date.now();
  }

  async wait(milliseconds: number): Promise<void> {
    await delay(milliseconds);
  }

  async counters(): Promise<ReadonlyMap<string, number>> {
    return countersOf(this.wiring.running);
  }

  async spans(): Promise<readonly Span[]> {
    return this.wiring.exports.spans();
  }

  private get isAsked(): boolean {
    return this.listener.tls?.clientCertificate !== undefined;
  }

  /** Its listener has TLS here only for clients that show a certificate, so the connection must say what it would be. */
  private withScheme({ client, body }: SentRequest): SentRequest {
    return { client: { ...client, scheme: client.scheme ?? schemeOf(this.listener) }, body };
  }

  async send(sent: SentRequest): Promise<Exchange> {
    const { decisions, services, port, certificates } = this.wiring;
    const shown = this.isAsked ? sent.client.certificate : undefined;
    const certificate = shown === undefined ? undefined : await certificates?.of(shown);
    const { status, headers, body } = await sendOverWire(port, this.withScheme(sent), CLIENT_PORT, certificate);
    const logged = await decisions.next();
    const route = this.routes.get(entryKey(logged.route, logged.operation));
    const all = services.heard();
    // Who is asked whether the request may pass hears of it before all others, and once.
    const asked = route !== undefined && this.asks(route) ? all.shift() : undefined;
    // The last of several: a service that fails is asked again.
    const heard = all.at(-1);
    const byChance = route !== undefined && isByChance(this.plan, route, logged.consumer);
    return {
      status,
      headers,
      body,
      ...(route === undefined ? {} : { route }),
      ...(logged.decision === null ? {} : { decision: logged.decision }),
      ...(logged.shadow == null ? {} : { shadow: logged.shadow }),
      ...(asked === undefined ? {} : { asked: viewOf(asked, false) }),
      ...(heard === undefined ? {} : { service: viewOf(heard, byChance) }),
    };
  }

  private asks({ run }: RoutePlan): boolean {
    return externalAuthOf(run.flatMap(({ policy }) => this.policies.get(policy) ?? [])) !== undefined;
  }
}

/** Entries of a route that is split into operations share its name. */
function entryKey(route: string | null, operation: string | null | undefined): string {
  return `${route ?? ""} ${operation ?? ""}`;
}

function viewOf({ service, ...seen }: HeardRequest, byChance: boolean): NonNullable<Exchange["service"]> {
  return { name: service, byChance, ...seen };
}
