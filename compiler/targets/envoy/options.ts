import type { Span } from "../../syntax/source.js";
import { provenance } from "../provenance.js";

export interface Address {
  address: string;
  port: number;
}

/** What of the output is not said by the policy file. Everything has a default; `sluice run` and the tests change some. */
export interface EnvoyOptions {
  /** Folder of the `.wasm` files, relative to Envoy's working directory. */
  modulesDir: string;
  /** Folder of the files that say where certificates are, as `modulesDir`. */
  secretsDir: string;
  /** Folder of the files that say where services are, as `modulesDir`. */
  endpointsDir: string;
  admin: Address | undefined;
  /** Other addresses for listeners, by name: to run beside something that has the port. */
  listeners: Readonly<Record<string, Address>>;
  /** Other endpoints for services, by name. */
  endpoints: Readonly<Record<string, readonly { host: string; port: number }[]>>;
  /** A file that gets one JSON line a request: request id, status, route, decision. */
  accessLog: string | undefined;
  /** Zone that Envoy is in, if its command line does not say so. */
  zone: string | undefined;
  /** Name of the guard's VM, in place of that of the gateway: VMs of one name share data. */
  vmId: string | undefined;
  /** What services that count for all gateways know it by, in place of its name. */
  limitDomain?: string;
  /** Clients may show certificates, whatever the listeners say. */
  asksClients?: boolean;
}

/** As `accessLog`: Envoy's standard output, which is not always a file that can be opened. */
export const STANDARD_OUTPUT = "-";

export const DEFAULT_OPTIONS: EnvoyOptions = {
  modulesDir: "modules",
  secretsDir: "secrets",
  endpointsDir: "endpoints",
  admin: { address: "127.0.0.1", port: 9901 },
  listeners: {},
  endpoints: {},
  accessLog: undefined,
  zone: undefined,
  vmId: undefined,
};

/** @param more what else is known of it, for filters and logs */
export function originMetadata(span: Span, more: Readonly<Record<string, string>> = {}) {
  return { filterMetadata: { sluice: { origin: provenance(span), ...more } } };
}
