import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { workFolder } from "../../../compiler/cli/envoy.js";
import { renderText } from "../../../compiler/diagnostics/render/text.js";
import { check, checkText } from "../../../compiler/index.js";
import { endpointTexts, mountedEndpoints } from "../../../compiler/plan/discovery.js";
import { environmentVariables } from "../../../compiler/plan/guard.js";
import type { GatewayPlan } from "../../../compiler/plan/plan.js";
import { withoutTransport } from "../../../compiler/plan/transport.js";
import { type RunningEnvoy, startEnvoy } from "../../../compiler/runtime/process.js";
import { emitEnvoy, secretTexts } from "../../../compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS, type EnvoyOptions } from "../../../compiler/targets/envoy/options.js";
import { requireEnvoy } from "../../support/envoy.js";
import {
  type RawMessage,
  type RawReply,
  type Reply,
  type RequestOptions,
  rawRequest,
  request,
} from "../../support/http.js";
import { type ReceivedRequest, startUpstream, type Upstream } from "../../support/upstream.js";
import { type Decision, DecisionLog } from "./decisions.js";

/** Every behaviour is looked at with one worker and with two: shared state and roots differ. */
export const WORKER_COUNTS = [1, 2] as const;

export interface ServeOptions {
  /** Worker threads. Default 1. */
  concurrency?: number;
  /** Secrets by variable; those that are left out get a random value. */
  env?: Readonly<Record<string, string>>;
  /** Ports on 127.0.0.1 of services that are there already; the others get stand-ins. */
  ports?: Readonly<Record<string, number>>;
  /** Without TLS, for a policy whose certificates are on no machine. */
  plain?: true;
  /** The endpoints of the policy are there: no stand-ins are started. */
  ownServices?: boolean;
  /** Listeners keep their addresses, on free ports; by themselves they are all at 127.0.0.1. */
  ownAddresses?: boolean;
  /** Listeners keep their addresses and ports, which must be free. */
  ownPorts?: boolean;
  /** Zone that Envoy is in. */
  zone?: string;
  /** Changes the compiled bootstrap before Envoy gets it. */
  edit?: (bootstrap: string) => string;
  /** Modules in place of those that ship, or beside them, by file name. */
  modules?: Readonly<Record<string, Uint8Array>>;
}

/** A policy in a real Envoy, before real services, on free ports. */
export interface Gateway {
  readonly plan: GatewayPlan;
  readonly envoy: RunningEnvoy;
  /** Values of the variables that the policy refers to. */
  readonly env: Readonly<Record<string, string>>;
  /** Port of the first listener, or of a named one. */
  port(listener?: string): number;
  url(path: string, listener?: string): string;
  upstream(service: string): Upstream;
  /** What reached any service since `forget`, oldest first within a service. */
  heard(): ReceivedRequest[];
  forget(): void;
  send(path: string, options?: RequestOptions): Promise<Reply>;
  /** On a connection of its own, byte by byte as given. A `host` header is added unless there is one. */
  raw(message: RawMessage): Promise<RawReply>;
  /** Makes one request and tells what was logged of it. No other request may be under way. */
  judged<R>(call: () => Promise<R>): Promise<{ reply: R; decision: Decision }>;
  stop(): Promise<void>;
}

/** @param policy text of a policy file, the path of one, or what came of one */
export async function serve(policy: string | GatewayPlan, options: ServeOptions = {}): Promise<Gateway> {
  const whole = typeof policy === "string" ? planOf(policy) : policy;
  const plan = options.plain === true ? withoutTransport(whole) : whole;
  const env = { ...randomSecrets(plan), ...options.env };
  const work = await workFolder();
  const upstreams = new Map<string, Upstream>();
  const clear = async () => {
    await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
    await work.remove();
  };
  try {
    await writeSideFiles(plan, work.path);
    for (const [name, bytes] of Object.entries(options.modules ?? {}))
      await writeFile(join(work.path, "modules", name), bytes);
    const standIns = options.ownServices === true ? [] : plan.services;
    for (const service of standIns.filter(({ name }) => options.ports?.[name] === undefined))
      upstreams.set(service.name, await startUpstream({ body: service.name }));
    const log = join(work.path, "decisions.jsonl");
    const local = localOptions(plan, upstreams, log, options.ports);
    const listeners = options.ownPorts ? {} : options.ownAddresses ? freePorts(plan) : local.listeners;
    const emitted = { ...local, listeners, zone: options.zone };
    const configText = (options.edit ?? same)(bootstrapText(plan, emitted));
    const envoy = await startEnvoy({
      envoy: await requireEnvoy(),
      workDir: work.path,
      configText,
      env,
      concurrency: options.concurrency ?? 1,
      accessLogFlushMs: 10,
    });
    const ports = new Map((await envoy.listeners()).map((listener) => [listener.name, listener.port]));
    return gateway({ plan, envoy, env, ports, upstreams, decisions: new DecisionLog(envoy, log), clear });
  } catch (error) {
    await clear();
    throw error;
  }
}

