import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { FilterSchema } from "../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js";
import { HttpConnectionManagerSchema } from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { toObject } from "../../envoy/print.js";
import type { GatewayPlan, Json, ListenerPlan } from "../../plan/plan.js";
import { listenerLogs } from "../envoy/access-logs.js";
import { localReplies } from "../envoy/errors.js";
import { codec, connectionManager, earlyMutation, requestRules } from "../envoy/listeners.js";
import { tracing } from "../envoy/tracers.js";
import type { Mesh } from "./context.js";
import { ANCHOR_HEADER } from "./names.js";

export type ManagerInit = MessageInitShape<typeof HttpConnectionManagerSchema>;

/**
 * How requests are read. Where all listeners are alike, their ports are left out: a Service may say other ones than the pods listen on.
 *
 * @param said the plan with services named as their clusters
 */
export function managerPatches(mesh: Mesh, said: GatewayPlan): Json[] {
  const made = mesh.plan.listeners.map((listener) => {
    const typedConfig = packed(HttpConnectionManagerSchema, managerOf(listener, said));
    const filter = create(FilterSchema, { configType: { case: "typedConfig", value: typedConfig } });
    const value = toObject(FilterSchema, filter);
    return { listener, value, text: JSON.stringify(value) };
  });
  const [first] = made;
  const alike = made.every(({ text }) => text === first?.text) ? made.slice(0, 1) : made;
  return alike.map(({ listener, value }) => {
    const among = alike.length === 1 ? {} : { portNumber: listener.port };
    const filter = { name: extensionNames.httpConnectionManager };
    return mesh.from(listener.origin, {
      applyTo: "NETWORK_FILTER",
      match: { context: "GATEWAY", listener: { ...among, filterChain: { filter } } },
      patch: { operation: "MERGE", value },
    });
  });
}

/** What is merged into that of istiod. */
export function managerOf(listener: ListenerPlan, plan: GatewayPlan): ManagerInit {
  const { statPrefix: _, ...rules } = connectionManager(listener);
  return {
    ...rules,
    ...requestRules(),
    ...codec(listener),
    ...localReplies(plan, listener),
    ...tracing(plan),
    accessLog: listenerLogs(listener, plan),
    earlyHeaderMutationExtensions: [earlyMutation(plan, { name: ANCHOR_HEADER, value: plan.name })],
  };
}
