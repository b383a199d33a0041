import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  OverloadActionSchema,
  OverloadManagerSchema,
  ResourceMonitorSchema,
} from "../../envoy/generated/envoy/config/overload/v3/overload_pb.js";
import { DownstreamConnectionsConfigSchema } from "../../envoy/generated/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb.js";
import { FixedHeapConfigSchema } from "../../envoy/generated/envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import type { GatewayPlan } from "../../plan/plan.js";

/** Connections from clients beyond which Envoy refuses new ones where the file says nothing, so that their number is bounded at all. */
const MAX_CONNECTIONS = 50_000;

/** Shares of the heap as Envoy's guide to edge proxies has them. */
const GIVES_BACK = 0.9;
const REFUSES = 0.95;

/** What Envoy has room for, and what it does as that gets scarce. */
export function overloadManager({ overload = {} }: GatewayPlan): MessageInitShape<typeof OverloadManagerSchema> {
  const { connections = MAX_CONNECTIONS, heapBytes } = overload;
  const manager = {
    refreshInterval: duration(250),
    resourceMonitors: [
      monitor(
        extensionNames.downstreamConnections,
        packed(DownstreamConnectionsConfigSchema, { maxActiveDownstreamConnections: BigInt(connections) }),
      ),
    ],
  };
  if (heapBytes === undefined) return manager;
  const heap = packed(FixedHeapConfigSchema, { maxHeapSizeBytes: BigInt(heapBytes) });
  return {
    ...manager,
    resourceMonitors: [...manager.resourceMonitors, monitor(extensionNames.fixedHeap, heap)],
    actions: [action("shrink_heap", GIVES_BACK), action("stop_accepting_requests", REFUSES)],
  };
}

function monitor(name: string, value: ReturnType<typeof packed>): MessageInitShape<typeof ResourceMonitorSchema> {
  return { name, configType: { case: "typedConfig", value } };
}

function action(name: string, value: number): MessageInitShape<typeof OverloadActionSchema> {
  return {
    name: `envoy.overload_actions.${name}`,
    triggers: [{ name: extensionNames.fixedHeap, triggerOneof: { case: "threshold", value: { value } } }],
  };
}
