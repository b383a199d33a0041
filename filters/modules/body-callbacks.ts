import { exists, none } from "../lib/region";
import { compose, composedLength, composedStart, putLiteral } from "../lib/text";
import { log, readLogLevel } from "../proxy-wasm/log";
import { beginCallback } from "../proxy-wasm/memory";
import { FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus, LogLevel } from "../proxy-wasm/status";
import { prepareProblems } from "../soap/assembly/problem";
import { prepareAnswers } from "./answers";
import { answerBody, answerHeaders, answerTrailers, prepareAnswerNames } from "./conversion-answer";
import { prepareRequests, requestBody, requestHeaders, requestTrailers } from "./conversion-request";
import { Conversions, readConversions } from "./conversions";
import { prepareRefusals } from "./refusals";
import { prepareResults } from "./results";
import { configurationOf, hasRoots, noteStream, setRoot } from "./roots";
import { seedVm } from "./secrets";
import { prepareNote } from "./target";

// The entry points of the body stage, and what is done once for a VM.

let hasConstants: bool = false;
let isSeeded: bool = false;

function makeConstants(): void {
  if (hasConstants) return;
  prepareAnswers();
  prepareResults();
  prepareNote();
  prepareRequests();
  prepareAnswerNames();
  prepareRefusals();
  prepareProblems();
  hasConstants = true;
}

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(context: u32, parent: u32): void {
  if (parent !== 0) noteStream(context, parent);
}

/** 0 and 1 as `proxy_on_configure` of the guard has them (callbacks.ts). */
export function proxy_on_configure(root: u32, size: u32): u32 {
  beginCallback();
  readLogLevel();
  makeConstants();
  const first = !hasRoots();
  if (!isSeeded) isSeeded = seedVm();
  if (!isSeeded) return close(root, "sluice: the host gives no random bytes; every request is denied");
  const conversions = readConversions(<i32>size);
  if (!exists(conversions)) {
    if (first) return 0;
    return close(root, "sluice: the configuration cannot be used in this VM; every request is denied");
  }
  if (!setRoot<Conversions>(root, conversions))
    say("sluice: there are too many roots in this VM; every request is denied");
  return 1;
}

/** Denies all requests of a root. */
function close(root: u32, message: string): u32 {
  say(message);
  setRoot<Conversions>(root, none<Conversions>());
  return 1;
}

function say(message: string): void {
  compose(128);
  putLiteral(message);
  log(LogLevel.Error, composedStart(), composedLength());
}

function begin(context: u32): Conversions {
  beginCallback();
  makeConstants();
  return configurationOf<Conversions>(context);
}

export function proxy_on_request_headers(context: u32, _headers: u32, endOfStream: u32): FilterHeadersStatus {
  return requestHeaders(begin(context), endOfStream !== 0);
}

export function proxy_on_request_body(context: u32, size: u32, endOfStream: u32): FilterDataStatus {
  return requestBody(begin(context), <i32>size, endOfStream !== 0);
}

export function proxy_on_request_trailers(context: u32, _trailers: u32): FilterTrailersStatus {
  return requestTrailers(begin(context));
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
