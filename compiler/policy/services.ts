import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { type Entry, type Node, nodeAt, type Path } from "../syntax/document.js";
import { replaceEntry } from "../syntax/edits.js";
import { checkAccessLogs } from "./access-log.js";
import { checkBalancing } from "./balancing.js";
import type { CheckedGateway } from "./check.js";
import { checkCircles } from "./circles.js";
import { checkCredentials } from "./credentials.js";
import { checkDiscovery } from "./discovery.js";
import { checkFailover } from "./failover.js";
import type { Service } from "./gateway.js";
import { checkShedding } from "./shedding.js";
import { checkSidecar } from "./sidecar.js";
import { checkTransport } from "./transport.js";
import { checkTrust } from "./trust.js";
import { canonicalHost, isIpAddress } from "./values.js";
import { checkVersions, namedServices } from "./versions.js";
import { checkZones, endpointsOf } from "./zones.js";

/** Services, listeners and consumers: what the schema alone cannot say of them. */
export function checkServices(checked: CheckedGateway): Diagnostic[] {
  return [
    ...services(checked),
    ...checkBalancing(checked),
    ...checkDiscovery(checked),
    ...checkFailover(checked),
    ...checkCircles(checked),
    ...checkVersions(checked),
    ...checkZones(checked),
    ...checkShedding(checked),
    ...listeners(checked),
    ...checkSidecar(checked),
    ...checkTransport(checked),
    ...checkTrust(checked),
    ...checkAccessLogs(checked),
    ...checkCredentials(checked),
  ];
}

function services({ gateway, root, place }: CheckedGateway): Diagnostic[] {
  // As written: what is not well-formed has a finding of its own.
  const written = (path: Path, keys: readonly string[]) =>
    keys.filter((key) => nodeAt(root, [...path, key]) !== undefined);
  const unclear = Object.keys(gateway.services).flatMap((name) => {
    const path = ["services", name];
    const found = written(path, ["endpoints", "zones", "dns", "eds", "versions"]).length === 1;
    return found ? [] : [diagnose("SL0601", { service: name }, place(path, "key"))];
  });
  const places = namedServices(gateway).flatMap(({ base, version, service, path }) => {
    const isVersion = service.versions !== undefined;
    if (written(path, ["endpoints", "zones", "dns", "eds"]).length !== 1)
      return isVersion ? [diagnose("SL0651", { version: version ?? service.active ?? base }, place(path, "key"))] : [];
    return misplaced(service, path, { root, place });
  });
  return [...unclear, ...places];
}

/** Names among addresses, and an address in place of a name. */
function misplaced(
  service: Service,
  path: Path,
  { root, place }: Pick<CheckedGateway, "root" | "place">,
): Diagnostic[] {
  const byName = endpointsOf(service).flatMap(({ endpoint, path: own }) =>
    isIpAddress(endpoint.host)
      ? []
      : [
          diagnose(
            "SL0602",
            { host: endpoint.host },
            place([...path, ...own]),
            service.endpoints?.length === 1 ? asDns(nodeAt(root, path)) : {},
          ),
        ],
  );
  if (service.dns === undefined || !isIpAddress(service.dns.host)) return byName;
  const fix = asEndpoints(nodeAt(root, path));
  const at = nodeAt(root, [...path, "dns"])?.kind === "map" ? [...path, "dns", "name"] : [...path, "dns"];
  return [...byName, diagnose("SL0603", { host: service.dns.host }, place(at), fix)];
}

/** `endpoints: [a.example.com:80]` as `dns: a.example.com:80`. */
function asDns(service: Node | undefined): { fix?: Fix } {
  const entry = entryOf(service, "endpoints");
  const [item] = entry?.value.kind === "list" ? entry.value.items : [];
  if (entry === undefined || item?.kind !== "scalar" || typeof item.value !== "string") return {};
  const edits = replaceEntry(entry, "dns", JSON.stringify(item.value));
  return edits === undefined ? {} : { fix: { title: "make it `dns`", safe: true, edits } };
}

/** `dns: 10.0.0.1:80` as `endpoints: ["10.0.0.1:80"]`. */
function asEndpoints(service: Node | undefined): { fix?: Fix } {
  const entry = entryOf(service, "dns");
  if (entry?.value.kind !== "scalar" || typeof entry.value.value !== "string") return {};
  const edits = replaceEntry(entry, "endpoints", `[${JSON.stringify(entry.value.value)}]`);
  return edits === undefined ? {} : { fix: { title: "make it `endpoints`", safe: true, edits } };
}

function entryOf(node: Node | undefined, key: string): Entry | undefined {
  return node?.kind === "map" ? node.entries.find((entry) => entry.key.value === key) : undefined;
}

function listeners({ gateway, place }: CheckedGateway): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, string>();
  for (const [name, listener] of Object.entries(gateway.listeners)) {
    const path = ["listeners", name, "address"];
    const { host, port } = listener.address;
    if (!isIpAddress(host)) diagnostics.push(diagnose("SL0604", { host }, place(path)));
    const [key, first] = [`${canonicalHost(host)} ${port}`, sharing(seen, host, port)];
    if (first !== undefined && port !== 0)
      diagnostics.push(
        diagnose("SL0605", { listener: first }, place(path), {
          related: [{ message: "first used here", span: place(["listeners", first, "address"]) }],
        }),
      );
    seen.set(key, name);
    if (listener.escapedSlashes !== "reject")
      diagnostics.push(
        diagnose(
          "SL0606",
          { option: "escapedSlashes", value: listener.escapedSlashes },
          place(["listeners", name, "escapedSlashes"]),
        ),
      );
    if (listener.headerUnderscores !== "reject")
      diagnostics.push(
        diagnose(
          "SL0606",
          { option: "headerUnderscores", value: listener.headerUnderscores },
          place(["listeners", name, "headerUnderscores"]),
        ),
      );
  }
  return diagnostics;
}

/** The listener before that has the same address, or takes connections to it too: `[::]` those to every address of IPv4. */
function sharing(seen: ReadonlyMap<string, string>, host: string, port: number): string | undefined {
  const own = canonicalHost(host);
  const alike = own === "::" ? ["::", "0.0.0.0"] : own === "0.0.0.0" ? ["0.0.0.0", "::"] : [own];
  return alike.flatMap((one) => seen.get(`${one} ${port}`) ?? [])[0];
}
