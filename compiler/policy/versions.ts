import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt, type Path } from "../syntax/document.js";
import type { CheckedGateway } from "./check.js";
import { destinationsOf, serviceOf } from "./destinations.js";
import type { Gateway, Service } from "./gateway.js";
import { unknownName } from "./references.js";

/** A service as routes can mean it: with the place of its active version, or of another one. */
export interface NamedService {
  /** That of the service, or `orders.green`: no name in a file has a dot. */
  name: string;
  service: Service;
  /** Of the service in the file. */
  base: string;
  /** Where it says where it is. */
  path: Path;
  /** Absent if it is what routes mean that name no version. */
  version?: string;
}

/** All services, those with versions once for each. */
export function namedServices({ services }: Pick<Gateway, "services">): NamedService[] {
  return Object.entries(services).flatMap(([base, service]): NamedService[] => {
    const path = ["services", base];
    if (service.versions === undefined) return [{ name: base, service, base, path }];
    return Object.entries(service.versions).map(([version, where]) => ({
      ...(version === service.active ? { name: base } : { name: `${base}.${version}`, version }),
      service: { ...service, ...where },
      base,
      path: [...path, "versions", version],
    }));
  });
}

/** The name in the plan of what a route leads to. */
export function versionName(
  gateway: Gateway,
  { service, version }: { service: string; version?: string | undefined },
): string {
  const { active } = serviceOf(service, gateway) ?? {};
  return version === undefined || version === active ? service : `${service}.${version}`;
}

/** Versions that nobody has, and services with versions of which none is the one that is meant. */
export function checkVersions(checked: CheckedGateway): Diagnostic[] {
  const { gateway, root, place } = checked;
  const ofServices = Object.entries(gateway.services).flatMap(([name, { active, versions }]) => {
    const path = ["services", name];
    const has = nodeAt(root, [...path, "versions"]) !== undefined;
    const isNamed = nodeAt(root, [...path, "active"]) !== undefined;
    if (has !== isNamed) return [diagnose("SL0650", { service: name }, place(path, "key"))];
    if (active === undefined || versions === undefined) return [];
    return Object.hasOwn(versions, active)
      ? []
      : [unknownName("version", active, Object.keys(versions), place([...path, "active"]))];
  });
  const ofRoutes = gateway.routes.flatMap((route, index) => [
    ...destinationsOf(route, index).flatMap(({ to, path }) =>
      to.flatMap((target, position) => unknown(checked, target, [...path, position, "version"])),
    ),
    ...(route.mirror ?? []).flatMap((target, position) =>
      unknown(checked, target, ["routes", index, "mirror", position, "version"]),
    ),
  ]);
  return [...ofServices, ...ofRoutes];
}

function unknown(
  { gateway, place }: CheckedGateway,
  { service, version }: { service: string; version?: string | undefined },
  path: Path,
): Diagnostic[] {
  // A service that nobody knows has a finding of its own.
  const known = serviceOf(service, gateway);
  if (version === undefined || known === undefined) return [];
  const versions = Object.keys(known.versions ?? {});
  return versions.includes(version) ? [] : [unknownName("version", version, versions, place(path))];
}
