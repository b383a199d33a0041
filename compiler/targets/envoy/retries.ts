import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  RetryPolicySchema,
  RouteAction_HashPolicySchema,
  RouteActionSchema,
} from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { PreviousHostsPredicateSchema } from "../../envoy/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import type { ForwardAction } from "../../plan/plan.js";
import type { HashSource, RetryPlan, RouteResilience } from "../../plan/resilience.js";

type RouteActionInit = MessageInitShape<typeof RouteActionSchema>;

/** When a call of gRPC is ended with DEADLINE_EXCEEDED: a timeout of the route would say UNAVAILABLE, which clients try again. */
export function deadlines({ calls }: Pick<ForwardAction, "calls">) {
  if (calls === undefined) return {};
  const most = duration(calls.mostMs);
  return { maxStreamDuration: { maxStreamDuration: most, grpcTimeoutHeaderMax: most } } satisfies RouteActionInit;
}

/** How a route asks its service: nothing where the file says nothing. */
export function persistence({ idleTimeoutMs, retry, hashBy }: RouteResilience) {
  return {
    ...(idleTimeoutMs === undefined ? {} : { idleTimeout: duration(idleTimeoutMs) }),
    ...(retry === undefined ? {} : { retryPolicy: retryPolicy(retry) }),
    ...(hashBy === undefined ? {} : { hashPolicy: hashBy.map(hashPolicy) }),
  } satisfies RouteActionInit;
}

/** How often Envoy chooses again if it has chosen an endpoint that a request was at; then it goes there once more. */
const CHOICES = 5n;

function retryPolicy(retry: RetryPlan): MessageInitShape<typeof RetryPolicySchema> {
  const { attempts, conditions, statuses, perTryMs, backoff, otherHosts } = retry;
  return {
    retryOn: [...conditions, ...(statuses.length === 0 ? [] : ["retriable-status-codes"])].join(","),
    retriableStatusCodes: statuses,
    numRetries: attempts,
    ...(perTryMs === undefined ? {} : { perTryTimeout: duration(perTryMs) }),
    ...(backoff === undefined
      ? {}
      : { retryBackOff: { baseInterval: duration(backoff.baseMs), maxInterval: duration(backoff.maxMs) } }),
    ...(otherHosts
      ? {
          retryHostPredicate: [
            {
              name: extensionNames.previousHosts,
              configType: { case: "typedConfig", value: packed(PreviousHostsPredicateSchema) },
            },
          ],
          hostSelectionRetryMaxAttempts: CHOICES,
        }
      : {}),
  };
}

function hashPolicy(source: HashSource): MessageInitShape<typeof RouteAction_HashPolicySchema> {
  switch (source.from) {
    case "header":
      return { policySpecifier: { case: "header", value: { headerName: source.name } } };
    case "cookie":
      return { policySpecifier: { case: "cookie", value: { name: source.name } } };
    case "query":
      return { policySpecifier: { case: "queryParameter", value: { name: source.name } } };
    case "address":
      return { policySpecifier: { case: "connectionProperties", value: { sourceIp: true } } };
  }
}
