import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { type Node, nodeAt, type Path } from "../syntax/document.js";
import { removal, removeEntry } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import type { Service } from "./gateway.js";
import { type Endpoint, name, serviceAddress } from "./values.js";

/** Fixed addresses by the zone that they are in. */
export const zones = z
  .record(name, z.array(serviceAddress).min(1).max(1000).describe("Addresses in this zone."))
  .optional()
  .describe("Fixed addresses by the zone that they are in, each an IP address and a port.")
  .meta({ minProperties: 1, examples: [{ "eu-1a": ["10.0.1.7:8080"], "eu-1b": ["10.0.2.7:8080"] }] });

/** Whether a gateway prefers the endpoints of its own zone. */
export const zoneAware = z
  .strictObject({
    minEndpoints: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(
        "All requests stay in the zone of the gateway while so many of its endpoints are healthy; with fewer they are shared as by `evenly`. 1 if absent.",
      ),
    evenly: z
      .literal(true)
      .optional()
      .describe(
        "As many requests stay in the zone as its endpoints would get if all zones were alike, so that none of them has more to do than others. `gateways` says how many send them.",
      ),
  })
  .optional()
  .describe(
    "Requests stay in the zone of the gateway, by `zones` of the service. `sluice run --zone`, or Envoy's own option `--service-zone`, says which that is; without either they go anywhere.",
  );

/** How many gateways there are. */
export const gateways = z
  .record(name, z.int().min(1).max(1000).describe("Gateways in this zone."))
  .optional()
  .describe("How many gateways run in each zone, for services that share requests among zones; one if absent.")
  .meta({ minProperties: 1, examples: [{ "eu-1a": 2, "eu-1b": 4 }] });

/** An address of a service, with its zone where that is said. */
export interface PlacedEndpoint extends Endpoint {
  zone?: string;
}

/** All fixed addresses of a service, and where each stands in it. */
export function endpointsOf({ endpoints = [], zones = {} }: Pick<Service, "endpoints" | "zones">): {
  endpoint: PlacedEndpoint;
  path: Path;
}[] {
  return [
    ...endpoints.map((endpoint, index) => ({ endpoint, path: ["endpoints", index] })),
    ...Object.entries(zones).flatMap(([zone, all]) =>
      all.map((endpoint, index) => ({ endpoint: { ...endpoint, zone }, path: ["zones", zone, index] })),
    ),
  ];
}

const HASHING: readonly string[] = ["ringHash", "maglev"];

/** Zones that change nothing, and preferences that no zones stand for. */
export function checkZones(checked: CheckedGateway): Diagnostic[] {
  const { gateway, root, place } = checked;
  const services = Object.entries(gateway.services);
  const found = services.flatMap(([service, one]) => {
    const path = ["services", service];
    const named = zonesOf(one, path, root);
    const at = place([...path, "zoneAware"], "key");
    if (one.zoneAware === undefined)
      return nodeAt(root, [...path, "zoneAware"]) === undefined && named.length > 0
        ? [diagnose("SL0671", { service }, place(zonesPath(one, path), "key"))]
        : [];
    const { loadBalancing: policy } = one;
    if (policy !== undefined && HASHING.includes(policy)) {
      const node = nodeAt(root, path);
      const fix = removal("remove `zoneAware`", true, removeEntry(node, "zoneAware"));
      return [diagnose("SL0672", { policy }, at, fix)];
    }
    const { minEndpoints, evenly } = one.zoneAware;
    if (minEndpoints !== undefined && evenly)
      return [diagnose("SL0673", {}, place([...path, "zoneAware", "minEndpoints"], "key"))];
    return named.length < 2 ? [diagnose("SL0670", { service }, at)] : [];
  });
  if (gateway.gateways === undefined || services.some(([, { zoneAware }]) => zoneAware !== undefined)) return found;
  return [...found, diagnose("SL0674", {}, place(["gateways"], "key"))];
}

/** Zones that a service, or one of its versions, is in. As written: a name that does not fit has a finding of its own. */
function zonesOf({ versions = {} }: Service, path: Path, root: Node): string[] {
  const all = [path, ...Object.keys(versions).map((version) => [...path, "versions", version])];
  const nodes = all.map((one) => nodeAt(root, [...one, "zones"]));
  return [
    ...new Set(nodes.flatMap((node) => (node?.kind === "map" ? node.entries.map(({ key }) => String(key.value)) : []))),
  ];
}

function zonesPath({ zones, versions = {} }: Service, path: Path): Path {
  if (zones !== undefined) return [...path, "zones"];
  const [version = ""] = Object.entries(versions).flatMap(([name, one]) => (one.zones === undefined ? [] : [name]));
  return [...path, "versions", version, "zones"];
}
