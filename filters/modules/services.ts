import { prepareFetching } from "../authenticate/assembly/key-fetch";
import { openRemoteKeys } from "../authenticate/assembly/remote-keys";
import { exists } from "../lib/region";
import { tickEvery } from "../proxy-wasm/calls";
import { BEAT } from "../proxy-wasm/vms";
import { hasFlights } from "../rate-limit/assembly/policy";
import { startExport } from "../tracing/assembly/delivery";
import { Configuration } from "./configuration";

// Who asks services of its own accord, and by what clock: a root has one period for all of them. What is done on its ticks stands in service-callbacks.ts.

/** Milliseconds between two ticks. */
const TICK: u32 = 250;

/** Makes the constants; once for a VM. */
export function prepareServices(): void {
  if (AUTH) prepareFetching();
}

/** To be called when a configuration is put to work: no service is asked before the first tick. Where nothing goes by the clock, the host is asked for nothing. */
export function startServices(configuration: Configuration, root: u32): void {
  if (AUTH) openRemoteKeys(configuration.remoteKeys);
  if (TRACING) startExport(configuration.exporters, root);
  if (period(configuration) !== 0) tickRegularly(configuration);
}

/** Lets the host call the root at hand as often as its configuration needs it. */
export function tickRegularly(configuration: Configuration): void {
  tickEvery(period(configuration));
}

/** Lets the host call the root at hand as soon as it can, and again and again. */
export function tickSoon(): void {
  tickEvery(1);
}

function period(configuration: Configuration): u32 {
  if (asksServices(configuration)) return TICK;
  return RATE_LIMIT && hasFlights() ? BEAT : 0;
}

function asksServices(configuration: Configuration): bool {
  if (AUTH && exists(configuration.remoteKeys)) return true;
  return TRACING && configuration.exporters.count !== 0;
}
