import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OutlierDetectionSchema } from "../../envoy/generated/envoy/config/cluster/v3/outlier_detection_pb.js";
import type { HealthCheckSchema } from "../../envoy/generated/envoy/config/core/v3/health_check_pb.js";
import { duration } from "../../envoy/message.js";
import type { HealthPlan, OutlierPlan, ServiceResilience } from "../../plan/resilience.js";

/** Which endpoints get no requests: those that fail checks, and those that fail requests. */
export function health({ health, outliers }: ServiceResilience) {
  return {
    ...(health === undefined ? {} : { healthChecks: [healthCheck(health)] }),
    ...(outliers === undefined ? {} : { outlierDetection: outlierDetection(outliers) }),
  };
}

function healthCheck(plan: HealthPlan): MessageInitShape<typeof HealthCheckSchema> {
  const { check, intervalMs, timeoutMs, unhealthyAfter, healthyAfter } = plan;
  const interval = duration(intervalMs);
  return {
    timeout: duration(timeoutMs),
    interval,
    // Envoy would ask a service that has had no request yet once a minute.
    noTrafficInterval: interval,
    unhealthyThreshold: unhealthyAfter,
    healthyThreshold: healthyAfter,
    healthChecker: healthChecker(check),
  };
}

function healthChecker(
  check: HealthPlan["check"],
): NonNullable<MessageInitShape<typeof HealthCheckSchema>["healthChecker"]> {
  switch (check.by) {
    case "tcp":
      return { case: "tcpHealthCheck", value: {} };
    case "grpc": {
      const { service: serviceName = "", host: authority = "" } = check;
      return { case: "grpcHealthCheck", value: { serviceName, authority } };
    }
    case "http": {
      const { path, host = "", statuses } = check;
      const expectedStatuses = statuses.map((status) => ({ start: BigInt(status), end: BigInt(status + 1) }));
      return { case: "httpHealthCheck", value: { path, host, expectedStatuses } };
    }
  }
}

/** Envoy ejects by other rules too, which the file does not speak of, and by gateway errors only if told to. */
function outlierDetection(plan: OutlierPlan): MessageInitShape<typeof OutlierDetectionSchema> {
  const { consecutive5xx, consecutiveGatewayErrors, intervalMs, ejectionMs, maxEjectedPercent } = plan;
  return {
    ...(consecutive5xx === undefined ? { enforcingConsecutive5xx: 0 } : { consecutive5xx }),
    ...(consecutiveGatewayErrors === undefined
      ? {}
      : { consecutiveGatewayFailure: consecutiveGatewayErrors, enforcingConsecutiveGatewayFailure: 100 }),
    enforcingSuccessRate: 0,
    interval: duration(intervalMs),
    baseEjectionTime: duration(ejectionMs),
    maxEjectionPercent: maxEjectedPercent,
  };
}
