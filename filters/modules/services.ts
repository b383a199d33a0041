import { prepareFetching } from "../authenticate/assembly/key-fetch";
import { openRemoteKeys } from "../authenticate/assembly/remote-keys";
import { exists } from "../lib/region";
import { tickEvery } from "../proxy-wasm/calls";
import { startExport } from "../tracing/assembly/delivery";
import { Configuration } from "./configuration";

// Who asks services of its own accord, and by what clock: a root has one period for all of them. What is done on its ticks stands in service-callbacks.ts.

/** Milliseconds between two ticks. */
const TICK: u32 = 250;

/** Makes the constants; once for a VM. */
export function prepareServices(): void {
  if (AUTH) prepareFetching();
}

/** To be called when a configuration is put to work: no service is asked before the first tick. Where there is none to ask, the host is asked for nothing. */
export function startServices(configuration: Configuration, root: u32): void {
  if (AUTH) openRemoteKeys(configuration.remoteKeys);
  if (TRACING) startExport(configuration.exporters, root);
  if (asksServices(configuration)) tickEvery(TICK);
}

function asksServices(configuration: Configuration): bool {
  if (AUTH && exists(configuration.remoteKeys)) return true;
  return TRACING && configuration.exporters.count !== 0;
}
