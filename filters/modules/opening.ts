import { beginDocument, composeProblem, documentIsWrong, NOWHERE, openDocument, refuse } from "../lib/document";
import { beginKeeping, exists, keepExhausted, none } from "../lib/region";
import { compose, composedLength, composedStart, putLiteral } from "../lib/text";
import { readConfiguration } from "../proxy-wasm/configuration";
import { openEnvironment } from "../proxy-wasm/environment";
import { log } from "../proxy-wasm/log";
import { LogLevel } from "../proxy-wasm/status";
import { setRoot } from "./roots";

// What every module does around the reading of its own configuration.

const LARGEST: i32 = 16 << 20;

/** Opens the configuration of `length` bytes as a document; false, with a problem noted, if that cannot be done. */
export function openConfiguration(length: i32): bool {
  beginKeeping();
  beginDocument();
  if (length <= 0) return refuse(NOWHERE, "there is no configuration");
  if (length > LARGEST) return refuse(NOWHERE, "the configuration is larger than 16 MiB");
  const start = readConfiguration(length);
  if (start === 0) return refuse(NOWHERE, "the host does not give the configuration");
  return openDocument(start, length);
}

/** Opens the variables that it may refer to; false, with a problem noted, if the host does not give them. */
export function openVariables(): bool {
  return openEnvironment() || refuse(NOWHERE, "the host does not give the environment");
}

/** What was read, or the missing record, with the reason logged, if it cannot be used. */
export function checked<T>(record: T): T {
  if (exists(record) && !keepExhausted()) return record;
  if (documentIsWrong()) {
    composeProblem();
    log(LogLevel.Error, composedStart(), composedLength());
  } else say("sluice: the configuration needs more memory than the module may have");
  return none<T>();
}

/**
 * Puts what was read to work: what `proxy_on_configure` is to give. 0 for a configuration that cannot be used, in a VM that serves nothing yet: Envoy
 * tries each configuration in such a VM first, and then keeps its old one or refuses to start. What goes wrong only later is answered with 1, and every
 * request of the root is denied: where a worker gets 0 after the trial has passed, Envoy 1.40 leaves the filter out and lets everything through
 * (test/host/workers.test.ts).
 *
 * @param first whether the VM serves nothing yet
 */
export function establish<T>(root: u32, record: T, first: bool): u32 {
  if (!exists(record)) {
    if (first) return 0;
    return denyAll<T>(root, "sluice: the configuration cannot be used in this VM");
  }
  if (!setRoot<T>(root, record)) sayWhatFollows("sluice: there are too many roots in this VM");
  return 1;
}

/** Denies all requests of a root; a module that only traces lets them pass. */
export function denyAll<T>(root: u32, message: string): u32 {
  sayWhatFollows(message);
  // Where it finds no place, the root is unknown, and denied as well.
  setRoot<T>(root, none<T>());
  return 1;
}

const ONLY_TRACES: bool = TRACING && !AUTH && !RATE_LIMIT;

function sayWhatFollows(message: string): void {
  compose(160);
  putLiteral(message);
  putLiteral(ONLY_TRACES ? "; requests pass without a trace" : "; every request is denied");
  log(LogLevel.Error, composedStart(), composedLength());
}

function say(message: string): void {
  compose(128);
  putLiteral(message);
  log(LogLevel.Error, composedStart(), composedLength());
}
