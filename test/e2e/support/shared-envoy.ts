import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { workFolder } from "../../../compiler/cli/envoy.js";
import {
  type Bootstrap,
  Bootstrap_StaticResourcesSchema,
  BootstrapSchema,
} from "../../../compiler/envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { toYaml } from "../../../compiler/envoy/print.js";
import { isByChance } from "../../../compiler/plan/callers.js";
import { countingServices } from "../../../compiler/plan/global-limits.js";
import type { GatewayPlan } from "../../../compiler/plan/plan.js";
import { type RunningEnvoy, startEnvoy, type Validation, validateConfig } from "../../../compiler/runtime/process.js";
import { staticBootstrap } from "../../../compiler/targets/envoy/bootstrap.js";
import { DEFAULT_OPTIONS, type EnvoyOptions } from "../../../compiler/targets/envoy/options.js";
import type { KeyedGateway } from "../../../compiler/testing/credentials.js";
import { unchecked } from "../../../compiler/testing/envoy/bootstrap.js";
import { startLimitService, type TestLimitService } from "../../../compiler/testing/envoy/limit-service.js";
import type { Exchange } from "../../../compiler/testing/exchange.js";
import { requireEnvoy } from "../../support/envoy.js";
import { type RawReply, rawRequest } from "../../support/http.js";
import type { WireRequest } from "../../support/random-requests.js";
import { type ReceivedRequest, type ScriptedReply, startUpstream, type Upstream } from "../../support/upstream.js";
import { decisionsIn, type IdentifiedDecision } from "./decisions.js";
import { withLists, writeSideFiles } from "./serve.js";
import { until } from "./until.js";

/** Of the VM, which policies with different names do not share. */
export type Member = Pick<KeyedGateway, "plan" | "environment">;

const FREE = { address: "127.0.0.1", port: 0 };

/** One bootstrap for many plans of different names. Of two services of one name the first holds. */
export function sharedBootstrap(
  plans: readonly GatewayPlan[],
  options: (plan: GatewayPlan) => Partial<EnvoyOptions> = () => ({}),
): Bootstrap {
  const bootstraps = plans.map((plan) => {
    const listeners = Object.fromEntries(plan.listeners.map(({ name }) => [name, FREE]));
    const bootstrap = staticBootstrap(plan, { ...DEFAULT_OPTIONS, admin: undefined, listeners, ...options(plan) });
    for (const listener of bootstrap.staticResources?.listeners ?? [])
      listener.name = listenerName(plan, listener.name);
    return bootstrap;
  });
  const [shared] = bootstraps;
  if (shared === undefined) throw new RangeError("no plan, no bootstrap");
  const resources = bootstraps.flatMap(({ staticResources }) => staticResources ?? []);
  // A service that counts speaks gRPC, and only a plan that asks it knows.
  const asking = resources.filter((_, index) => countingServices(plans[index]?.policies ?? []).length > 0);
  const clusters = new Map([...resources, ...asking].flatMap((one) => one.clusters).map((one) => [one.name, one]));
  shared.staticResources = create(Bootstrap_StaticResourcesSchema, {
    listeners: resources.flatMap((one) => one.listeners),
    clusters: [...clusters.values()],
  });
  return shared;
}

function listenerName(plan: GatewayPlan, listener: string): string {
  return `${plan.name}.${listener}`;
}

/** Asks Envoy about the plans, with the services and the modules that they have in a real configuration. */
export async function validatePlans(members: readonly Member[]): Promise<Validation> {
  const work = await workFolder();
  try {
    const plans = members.map(({ plan }) => plan);
    for (const plan of plans) await writeSideFiles(plan, work.path);
    return await validateConfig({
      envoy: await requireEnvoy(),
      workDir: work.path,
      configText: await withLists(toYaml(BootstrapSchema, sharedBootstrap(plans)), plans, work.path),
      env: environmentOf(members),
    });
  } finally {
    await work.remove();
  }
}

function environmentOf(members: readonly Member[]): Record<string, string> {
  return Object.assign({}, ...members.map(({ environment }) => environment));
}

/** What every service answers. */
export const SERVED = { status: 200, headers: { "x-total": "3" }, body: "served" } as const;

/** What can be seen of requests: everything, for which Envoy writes a log, or only their answers. */
export type Sight = "all" | "answers";

/** Many gateways in one real Envoy with one worker, before real services. */
export class SharedEnvoy {
  private readonly envoy: RunningEnvoy;
  private readonly members: readonly Member[];
  private readonly upstreams: ReadonlyMap<string, Upstream>;
  private readonly ports: ReadonlyMap<string, number>;
  private readonly logOf: ((plan: GatewayPlan) => string) | undefined;
  private readonly clear: () => Promise<void>;

  private constructor(parts: {
    envoy: RunningEnvoy;
    members: readonly Member[];
    upstreams: ReadonlyMap<string, Upstream>;
    ports: ReadonlyMap<string, number>;
    logOf: ((plan: GatewayPlan) => string) | undefined;
    clear: () => Promise<void>;
  }) {
    this.envoy = parts.envoy;
    this.members = parts.members;
    this.upstreams = parts.upstreams;
    this.ports = parts.ports;
    this.logOf = parts.logOf;
    this.clear = parts.clear;
  }

