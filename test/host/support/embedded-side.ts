import type { AttributeValue } from "../../../compiler/host/attributes.js";
import { bytesOf, byteTextOf } from "../../../compiler/host/byte-text.js";
import type { PendingCall } from "../../../compiler/host/calls.js";
import { compileModule } from "../../../compiler/host/engine.js";
import { Host, pluginOf } from "../../../compiler/host/host.js";
import type { Pairs } from "../../../compiler/host/pairs.js";
import type { Stream } from "../../../compiler/host/stream.js";
import type { Vm } from "../../../compiler/host/vm.js";
import { type Observation, type ProbeCase, type ProbeListener, type ServiceAnswer, withoutWire } from "./case.js";
import { PRUNED, ROOT_SCRIPT, SMALL_LIMIT, VM_CONFIGURATION } from "./envoy-config.js";
import { announcedLength } from "./envoy-side.js";
import { compileProbe } from "./probe.js";
import { UNSENT } from "./service.js";

/** The probe in the embedded host, driven as Envoy's connection manager and router drive a filter of the same listeners. */
export interface EmbeddedSide {
  readonly host: Host;
  observe(one: ProbeCase): Observation;
  /** What the probe of a listener said when it was configured. */
  rootLines(listener: ProbeListener): string[];
}

export async function startEmbeddedSide(): Promise<EmbeddedSide> {
  const host = new Host({ clusters: ["service", "callout", "dead"] });
  const module = compileModule(await compileProbe());
  const rootLines = new Map<ProbeListener, string[]>();
  const start = (listener: ProbeListener): Vm => {
    const vm = host.start(module, {
      vmId: listener,
      configuration: VM_CONFIGURATION,
      environment: { PROBE_VARIABLE: "from outside", PROBE_GIVEN: "given" },
      restricted: "stub",
      ...(listener === "pruned" ? { capabilities: PRUNED } : {}),
    });
    const before = host.log.length;
    vm.configure(pluginOf({ name: "probe", configuration: listener === "root" ? ROOT_SCRIPT : "" }));
    rootLines.set(
      listener,
      host.log.slice(before).map(({ text }) => text),
    );
    return vm;
  };
  const vms: Record<ProbeListener, Vm> = {
    plain: start("plain"),
    held: start("held"),
    pruned: start("pruned"),
    small: start("small"),
    root: start("root"),
    trapping: start("trapping"),
  };
  return {
    host,
    observe: (one) => observe(host, vms[one.listener ?? "plain"], one),
    rootLines: (listener) => rootLines.get(listener) ?? [],
  };
}

function observe(host: Host, vm: Vm, one: ProbeCase): Observation {
  const before = host.log.length;
  const attributes: Record<string, AttributeValue | undefined> = {
    ...OF_THE_CONNECTION,
    ...routeOf(one.target ?? "/up", false),
  };
  const stream = vm.stream({
    attributes,
    allowStopIteration: one.listener === "held",
    bufferLimit: one.listener === "small" ? SMALL_LIMIT : 1024 * 1024,
  });
  sendRequest(stream, one);
  if (one.clientLeaves !== undefined) return observeLeaving(host, stream, before, one);
  answerCalls(host, one);
  const { headers } = stream.request;
  if (headers !== undefined && stream.routeIsStale)
    Object.assign(attributes, routeOf(headers.get(":path") ?? "", headers.get("x-marked") === "yes"));
  const heard = route(stream, attributes["xds.route_name"], one);
  answerCalls(host, one);
  const reply = clientReply(stream, one);
  stream.finish();
  answerCalls(host, one);
  return {
    lines: host.log.slice(before).map(({ text }) => text),
    reply,
    details: stream.details ?? "",
    service: heard ? serviceView(stream, one) : "none",
  };
}

function observeLeaving(host: Host, stream: Stream, before: number, one: ProbeCase): Observation {
  stream.details = "downstream_remote_disconnect";
  stream.finish({ turn: one.inOneTurn === true ? "goes on" : "ends" });
  for (const call of [...host.calls.pending]) answerAsService(call, {});
  return {
    lines: host.log.slice(before).map(({ text }) => text),
    reply: "reset",
    details: stream.details,
    service: stream.request.ended ? serviceView(stream, one) : "none",
  };
}

const OF_THE_CONNECTION: Readonly<Record<string, AttributeValue | undefined>> = {
  "request.protocol": "HTTP/1.1",
  "response.flags": 0n,
  "connection.mtls": false,
  "connection.requested_server_name": "",
  "connection.tls_version": undefined,
  "connection.subject_peer_certificate": undefined,
  "connection.uri_san_peer_certificate": undefined,
  "connection.termination_details": undefined,
  "xds.virtual_host_name": "all",
  "xds.filter_chain_name": "",
  "xds.listener_direction": 0n,
  "xds.listener_metadata": new Uint8Array(0),
  "xds.node.id": "",
  metadata: new Uint8Array(0),
};

function routeOf(path: string, isMarked: boolean): Record<string, AttributeValue | undefined> {
  const name = path.startsWith("/direct") ? "direct" : isMarked ? "marked" : "up";
  return {
    "xds.route_name": name,
    "xds.cluster_name": name === "up" ? "service" : undefined,
    "xds.route_metadata": new Uint8Array(0),
    "xds.cluster_metadata": name === "up" ? new Uint8Array(0) : undefined,
  };
}

