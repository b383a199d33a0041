import { exists } from "../lib/region";
import { seedBuckets } from "../proxy-wasm/buckets";
import { readLogLevel } from "../proxy-wasm/log";
import { beginCallback } from "../proxy-wasm/memory";
import { FilterHeadersStatus } from "../proxy-wasm/status";
import { prepareLimits } from "../rate-limit/assembly/phase";
import { prepareTracing } from "../tracing/assembly/constants";
import { prepareAnswers } from "./answers";
import { Configuration, configure } from "./configuration";
import { denyAll, establish } from "./opening";
import { judge } from "./pipeline";
import { prepareResults } from "./results";
import { configurationOf, hasRoots, noteStream } from "./roots";
import { seedVm } from "./secrets";
import { prepareServices, startServices } from "./services";

// The entry points of the modules, and what is done once for a VM.

let hasConstants: bool = false;
let isSeeded: bool = false;

function makeConstants(): void {
  if (hasConstants) return;
  prepareAnswers();
  prepareResults();
  if (RATE_LIMIT) prepareLimits();
  if (TRACING) prepareTracing();
  if (AUTH || TRACING) prepareServices();
  hasConstants = true;
}

/** Makes the hash keys; false if the host gives no random bytes or no shared data. */
function seed(): bool {
  if (!isSeeded) isSeeded = seedVm() && (!RATE_LIMIT || seedBuckets());
  return isSeeded;
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
  if (seed()) {
    const configuration = configure(<i32>size);
    const answer = establish<Configuration>(root, configuration, first);
    if (exists(configuration)) startServices(configuration, root);
    return answer;
  }
  return denyAll<Configuration>(root, "sluice: the host gives no random bytes or shared data");
}

export function proxy_on_request_headers(context: u32, _headers: u32, endOfStream: u32): FilterHeadersStatus {
  beginCallback();
  makeConstants();
  return judge(configurationOf<Configuration>(context), context, endOfStream !== 0);
}
