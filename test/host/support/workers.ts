import { bytesOf } from "../../../compiler/host/byte-text.js";
import { compileModule } from "../../../compiler/host/engine.js";
import { Host, pluginOf } from "../../../compiler/host/host.js";
import type { Stream } from "../../../compiler/host/stream.js";
import type { Threads } from "../../../compiler/host/threads.js";
import { until } from "../../e2e/support/until.js";
import { openRaw, type RawConnection } from "../../support/http.js";
import { VM_CONFIGURATION } from "./envoy-config.js";
import { type Probes, saidIn } from "./envoy-side.js";
import { compileProbe } from "./probe.js";

// Requests through a worker that is chosen, in Envoy and in the host. Envoy itself answers those of PATH, with 200 and `direct`.

export interface Answered {
  status: number | "reset";
  /** What all VMs of the listener said meanwhile. */
  lines: string[];
}

const PATH = "/direct";

// ---- Envoy

export interface Pinned {
  readonly worker: number;
  readonly connection: RawConnection;
}

/** Connections to a listener until there is one on each of two workers. */
export async function pinBoth(probes: Probes, listener: string): Promise<[Pinned, Pinned]> {
  const [first] = await pinned(probes, listener, () => true);
  const [second] = await pinned(probes, listener, ({ worker }) => worker !== first.worker);
  return [first, second];
}

/** A connection that the kernel gave to a worker which fits. */
export async function pinned(
  probes: Probes,
  listener: string,
  fits: (one: Pinned) => boolean,
): Promise<[Pinned, ...Pinned[]]> {
  const others: Pinned[] = [];
  return until("a connection to the worker", async () => {
    const connection = await openRaw({ port: probes.ports.get(listener) ?? 0 });
    const at = probes.envoy.log.end;
    connection.send(requestText(""));
    await connection.response();
    const worker = await until("the probe to speak", () => said(probes, listener, at)[0]?.thread);
    const one = { worker, connection };
    if (fits(one)) return [one, ...others];
    others.push(one);
    return undefined;
  });
}

/** One request on a connection that stays open. */
export async function ask(probes: Probes, listener: string, one: Pinned, script: string): Promise<Answered> {
  const [log, output] = [probes.envoy.log.end, probes.envoy.output.end];
  one.connection.send(requestText(script));
  const status = await statusOf(one.connection);
  await until("the access log", () => probes.envoy.output.text(output).includes("\n"));
  if (status === 200)
    await until("the stream to end", () =>
      /> delete stream\n|Function: proxy_on_\w+ failed/.test(probes.envoy.log.text(log)),
    );
  return { status, lines: said(probes, listener, log).map(({ text }) => text) };
}

async function statusOf(connection: RawConnection): Promise<number | "reset"> {
  try {
    return (await connection.response()).status;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("the connection ended")) return "reset";
    throw error;
  }
}

export function said(probes: Probes, listener: string, from = 0): { thread: number; text: string }[] {
  return saidIn(probes.envoy.log.text(from)).filter(({ vm }) => vm === listener);
}

export function requestText(script: string, { path = PATH, more = "" } = {}): string {
  return `GET ${path} HTTP/1.1\r\nhost: probe.test\r\nx-script: ${script}\r\n${more}\r\n`;
}

// ---- the host

export interface Running {
  readonly host: Host;
  readonly threads: Threads;
}

/** The probe on two workers of a host of its own. */
export async function runProbe({
  vmId,
  rootScript = "",
  reloadBackoff,
}: {
  vmId: string;
  rootScript?: string;
  reloadBackoff?: number;
}): Promise<Running> {
  const host = new Host({ clusters: ["callout"] });
  const threads = host.run({
    module: compileModule(await compileProbe()),
    vm: { vmId, configuration: VM_CONFIGURATION },
    plugin: pluginOf({ name: "probe", configuration: rootScript }),
    workers: 2,
    ...(reloadBackoff === undefined ? {} : { failurePolicy: "reload", reloadBackoff }),
  });
  if (threads === undefined) throw new Error("the probe refused its configuration");
  return { host, threads };
}

/** One request through a worker, as `ask` sends it. */
export function request({ host, threads }: Running, worker: 0 | 1, script: string): Answered {
  const before = host.log.length;
  const stream = begin(threads, worker, script, true);
  if (stream.localReply === undefined) {
    const headers = [
      [":status", "200"],
      ["content-length", "6"],
      ["content-type", "text/plain"],
    ] as const;
    stream.responseHeaders(headers, false, "direct_response");
    stream.responseData(bytesOf("direct"), true);
  }
  stream.finish();
  const status = stream.isReset ? "reset" : Number(stream.answer.headers?.get(":status"));
  return { status, lines: linesSince(host, before) };
}

export function begin(threads: Threads, worker: 0 | 1, script: string, end: boolean): Stream {
  const stream = threads.workers[worker]?.stream();
  if (stream === undefined) throw new Error("there is no such worker");
  const headers = [
    [":authority", "probe.test"],
    [":path", PATH],
    [":method", "GET"],
    [":scheme", "http"],
    ["x-script", script],
    ["x-forwarded-proto", "http"],
  ] as const;
  stream.requestHeaders(end ? headers : [...headers, ["content-length", "4"]], end);
  return stream;
}

export function linesSince(host: Host, before: number): string[] {
  return host.log.slice(before).map(({ text }) => text);
}
