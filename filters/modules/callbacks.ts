import { exists, none } from "../lib/region";
import { compose, composedLength, composedStart, putLiteral } from "../lib/text";
import { log, readLogLevel } from "../proxy-wasm/log";
import { beginCallback } from "../proxy-wasm/memory";
import { FilterHeadersStatus, LogLevel } from "../proxy-wasm/status";
import { prepareLimits } from "../rate-limit/assembly/phase";
import { prepareAnswers } from "./answers";
import { Configuration, configure } from "./configuration";
import { judge } from "./pipeline";
import { prepareResults } from "./results";
import { configurationOf, hasRoots, noteStream, setRoot } from "./roots";
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

/**
 * 0 for a configuration that cannot be used, in a VM that serves nothing yet: Envoy tries each configuration in such a VM first, and then keeps its old
 * one or refuses to start. What goes wrong only later is answered with 1, and every request of the root is denied: where a worker gets 0 after the
 * trial has passed, Envoy 1.40 leaves the filter out and lets everything through (test/host/workers.test.ts).
 */
export function proxy_on_configure(root: u32, size: u32): u32 {
  beginCallback();
  readLogLevel();
  makeConstants();
  const first = !hasRoots();
  if (!seed()) return close(root, "sluice: the host gives no random bytes or shared data; every request is denied");
  const configuration = configure(<i32>size);
  if (!exists(configuration)) {
    if (first) return 0;
    return close(root, "sluice: the configuration cannot be used in this VM; every request is denied");
  }
  if (!setRoot<Configuration>(root, configuration))
    say("sluice: there are too many roots in this VM; every request is denied");
  return 1;
}

/** Denies all requests of a root. */
function close(root: u32, message: string): u32 {
  say(message);
  // Where it finds no place, the root is unknown, and denied as well.
  setRoot<Configuration>(root, none<Configuration>());
  return 1;
}

function say(message: string): void {
  compose(128);
  putLiteral(message);
  log(LogLevel.Error, composedStart(), composedLength());
}

export function proxy_on_request_headers(context: u32, _headers: u32, endOfStream: u32): FilterHeadersStatus {
  beginCallback();
  makeConstants();
  return judge(configurationOf<Configuration>(context), endOfStream !== 0);
}
