import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt } from "../syntax/document.js";
import { removal, removeEntry } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { type EndpointList, readEndpointList } from "./endpoint-list.js";
import type { Gateway } from "./gateway.js";
import type { Place } from "./issues.js";
import type { NamedFiles } from "./named-files.js";
import { positiveDuration, serviceAddress } from "./values.js";
import { namedServices } from "./versions.js";

const manyAddresses = z
  .strictObject({
    name: serviceAddress.describe("A host name and a port.").meta({ examples: ["orders.internal:8080"] }),
    addresses: z
      .enum(["all", "first"])
      .default("all")
      .describe(
        "Which of the addresses that the name has are endpoints. `first`: new connections go to the first of the newest answer, and old ones stay; for names with many addresses that change with each answer.",
      ),
    refresh: positiveDuration.optional().describe("Time between two questions; 5s if absent."),
  })
  .transform(({ name, ...how }) => ({ ...name, ...how }));

/** The name of a service, and how it is resolved. */
export const dns = z
  .union([
    serviceAddress.transform((name) => ({ ...name, addresses: "all" as const, refresh: undefined })),
    manyAddresses,
  ])
  .optional()
  .describe("A host name and a port; the name is resolved again and again while running.")
  .meta({ examples: ["orders.internal:8080", { name: "orders.internal:8080", addresses: "first" }] });

/** Envoy takes the format from the name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const FILE = /^(file:[^\x00-\x1f\x7f]+|mounted:(\/(?!\.{1,2}(\/|$))[^/\x00-\x1f\x7f]+)+)\.(yaml|yml|json)$/;

/** A file that says where the endpoints of a service are, and that may change while Envoy runs. */
export const eds = z
  .string()
  .max(1024)
  .regex(
    FILE,
    "write `file:` and a path beside this file, or `mounted:` and an absolute path that Envoy reads; the name ends in .yaml, .yml or .json",
  )
  .transform((text) =>
    text.startsWith("file:") ? { beside: text.slice("file:".length) } : { mounted: text.slice("mounted:".length) },
  )
  .optional()
  .describe(
    "A file with the endpoints, as Envoy's endpoint discovery has them (`ClusterLoadAssignment`). One that is renamed into its place holds at once, without a restart. `file:` is beside the policy and is checked with it; `mounted:` is read by Envoy only.",
  )
  .meta({ examples: ["file:orders.endpoints.yaml", "mounted:/var/lib/discovery/orders.yaml"] });

/** What files say of services, by the name of the service in the plan. */
export type Discovered = ReadonlyMap<string, EndpointList>;

/** Reads the files beside the policy that say where services are. */
export function discover(
  { gateway, place }: { gateway: Gateway; place: Place },
  files: NamedFiles,
  report: (finding: Diagnostic) => void,
): Discovered {
  const found = new Map<string, EndpointList>();
  for (const { name, base, version, path, service } of namedServices(gateway)) {
    if (service.eds?.beside === undefined) continue;
    const from = place([...path, "eds"]);
    const file = files.read(service.eds.beside, from, report);
    if (file === undefined) continue;
    const list = readEndpointList(file, edsName(base, version ?? service.active), from, report);
    if (list !== undefined) found.set(name, list);
  }
  return found;
}

/** The name of a service in its file: that of the version too, whichever is active. */
export function edsName(base: string, version: string | undefined): string {
  return version === undefined ? base : `${base}.${version}`;
}

/** Keys that say how to choose among several endpoints, where there is one. */
const CHOOSING = ["loadBalancing", "slowStart", "panic"] as const;

/** Balancing among the addresses of a name of which only the first counts. */
export function checkDiscovery({ gateway, root, place }: CheckedGateway): Diagnostic[] {
  return Object.entries(gateway.services).flatMap(([service, { dns }]) => {
    if (dns?.addresses !== "first") return [];
    const path = ["services", service];
    return CHOOSING.flatMap((key) => {
      const node = nodeAt(root, path);
      if (node?.kind !== "map" || nodeAt(node, [key]) === undefined) return [];
      const fix = removal(`remove \`${key}\``, true, removeEntry(node, key));
      return [diagnose("SL0657", { key, service }, place([...path, key], "key"), fix)];
    });
  });
}
