import type { EndpointList } from "../policy/endpoint-list.js";
import type { Service } from "../policy/gateway.js";
import { endpointsOf } from "../policy/zones.js";
import type { Discovery, GatewayPlan } from "./plan.js";

/**
 * Where a service is, and how that is found out.
 *
 * @param name of the service in its file, if it has one
 * @param list what that file says; absent where it was not read
 */
export function planDiscovery(service: Service, name: string, list?: EndpointList): Discovery {
  const { dns, eds } = service;
  if (dns !== undefined) {
    const { host, port, addresses, refresh } = dns;
    return {
      by: "dns",
      endpoints: [{ host, port }],
      ...(addresses === "first" ? { addresses } : {}),
      ...(refresh === undefined ? {} : { refreshMs: refresh }),
    };
  }
  if (eds?.mounted !== undefined) return { by: "eds", endpoints: [], name, file: { mounted: eds.mounted } };
  // Of a file that could not be read there is an error, and the plan goes nowhere.
  if (eds !== undefined)
    return {
      by: "eds",
      endpoints: list?.endpoints ?? [],
      name,
      file: { beside: list?.path ?? "", text: list?.text ?? "" },
    };
  return { by: "static", endpoints: endpointsOf(service).map(({ endpoint }) => endpoint) };
}

/** Files that services are found by and that Envoy reads as they stand: absolute paths. */
export function mountedEndpoints({ services }: GatewayPlan): string[] {
  return services.flatMap(({ discovery }) =>
    discovery.by === "eds" && "mounted" in discovery.file ? [discovery.file.mounted] : [],
  );
}

/** Files beside the policy that services are found by, as they are handed to the target: `orders.yaml`, or `orders.green.yaml` of a version. */
export function endpointTexts({ services }: GatewayPlan): { name: string; text: string }[] {
  return services.flatMap(({ discovery }) =>
    discovery.by === "eds" && "text" in discovery.file
      ? [{ name: endpointFile(discovery.name, discovery.file.beside), text: discovery.file.text }]
      : [],
  );
}

/** Envoy takes the format from the end of the name. */
export function endpointFile(service: string, path: string): string {
  return `${service}${path.slice(path.lastIndexOf("."))}`;
}