/** The plan of a policy that must be free of errors. */
export function planOf(policy: string): GatewayPlan {
  const { plan, diagnostics } = policy.includes("\n") ? checkText("policy.yaml", policy) : check(policy);
  if (plan === undefined) throw new Error(renderText(diagnostics, { color: false }));
  return plan;
}

/** The bootstrap of a plan, which must break no rule of Envoy's. */
export function bootstrapText(plan: GatewayPlan, options: EnvoyOptions): string {
  const { artifacts, violations } = emitEnvoy(plan, options);
  const [bootstrap] = artifacts;
  if (bootstrap === undefined || violations.length > 0) throw new Error(JSON.stringify(violations));
  return bootstrap.contents;
}

/** The files that say where certificates and services are, where the bootstrap looks for them. */
export async function writeSideFiles(plan: GatewayPlan, workDir: string): Promise<void> {
  const folders = {
    [DEFAULT_OPTIONS.secretsDir]: secretTexts(plan),
    [DEFAULT_OPTIONS.endpointsDir]: endpointTexts(plan),
  };
  for (const [folder, files] of Object.entries(folders)) {
    await mkdir(join(workDir, folder), { recursive: true });
    for (const { name, text } of files) await writeFile(join(workDir, folder, name), text);
  }
}

/** A configuration in which lists of endpoints of other machines are empty ones of this folder: Envoy wants them to be there. */
export async function withLists(text: string, plans: readonly GatewayPlan[], folder: string): Promise<string> {
  const write = (path: string) => writeFile(path, '{ "resources": [] }\n');
  const list = (path: string) => join(folder, `list${extname(path)}`);
  const mounted = [...new Set(plans.flatMap(mountedEndpoints))];
  for (const path of mounted) await write(list(path));
  const moved = mounted.reduce((before, path) => before.replaceAll(path, list(path)), text);
  return mounted.reduce((before, path) => before.replaceAll(dirname(path), folder), moved);
}

/** All listeners on free ports, all services at their stand-ins, and a line for each request in a file. */
export function localOptions(
  plan: GatewayPlan,
  upstreams: ReadonlyMap<string, Upstream>,
  accessLog: string,
  ports: Readonly<Record<string, number>> = {},
): EnvoyOptions {
  const known = [...[...upstreams].map(([name, { port }]) => [name, port] as const), ...Object.entries(ports)];
  const free = { address: "127.0.0.1", port: 0 };
  return {
    ...DEFAULT_OPTIONS,
    admin: undefined,
    listeners: Object.fromEntries(plan.listeners.map((listener) => [listener.name, free])),
    endpoints: Object.fromEntries(known.map(([name, port]) => [name, [{ host: "127.0.0.1", port }]])),
    accessLog,
  };
}

function freePorts(plan: GatewayPlan): EnvoyOptions["listeners"] {
  return Object.fromEntries(plan.listeners.map(({ name, address }) => [name, { address, port: 0 }]));
}

/** Long enough for any algorithm of tokens, also where they are read as base64url. */
export function randomSecrets(plan: GatewayPlan): Record<string, string> {
  return Object.fromEntries(environmentVariables(plan).map((name) => [name, `key-${randomBytes(30).toString("hex")}`]));
}

function same(text: string): string {
  return text;
}

interface Parts {
  plan: GatewayPlan;
  envoy: RunningEnvoy;
  env: Readonly<Record<string, string>>;
  ports: ReadonlyMap<string, number>;
  upstreams: ReadonlyMap<string, Upstream>;
  decisions: DecisionLog;
  clear: () => Promise<void>;
}

function gateway({ plan, envoy, env, ports, upstreams, decisions, clear }: Parts): Gateway {
  const port = (listener = plan.listeners[0]?.name ?? "") => found(ports.get(listener), `listener ${listener}`);
  const url = (path: string, listener?: string) => `http://127.0.0.1:${port(listener)}${path}`;
  return {
    plan,
    envoy,
    env,
    port,
    url,
    upstream: (service) => found(upstreams.get(service), `service ${service}`),
    heard: () => [...upstreams.values()].flatMap((upstream) => upstream.received),
    forget: () => {
      for (const upstream of upstreams.values()) upstream.clear();
    },
    send: (path, options) => request(url(path), options),
    raw: (message) => {
      const named = message.headers.some(([name]) => name.toLowerCase() === "host");
      return rawRequest(
        { port: port() },
        named ? message : { ...message, headers: [["host", "shop.test"], ...message.headers] },
      );
    },
    judged: (call) => decisions.of(call),
    async stop() {
      await envoy.stop();
      await clear();
    },
  };
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}`);
  return value;
}
