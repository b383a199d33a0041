import { exists } from "../lib/region";
import { readLogLevel } from "../proxy-wasm/log";
import { beginCallback } from "../proxy-wasm/memory";
import { FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "../proxy-wasm/status";
import { prepareProblems } from "../soap/assembly/problem";
import { prepareAnswers } from "./answers";
import { answerBody, answerHeaders, answerTrailers, prepareAnswerNames } from "./conversion-answer";
import { prepareRequests, requestBody, requestHeaders, requestTrailers } from "./conversion-request";
import { prepareTimes } from "./conversion-times";
import { Conversions, readConversions } from "./conversions";
import { digestBody, digestHeaders, digestTrailers, prepareDigests } from "./digest-request";
import { denyAll, establish } from "./opening";
import { prepareRefusals } from "./refusals";
import { prepareResults } from "./results";
import { configurationOf, hasRoots, noteStream } from "./roots";
import { seedVm } from "./secrets";
import { prepareTargets } from "./target";

// The entry points of the body stage, and what is done once for a VM.

let hasConstants: bool = false;
let isSeeded: bool = false;

function makeConstants(): void {
  if (hasConstants) return;
  prepareAnswers();
  prepareResults();
  prepareTargets();
  prepareRequests();
  prepareAnswerNames();
  prepareRefusals();
  prepareTimes();
  if (!LONE) prepareDigests();
  prepareProblems();
  hasConstants = true;
}

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(context: u32, parent: u32): void {
  if (parent !== 0) noteStream(context, parent);
}

/** `establish` tells what it gives. */
export function proxy_on_configure(root: u32, size: u32): u32 {
  beginCallback();
  readLogLevel();
  makeConstants();
  const first = !hasRoots();
  if (!isSeeded) isSeeded = seedVm();
  if (isSeeded) return establish<Conversions>(root, readConversions(<i32>size), first);
  return denyAll<Conversions>(root, "sluice: the host gives no random bytes");
}

function begin(context: u32): Conversions {
  beginCallback();
  makeConstants();
  return configurationOf<Conversions>(context);
}

/** Whether a root converts nothing, and compares bodies with their digests. */
function compares(root: Conversions): bool {
  return !LONE && exists(root) && exists(root.digests);
}

export function proxy_on_request_headers(context: u32, _headers: u32, endOfStream: u32): FilterHeadersStatus {
  const root = begin(context);
  if (compares(root)) return digestHeaders(root.digests, endOfStream !== 0);
  return requestHeaders(root, endOfStream !== 0);
}

export function proxy_on_request_body(context: u32, size: u32, endOfStream: u32): FilterDataStatus {
  const root = begin(context);
  if (compares(root)) return digestBody(root.digests, <i32>size, endOfStream !== 0);
  return requestBody(root, <i32>size, endOfStream !== 0);
}

export function proxy_on_request_trailers(context: u32, _trailers: u32): FilterTrailersStatus {
  const root = begin(context);
  if (compares(root)) return digestTrailers(root.digests);
  return requestTrailers(root);
}

export function proxy_on_response_headers(context: u32, _headers: u32, endOfStream: u32): FilterHeadersStatus {
  return answerHeaders(begin(context), endOfStream !== 0);
}

export function proxy_on_response_body(context: u32, size: u32, endOfStream: u32): FilterDataStatus {
  return answerBody(begin(context), <i32>size, endOfStream !== 0);
}

export function proxy_on_response_trailers(context: u32, _trailers: u32): FilterTrailersStatus {
  return answerTrailers(begin(context));
}
