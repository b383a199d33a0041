import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningEnvoy, startEnvoy } from "../../../compiler/runtime/process.js";
import { until } from "../../e2e/support/until.js";
import { requireEnvoy } from "../../support/envoy.js";
import { openRaw, type RawReply } from "../../support/http.js";
import { inOneTurn } from "../../support/turn.js";
import { type Observation, type ProbeCase, type ProbeListener, withoutWire } from "./case.js";
import { caseListeners, type ListenerSetting, probeBootstrap } from "./envoy-config.js";
import { compileProbe } from "./probe.js";
import { type ScriptedService, startService } from "./service.js";

/** The probe in a real Envoy of one worker. */
export interface EnvoySide {
  readonly envoy: RunningEnvoy;
  observe(one: ProbeCase): Promise<Observation>;
  /** What the probes of a listener said since the start outside of requests, all VMs mixed. */
  rootLines(listener: ProbeListener): string[];
  stop(): Promise<void>;
}

export async function startEnvoySide(): Promise<EnvoySide> {
  const probing = await startProbes(caseListeners(), 1);
  const { envoy, ports } = probing;
  return {
    envoy,
    observe: (one) => observe(envoy, ports.get(one.listener ?? "plain") ?? 0, probing, one),
    rootLines: (listener) => linesOf(envoy.log.text(), listener),
    stop: () => probing.stop(),
  };
}

/** An Envoy with probes, and the services behind it. */
export interface Probes extends Services {
  readonly envoy: RunningEnvoy;
  /** By name of the listener. */
  readonly ports: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

export async function startProbes(settings: readonly ListenerSetting[], concurrency: number): Promise<Probes> {
  const work = await mkdtemp(join(tmpdir(), "sluice-probe-"));
  await writeFile(join(work, "probe.wasm"), await compileProbe());
  const service = await startService();
  const callout = await startService();
  const envoy = await startEnvoy({
    envoy: await requireEnvoy(),
    workDir: work,
    configText: probeBootstrap(settings, { service: service.port, callout: callout.port }),
    env: { PROBE_VARIABLE: "from outside" },
    concurrency,
    accessLogFlushMs: 10,
  });
  return {
    envoy,
    service,
    callout,
    ports: new Map((await envoy.listeners()).map(({ name, port }) => [name, port])),
    async stop() {
      await envoy.stop();
      await Promise.all([service.close(), callout.close()]);
      await rm(work, { recursive: true, force: true });
    },
  };
}

interface Services {
  service: ScriptedService;
  callout: ScriptedService;
}

async function observe(envoy: RunningEnvoy, port: number, services: Services, one: ProbeCase): Promise<Observation> {
  const { service, callout } = services;
  service.answer(one.service ?? { body: "up" });
  callout.answer(one.callout ?? {});
  const [log, output] = [envoy.log.end, envoy.output.end];
  const listener = one.listener ?? "plain";
  const said = (line: RegExp) => linesOf(envoy.log.text(log), listener).some((one) => line.test(one));
  const turn = (work: () => void) =>
    inOneTurn(envoy, () => {
      work();
      callout.release();
    });
  const isTime = {
    callout: () => callout.heard(),
    service: () => service.heard(),
    body: () => said(/^> request-body/),
  };
  const reply =
    one.clientLeaves === undefined ? await send(port, one) : await leave(port, isTime[one.clientLeaves], one, turn);
  if (!one.vmDies) await until("the stream to be deleted", () => said(/^> delete stream/));
  if (one.clientLeaves === "callout" && !one.inOneTurn) callout.release();
  if (one.clientLeaves === "callout" || one.callsLast) await until("the answer", () => said(/^> answer/));
  await until("the access log", () => envoy.output.text(output).includes("\n"));
  return {
    lines: linesOf(envoy.log.text(log), listener),
    reply:
      reply === undefined
        ? "reset"
        : { status: reply.status, headers: withoutWire(reply.headers), body: reply.body.toString("latin1") },
    details: envoy.output.text(output).trim(),
    service: service.heard() ?? "none",
  };
}

async function leave(
  port: number,
  isTime: () => unknown,
  one: ProbeCase,
  inTheTurn: (work: () => void) => Promise<void>,
): Promise<undefined> {
  const connection = await openRaw({ port });
  connection.send(requestText(one));
  await until("the request to be where the client leaves", isTime);
  if (one.inOneTurn) await inTheTurn(() => connection.close());
  else connection.close();
}

async function send(port: number, one: ProbeCase): Promise<RawReply | undefined> {
  const connection = await openRaw({ port });
  try {
    connection.send(requestText(one));
    return await connection.response(one.method);
  } catch (error) {
    // Envoy ended the connection; any other failure is one of the test.
    if (error instanceof Error && error.message.startsWith("the connection ended")) return undefined;
    throw error;
  } finally {
    connection.close();
  }
}

function requestText(one: ProbeCase): string {
  const { method = "GET", target = "/up", headers = [], body, chunked, script } = one;
  const framing =
    body !== undefined
      ? [["content-length", String(announcedLength(one))]]
      : chunked
        ? [["transfer-encoding", "chunked"]]
        : [];
  const all = [["host", "probe.test"], ["x-script", script], ...headers, ...framing];
  const head = `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  if (chunked === undefined) return head + (body ?? "");
  const trailers = (chunked.trailers ?? []).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${head}${chunked.body.length.toString(16)}\r\n${chunked.body}\r\n0\r\n${trailers}\r\n`;
}

/** One that is never to end is announced longer than it is. */
export function announcedLength({ body = "", clientLeaves }: ProbeCase): number {
  return body.length + (clientLeaves === "body" ? 1 : 0);
}

/** Lines of the probe of a listener, which is the VM's name. */
function linesOf(log: string, listener: ProbeListener): string[] {
  return saidIn(log).flatMap(({ vm, text }) => (vm === listener ? [text] : []));
}

/** What probes said, in order. `thread` is the number of Envoy's thread; that of the main thread is the number of the process. */
export function saidIn(log: string): { thread: number; vm: string; text: string }[] {
  return log.split("\n").flatMap((line) => {
    const match = /^\[[^\]]*\]\[(\d+)\]\[\w+\]\[wasm\] \[[^\]]*\] wasm log (?:[^\s:]+ )*([^\s:]+): (.*)$/.exec(line);
    const [, thread, vm, text] = match ?? [];
    return vm === undefined || text === undefined ? [] : [{ thread: Number(thread), vm, text }];
  });
}
