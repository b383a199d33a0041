import { exists } from "../lib/region";
import { compose, composedLength, composedStart, putLiteral } from "../lib/text";
import { log, readLogLevel } from "../proxy-wasm/log";
import { beginCallback } from "../proxy-wasm/memory";
import { FilterHeadersStatus, LogLevel } from "../proxy-wasm/status";
import { prepareLimits } from "../rate-limit/assembly/phase";
import { prepareAnswers } from "./answers";
import { configure } from "./configuration";
import { judge } from "./pipeline";
import { prepareResults } from "./results";
import { configurationOf, noteStream, setRoot } from "./roots";
import { seedVm, seedWorkers } from "./secrets";

// The entry points of the modules, and what is done once for a VM.

let hasConstants: bool = false;
let isSeeded: bool = false;

function makeConstants(): void {
  if (hasConstants) return;
  prepareAnswers();
  prepareResults();
  if (RATE_LIMIT) prepareLimits();
  hasConstants = true;
}

/** Makes the hash keys; false if the host gives no random bytes or no shared data. */
function seed(): bool {
  if (!isSeeded) isSeeded = seedVm() && (!RATE_LIMIT || seedWorkers());
  return isSeeded;
}

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(context: u32, parent: u32): void {
  if (parent !== 0) noteStream(context, parent);
}

/** 1 if the root can be served with its configuration. Envoy keeps its old one, or refuses to start, otherwise. */
export function proxy_on_configure(root: u32, size: u32): u32 {
  beginCallback();
  readLogLevel();
  makeConstants();
  if (!seed()) return fail("sluice: the host gives no random bytes or shared data");
  const configuration = configure(<i32>size);
  if (!exists(configuration)) return 0;
  return setRoot(root, configuration) ? 1 : fail("sluice: there are too many roots in this VM");
}

function fail(message: string): u32 {
  compose(128);
  putLiteral(message);
  log(LogLevel.Error, composedStart(), composedLength());
  return 0;
}

export function proxy_on_request_headers(context: u32, _headers: u32, endOfStream: u32): FilterHeadersStatus {
  beginCallback();
  makeConstants();
  return judge(configurationOf(context), endOfStream !== 0);
}
