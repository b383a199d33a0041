import { BootstrapSchema } from "../generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { RouteConfigurationSchema } from "../generated/envoy/config/route/v3/route_pb.js";
import { allOf, join, type Tree, type Violation } from "./located.js";

/** Clusters and listeners of one name: Envoy refuses the clusters, and of the listeners silently keeps the last. */
export function resourceNames(tree: Tree): Violation[] {
  return allOf(tree, BootstrapSchema).flatMap(({ message, path }) => {
    const resources = message.staticResources;
    const clusters = resources?.clusters ?? [];
    const listeners = resources?.listeners ?? [];
    const at = (list: string) => (index: number) => join(path, `static_resources.${list}[${index}].name`);
    return [
      ...repeated(
        clusters.map(({ name }) => name),
        at("clusters"),
        "cluster",
      ),
      // Without a name each listener is one of its own.
      ...repeated(
        listeners.map(({ name }) => (name === "" ? undefined : name)),
        at("listeners"),
        "listener",
      ),
    ];
  });
}

/** A domain stands once in a route configuration, whatever its case. */
export function domains(tree: Tree): Violation[] {
  return allOf(tree, RouteConfigurationSchema).flatMap(({ message, path }) => {
    const all = message.virtualHosts.flatMap((host, index) =>
      host.domains.map((domain, at) => ({
        domain: domain.toLowerCase(),
        path: join(path, `virtual_hosts[${index}].domains[${at}]`),
      })),
    );
    return repeated(
      all.map(({ domain }) => domain),
      (index) => all[index]?.path ?? path,
      "domain",
    );
  });
}

function repeated(names: (string | undefined)[], at: (index: number) => string, what: string): Violation[] {
  const first = new Map<string, number>();
  return names.flatMap((name, index) => {
    if (name === undefined) return [];
    const before = first.get(name);
    if (before !== undefined) return [{ path: at(index), message: `${what} ${name} is already at ${at(before)}` }];
    first.set(name, index);
    return [];
  });
}