  /**
   * @param members plans with one listener each and names of their own
   * @param sees `answers`: as policies are compiled where no log is asked for. Nothing is known then of how an answer came about.
   */
  static async start(members: readonly Member[], sees: Sight = "all"): Promise<SharedEnvoy> {
    const work = await workFolder();
    const upstreams = new Map<string, Upstream>();
    let limits: TestLimitService | undefined;
    const clear = async () => {
      await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
      await limits?.close();
      await work.remove();
    };
    const logOf = (plan: GatewayPlan) => join(work.path, `${plan.name}.jsonl`);
    try {
      const services = new Set(members.flatMap(({ plan }) => plan.services.map(({ name }) => name)));
      const counting = members.flatMap(({ plan }) => countingServices(plan.policies));
      limits = counting.length === 0 ? undefined : await startLimitService(members.map(({ plan }) => plan));
      for (const name of services)
        if (!counting.includes(name)) upstreams.set(name, await startUpstream(servedReply()));
      const known = [...upstreams].map(([name, { port }]) => [name, port] as const);
      const counted = counting.flatMap((name) => (limits === undefined ? [] : [[name, limits.port] as const]));
      const endpoints = Object.fromEntries(
        [...known, ...counted].map(([name, port]) => [name, [{ host: "127.0.0.1", port }]]),
      );
      const bootstrap = sharedBootstrap(
        members.map(({ plan }) => unchecked(plan)),
        (plan) => ({ endpoints, ...(sees === "all" ? { accessLog: logOf(plan) } : {}) }),
      );
      const envoy = await startEnvoy({
        envoy: await requireEnvoy(),
        workDir: work.path,
        configText: toYaml(BootstrapSchema, bootstrap),
        env: environmentOf(members),
        concurrency: 1,
        accessLogFlushMs: 5,
      });
      const ports = new Map((await envoy.listeners()).map(({ name, port }) => [name, port]));
      return new SharedEnvoy({ envoy, members, upstreams, ports, logOf: sees === "all" ? logOf : undefined, clear });
    } catch (error) {
      await clear();
      throw error;
    }
  }

  /** Sends requests to one of the members, one after another, and tells what became of each. */
  async replay(member: number, requests: readonly WireRequest[]): Promise<Exchange[]> {
    const plan = this.members[member]?.plan;
    const port = this.ports.get(plan === undefined ? "" : listenerName(plan, plan.listeners[0]?.name ?? ""));
    if (plan === undefined || port === undefined) throw new RangeError(`there is no member ${member}`);
    const replies: RawReply[] = [];
    for (const request of requests) replies.push(await rawRequest({ port, from: request.source }, wireOf(request)));
    if (this.logOf === undefined) return replies.map(answerOf);
    const path = this.logOf(plan);
    const lines = await until(`${requests.length} lines in the access log of ${plan.name}`, async () => {
      const all = await decisionsIn(path);
      return all.length >= requests.length ? all : undefined;
    });
    if (lines.some(({ status }, index) => status !== replies[index]?.status))
      throw new Error(`the access log of ${plan.name} has the lines of other requests: ${JSON.stringify(lines)}`);
    return replies.map((reply, index) => this.exchange(plan, reply, lines[index]));
  }

  private exchange(plan: GatewayPlan, reply: RawReply, line: IdentifiedDecision | undefined): Exchange {
    const route = plan.hosts.flatMap(({ routes }) => routes).find(({ name }) => name === line?.route);
    const heard = line?.request_id == null ? undefined : this.heard(line.request_id);
    return {
      ...answerOf(reply),
      ...(route === undefined ? {} : { route }),
      ...(line?.decision == null ? {} : { decision: line.decision }),
      ...(line?.shadow == null ? {} : { shadow: line.shadow }),
      ...(heard === undefined
        ? {}
        : {
            service: {
              name: heard.name,
              byChance: route !== undefined && isByChance(plan, route, line?.consumer ?? null),
              method: heard.request.method,
              path: heard.request.url,
              headers: pairsOf(heard.request.rawHeaders),
              body: heard.request.body.toString("latin1"),
            },
          }),
    };
  }

  private heard(id: string): { name: string; request: ReceivedRequest } | undefined {
    for (const [name, { received }] of this.upstreams) {
      const request = received.find((one) => one.values("x-request-id").includes(id));
      if (request !== undefined) return { name, request };
    }
    return undefined;
  }

  async stop(): Promise<void> {
    await this.envoy.stop();
    await this.clear();
  }
}

function answerOf({ status, headers, body }: RawReply): Pick<Exchange, "status" | "headers" | "body"> {
  const named = headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return { status, headers: named, body: body.toString("latin1") };
}

function servedReply(): ScriptedReply {
  const { headers, ...reply } = SERVED;
  return { ...reply, headers: { ...headers, "content-length": String(SERVED.body.length) } };
}

function wireOf({ method, target, host, headers, body }: WireRequest) {
  const chunked = headers.some(([name]) => name === "transfer-encoding");
  const content = chunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
  return { method, target, headers: [["host", host] as const, ...headers], body: content };
}

function pairsOf(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index): [string, string][] => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""]] : []));
}
