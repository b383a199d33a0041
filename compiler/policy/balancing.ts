import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt, type Path } from "../syntax/document.js";
import { removal, removeEntry, replacement } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { serviceOf, targetsOf } from "./destinations.js";
import type { Service } from "./gateway.js";
import { endpointsOf } from "./zones.js";

/** How services choose among their endpoints, and which of them they leave out. */
export function checkBalancing(checked: CheckedGateway): Diagnostic[] {
  return Object.entries(checked.gateway.services).flatMap(([name, service]) => [
    ...health(name, checked),
    ...slowStart(name, service, checked),
    ...connections(name, service, checked),
    ...outliers(name, service, checked),
  ]);
}

function health(name: string, checked: CheckedGateway): Diagnostic[] {
  const path = ["services", name, "health"];
  // As written: what is not well-formed has a finding of its own.
  const written = (key: string) => nodeAt(checked.root, [...path, key]) !== undefined;
  if (nodeAt(checked.root, path)?.kind !== "map") return [];
  const speaks = checked.gateway.services[name]?.protocol;
  const by = ["path", "tcp", "grpc"].filter(written);
  const [way = speaks === "grpc" ? "grpc" : undefined] = by;
  if (way === undefined || by.length > 1) return [diagnose("SL0640", {}, checked.place(path, "key"))];
  const without: readonly string[] = { path: [], tcp: ["statuses", "host"], grpc: ["statuses"] }[way] ?? [];
  const found = without.filter(written).map((key) => {
    const fix = withoutKey(checked, path, key);
    return diagnose("SL0641", { key, by: way }, checked.place([...path, key], "key"), fix);
  });
  if (way !== "grpc" || speaks === "http2" || speaks === "grpc") return found;
  return [...found, diagnose("SL0646", { service: name }, checked.place([...path, "grpc"], "key"))];
}

const RISING: readonly string[] = ["roundRobin", "leastRequest"];

function slowStart(name: string, service: Service, checked: CheckedGateway): Diagnostic[] {
  const { loadBalancing: policy = "roundRobin" } = service;
  if (service.slowStart === undefined || RISING.includes(policy)) return [];
  const path = ["services", name];
  const fix = withoutKey(checked, path, "slowStart");
  return [diagnose("SL0642", { policy }, checked.place([...path, "slowStart"], "key"), fix)];
}

function connections(name: string, { circuitBreakers = {} }: Service, { root, place }: CheckedGateway): Diagnostic[] {
  const { connections, requests } = circuitBreakers;
  if (connections === undefined || requests === undefined || connections <= requests) return [];
  const path = ["services", name, "circuitBreakers", "connections"];
  const fix = replacement(`write \`connections: ${requests}\``, nodeAt(root, path), String(requests));
  return [diagnose("SL0644", { connections, requests }, place(path), fix)];
}

/** How many endpoints a name leads to is not known before it is resolved. */
function outliers(name: string, service: Service, { root, place }: CheckedGateway): Diagnostic[] {
  const { outliers } = service;
  const endpoints = endpointsOf(service);
  if (endpoints.length === 0 || outliers === undefined) return [];
  const percent = outliers.maxEjectionPercent;
  if ((endpoints.length * percent) / 100 >= 1) return [];
  const count = endpoints.length === 1 ? "one endpoint" : `${endpoints.length} endpoints`;
  const path = ["services", name, "outliers"];
  const enough = `${Math.ceil(100 / endpoints.length)}%`;
  const value = nodeAt(root, [...path, "maxEjectionPercent"]);
  const node = nodeAt(root, ["services", name]);
  // Of several endpoints one may be left out; of a single one nobody would be left.
  const fix =
    endpoints.length > 1
      ? replacement(`write \`maxEjectionPercent: ${enough}\``, value, enough)
      : removal("remove `outliers`", false, removeEntry(node, "outliers"));
  return [diagnose("SL0645", { percent: `${percent}%`, endpoints: count }, place(path, "key"), fix)];
}

const HASHING: readonly string[] = ["ringHash", "maglev"];

/** Routes say what is hashed, services whether: one without the other has no effect. */
export function checkHashes(checked: CheckedGateway): Diagnostic[] {
  const { gateway, place } = checked;
  return gateway.routes.flatMap((route, index) => {
    const { hashBy } = route;
    const to = targetsOf(route);
    const hashing = to.flatMap(({ service }) => {
      const policy = serviceOf(service, gateway)?.loadBalancing;
      return policy !== undefined && HASHING.includes(policy) ? [{ service, policy }] : [];
    });
    const [first] = hashing;
    const path = ["routes", index];
    if (hashBy === undefined) return first === undefined ? [] : [diagnose("SL0322", first, place([...path, "to"]))];
    if (first !== undefined || to.length === 0) return [];
    return [diagnose("SL0323", {}, place([...path, "hashBy"], "key"), withoutKey(checked, path, "hashBy"))];
  });
}

function withoutKey({ root }: CheckedGateway, path: Path, key: string) {
  const node = nodeAt(root, path);
  return removal(`remove \`${key}\``, true, removeEntry(node, key));
}