/** In the order in which HTTP/1.1 of Envoy gives it to filters: the end of a body comes as a part of its own. */
function sendRequest(stream: Stream, one: ProbeCase): void {
  const { method = "GET", target = "/up", headers = [], body, chunked, script } = one;
  const content = body ?? chunked?.body;
  stream.requestHeaders(
    [
      ...([
        [":authority", "probe.test"],
        [":path", target],
        [":method", method],
        [":scheme", "http"],
      ] as const),
      ["x-script", script.trim()],
      ...headers,
      ...(body === undefined ? [] : [["content-length", String(announcedLength(one))] as const]),
      ["x-forwarded-proto", "http"],
    ],
    content === undefined,
  );
  if (content === undefined) return;
  stream.requestData(bytesOf(content), false);
  if (one.clientLeaves === "body") return;
  if (chunked?.trailers === undefined) stream.requestData(new Uint8Array(0), true);
  else stream.requestTrailers(chunked.trailers);
}

/** Whether the service heard of the request. */
function route(
  stream: Stream,
  name: AttributeValue | undefined,
  { service = { body: "up" }, method }: ProbeCase,
): boolean {
  const { request, localReply } = stream;
  if (request.headers === undefined || stream.isReset) return false;
  if (name !== "up") {
    const length = String(name).length;
    const headers: Pairs = [
      [":status", "200"],
      ["content-length", String(length)],
      ["content-type", "text/plain"],
    ];
    stream.responseHeaders(headers, false, "direct_response");
    stream.responseData(bytesOf(String(name)), true);
    return false;
  }
  if (!request.ended || localReply !== undefined || service === "never") return false;
  const { body = "", trailers, status = 200, ends } = service;
  const bodyless = method === "HEAD" || status === 204;
  stream.responseHeaders(answerHeaders(service), bodyless || (body === "" && trailers === undefined));
  if (bodyless) return true;
  if (body !== "") stream.responseData(bytesOf(body), false);
  if (ends !== undefined) {
    stream.isReset = true;
    stream.details = "upstream_reset_after_response_started{protocol_error}";
    return true;
  }
  if (trailers !== undefined) stream.responseTrailers(trailers);
  else if (body !== "") stream.responseData(new Uint8Array(0), true);
  return true;
}

/** As Node's server writes them. */
function answerHeaders({ status = 200, headers = [], body = "", trailers, ends }: ServiceAnswer): Pairs {
  const announced = body.length + (ends === undefined ? 0 : UNSENT);
  const length: Pairs = trailers === undefined && status !== 204 ? [["content-length", String(announced)]] : [];
  const chunked: Pairs = trailers === undefined ? [] : [["transfer-encoding", "chunked"]];
  return [[":status", String(status)], ...headers, ...length, ["connection", "keep-alive"], ...chunked];
}

const REFUSED = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure";
const BROKEN = "upstream connect error or disconnect/reset before headers. reset reason: connection termination";
const LATE = "upstream request timeout";

function answerCalls(host: Host, { callout = {} }: ProbeCase): void {
  for (let [call] = host.calls.pending; call !== undefined; [call] = host.calls.pending) {
    if (call.cluster === "dead") answerAsEnvoy(call, 503, REFUSED);
    else if (callout === "never") answerAsEnvoy(call, 504, LATE);
    else if (callout.ends === "breaks before") answerAsEnvoy(call, 503, BROKEN);
    else if (callout.ends !== undefined) call.breakOff();
    else answerAsService(call, callout);
  }
}

function answerAsService(call: PendingCall, answer: ServiceAnswer): void {
  const headers: Pairs = [...answerHeaders(answer), ["x-envoy-upstream-service-time", "0"]];
  call.answer(headers, bytesOf(answer.body ?? ""), answer.trailers);
}

function answerAsEnvoy(call: PendingCall, status: number, text: string): void {
  const headers: Pairs = [
    [":status", String(status)],
    ["content-length", String(text.length)],
    ["content-type", "text/plain"],
  ];
  call.answer(headers, bytesOf(text));
}

/** What the connection manager makes of an answer: it takes off what is of one connection, and adds date and name. */
function clientReply(stream: Stream, { method }: ProbeCase): Observation["reply"] {
  const { headers, body } = stream.answer;
  if (headers === undefined) return "reset";
  for (const name of ["connection", "transfer-encoding"]) headers.remove(name);
  headers.replace("date", "Thu, 01 Jan 1970 00:00:00 GMT");
  headers.replace("server", "envoy");
  if (stream.isReset) return "reset";
  const status = Number(headers.get(":status"));
  const pairs = headers.pairs().filter(([name]) => !name.startsWith(":"));
  const text = body.map(byteTextOf).join("");
  const length = headers.get("content-length");
  // The HTTP/1.1 codec says of an answer without a body that it has none.
  if (length === undefined && text === "" && status !== 204 && method !== "HEAD") pairs.push(["content-length", "0"]);
  return {
    status,
    headers: withoutWire(pairs),
    body: status === 204 ? "" : text.slice(0, Number(length ?? text.length)),
  };
}

function serviceView({ request: { headers, body } }: Stream, one: ProbeCase): Observation["service"] {
  const method = headers?.get(":method") ?? "";
  const content = body.map(byteTextOf).join("");
  const pairs = headers?.pairs().filter(([name]) => !name.startsWith(":")) ?? [];
  const length: Pairs =
    method === "POST" && one.body === undefined && one.chunked === undefined ? [["content-length", "0"]] : [];
  return {
    method,
    path: headers?.get(":path") ?? "",
    headers: withoutWire([["host", headers?.get(":authority") ?? ""], ...pairs, ...length]),
    body: content,
  };
}
