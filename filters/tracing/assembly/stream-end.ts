import { exists, none } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";
import { propertyLength, propertyStart, readNumber, readProperty } from "../../proxy-wasm/properties";
import { Status } from "../../proxy-wasm/status";
import { serviceOfCluster } from "./clusters";

// What Envoy tells of a stream at its end. Each question costs a host call that returns bytes, so each is asked once, and only of a stream whose spans are
// made. What Envoy does not know is 0, or empty.

let requestTime: Text = none<Text>();
let requestDuration: Text = none<Text>();
let requestProtocol: Text = none<Text>();
let responseCode: Text = none<Text>();
let responseDetails: Text = none<Text>();
let backendLatency: Text = none<Text>();
let sourceAddress: Text = none<Text>();
let attemptCount: Text = none<Text>();
let upstreamAddress: Text = none<Text>();
let clusterName: Text = none<Text>();
let decisionState: Text = none<Text>();
let convertState: Text = none<Text>();

/** Makes the paths; once for a VM. */
export function prepareQuestions(): void {
  requestTime = keepLiteral("request\0time");
  requestDuration = keepLiteral("request\0duration");
  requestProtocol = keepLiteral("request\0protocol");
  responseCode = keepLiteral("response\0code");
  responseDetails = keepLiteral("response\0code_details");
  backendLatency = keepLiteral("response\0backend_latency");
  sourceAddress = keepLiteral("source\0address");
  attemptCount = keepLiteral("upstream\0request_attempt_count");
  upstreamAddress = keepLiteral("upstream\0address");
  clusterName = keepLiteral("xds\0cluster_name");
  decisionState = keepLiteral("sluice.decision");
  convertState = keepLiteral("sluice.convert");
}

function numberOf(question: Text): u64 {
  const value = readNumber(question.start, question.length);
  return value < 0 ? 0 : <u64>value;
}

/** When the request began, in nanoseconds since 1970. */
export function startOfStream(): u64 {
  return numberOf(requestTime);
}

/** How long it took from its first byte to the last of the answer, in nanoseconds. */
export function lengthOfStream(): u64 {
  return numberOf(requestDuration);
}

/** The status that the client got; 0 if it got none. */
export function statusOfStream(): u64 {
  return numberOf(responseCode);
}

/** How often a service was asked; 0 if none was. */
export function attemptsOfStream(): u64 {
  return numberOf(attemptCount);
}

/** From the first byte that a service got to the last one that it sent, in nanoseconds. */
export function latencyOfService(): u64 {
  return numberOf(backendLatency);
}

// A text that was asked for, until the next question.
let start: usize = 0;
let length: i32 = 0;

export function answerStart(): usize {
  return start;
}

export function answerLength(): i32 {
  return length;
}

function textOf(question: Text): void {
  const found = readProperty(question.start, question.length) === Status.Ok;
  start = found ? propertyStart() : 0;
  length = found ? propertyLength() : 0;
}

export function askProtocol(): void {
  textOf(requestProtocol);
}

/** The client's address with its port. */
export function askSource(): void {
  textOf(sourceAddress);
}

/** The address of the service with its port. */
export function askUpstream(): void {
  textOf(upstreamAddress);
}

/** What the service is called. */
export function askCluster(): void {
  textOf(clusterName);
  const service = serviceOfCluster(start, length);
  if (!exists(service)) return;
  start = service.start;
  length = service.length;
}

/** Why the answer is what it is, in a word of Envoy's. */
export function askDetails(): void {
  textOf(responseDetails);
}

/** What modules in front decided. */
export function askDecision(): void {
  textOf(decisionState);
}

/** When the body stage began and ended to convert the request and the answer. */
export function askConversions(): void {
  textOf(convertState);
}
