import type { Any } from "@bufbuild/protobuf/wkt";
import { FilterConfigSchema } from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { ExtensionWithMatcherSchema } from "../../envoy/generated/envoy/extensions/common/matching/v3/extension_matcher_pb.js";
import { AdaptiveConcurrencySchema } from "../../envoy/generated/envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency_pb.js";
import { AdmissionControlSchema } from "../../envoy/generated/envoy/extensions/filters/http/admission_control/v3/admission_control_pb.js";
import {
  CompositeSchema,
  ExecuteFilterActionSchema,
} from "../../envoy/generated/envoy/extensions/filters/http/composite/v3/composite_pb.js";
import { HttpRequestHeaderMatchInputSchema } from "../../envoy/generated/envoy/type/matcher/v3/http_inputs_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import { sheddingFilter } from "../../plan/names.js";
import type { ForwardAction, GatewayPlan, RoutePlan, ServicePlan } from "../../plan/plan.js";
import type { AdaptivePlan, AdmissionPlan } from "../../plan/shedding.js";
import { waitingFilter } from "./waiting-filter.js";

/*
 * Both filters stand behind all that may refuse a request, one for each service that some route with it leads to, and only those
 * routes enter it. So requests that are refused before do not take the places of others, nor tell anything of the service.
 */

/** The filters that keep services from having more to do than they can; none if no route leads to such a service. */
export function sheddingFilters({ hosts, services }: GatewayPlan) {
  const kept = new Map(
    hosts
      .flatMap(({ routes }) => routes.flatMap(({ action }) => entered(action, services)))
      .map((one) => [one.filter, one]),
  );
  const filters = [...kept.values()].toSorted((a, b) => (a.filter < b.filter ? -1 : 1));
  return filters.map(({ filter, configuration }) => waitingFilter(filter, configuration()));
}

/** Those that a route enters. */
export function shedding({ action }: RoutePlan, services: GatewayPlan["services"]): [string, Any][] {
  return entered(action, services).map(({ filter }) => [filter, ENTERED]);
}

const ENTERED = packed(FilterConfigSchema, { config: {} });

interface Shedding {
  filter: string;
  configuration(): Any;
}

function entered(action: RoutePlan["action"], services: GatewayPlan["services"]): Shedding[] {
  const service = serviceOf(action, services);
  if (service === undefined) return [];
  const { name, admission, adaptiveConcurrency } = service;
  return [
    ...(admission === undefined
      ? []
      : [{ filter: sheddingFilter(name, "admission"), configuration: () => admissionControl(admission) }]),
    // A WebSocket is a request that takes for hours.
    ...(adaptiveConcurrency === undefined || forwards(action)?.upgrades
      ? []
      : [{ filter: sheddingFilter(name, "concurrency"), configuration: () => concurrencyLimit(adaptiveConcurrency) }]),
  ];
}

function forwards(action: RoutePlan["action"]): ForwardAction | undefined {
  return action.type === "forward" ? action : undefined;
}

function serviceOf(action: RoutePlan["action"], services: GatewayPlan["services"]): ServicePlan | undefined {
  const sheds = forwards(action)?.sheds;
  return sheds === undefined ? undefined : services.find(({ name }) => name === sheds);
}

/**
 * Envoy's filter counts every answer that passes it, also those of filters before it, as an answer of the service. So it is inside
 * of another filter, which makes it once a request comes by with its headers, and not before.
 */
function admissionControl(admission: AdmissionPlan): Any {
  const { successPercent, windowMs, maxRefusedPercent, minPerSecond } = admission;
  const filter = packed(AdmissionControlSchema, {
    evaluationCriteria: { case: "successCriteria", value: {} },
    samplingWindow: duration(windowMs),
    srThreshold: { defaultValue: { value: successPercent }, runtimeKey: "sluice.admission.success" },
    maxRejectionProbability: { defaultValue: { value: maxRefusedPercent }, runtimeKey: "sluice.admission.refused" },
    ...(minPerSecond === undefined
      ? {}
      : { rpsThreshold: { defaultValue: minPerSecond, runtimeKey: "sluice.admission.per_second" } }),
  });
  const action = packed(ExecuteFilterActionSchema, {
    typedConfig: { name: extensionNames.admissionControl, typedConfig: filter },
  });
  return packed(ExtensionWithMatcherSchema, {
    extensionConfig: { name: extensionNames.composite, typedConfig: packed(CompositeSchema, {}) },
    xdsMatcher: {
      matcherType: {
        case: "matcherList",
        value: {
          matchers: [
            {
              predicate: { matchType: { case: "singlePredicate", value: anyMethod() } },
              onMatch: {
                onMatch: { case: "action", value: { name: extensionNames.executeFilter, typedConfig: action } },
              },
            },
          ],
        },
      },
    },
  });
}

/** Known of a request as soon as it comes by, and never from an answer. */
function anyMethod() {
  const input = packed(HttpRequestHeaderMatchInputSchema, { headerName: ":method" });
  const regex = { regex: ".+", engineType: { case: "googleRe2" as const, value: {} } };
  return {
    input: { name: extensionNames.requestHeaderInput, typedConfig: input },
    matcher: {
      case: "valueMatch" as const,
      value: { matchPattern: { case: "safeRegex" as const, value: regex } },
    },
  };
}

function concurrencyLimit({ latency, tolerancePercent, percentile, everyMs, min, max }: AdaptivePlan): Any {
  const measured =
    "ms" in latency
      ? { fixedValue: duration(latency.ms) }
      : { interval: duration(latency.everyMs), requestCount: latency.requests };
  return packed(AdaptiveConcurrencySchema, {
    concurrencyControllerConfig: {
      case: "gradientControllerConfig",
      value: {
        sampleAggregatePercentile: { value: percentile },
        concurrencyLimitParams: {
          minConcurrencyLimit: min,
          maxConcurrencyLimit: max,
          concurrencyUpdateInterval: duration(everyMs),
        },
        minRttCalcParams: { ...measured, minConcurrency: min, buffer: { value: tolerancePercent } },
      },
    },
  });
}
