import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TracingSchema } from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { OpenTelemetryConfigSchema } from "../../envoy/generated/envoy/config/trace/v3/opentelemetry_pb.js";
import {
  ZipkinConfig_TraceContextOption as ContextOption,
  ZipkinConfig_CollectorEndpointVersion as EndpointVersion,
  ZipkinConfigSchema,
} from "../../envoy/generated/envoy/config/trace/v3/zipkin_pb.js";
import type { HttpConnectionManager_TracingSchema } from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { ParentBasedSamplerConfigSchema } from "../../envoy/generated/envoy/extensions/tracers/opentelemetry/samplers/v3/parent_based_sampler_pb.js";
import { TraceIdRatioBasedSamplerConfigSchema } from "../../envoy/generated/envoy/extensions/tracers/opentelemetry/samplers/v3/trace_id_ratio_based_sampler_pb.js";
import {
  type CustomTagSchema,
  CustomTag_ValueType as ValueType,
} from "../../envoy/generated/envoy/type/tracing/v3/custom_tag_pb.js";
import { FractionalPercent_DenominatorType as Denominator } from "../../envoy/generated/envoy/type/v3/percent_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import { filterStateKey, isGenerated } from "../../plan/names.js";
import type { GatewayPlan, PolicyPlan, RoutePlan } from "../../plan/plan.js";
import { pathText } from "../../plan/shown.js";
import { type TracerAttribute, type TracerPlan, type TracerTag, tracedNatively } from "../../plan/tracers.js";

type Tracing = MessageInitShape<typeof HttpConnectionManager_TracingSchema>;
type RouteTracing = MessageInitShape<typeof TracingSchema>;
type Tag = MessageInitShape<typeof CustomTagSchema>;

const COLLECTOR_TIMEOUT_MS = 5_000;
const NEVER = { value: 0 };
const ALWAYS = { value: 100 };

/** Of a connection manager: who traces. Where a route says nothing, no trace that begins here is sampled. */
export function tracing(plan: GatewayPlan): { tracing?: Tracing } {
  const [first] = tracedNatively(plan.policies);
  if (first === undefined) return {};
  return {
    tracing: {
      // A client could ask for a trace by a header of Envoy's own.
      clientSampling: NEVER,
      randomSampling: NEVER,
      overallSampling: ALWAYS,
      // The tag `http.url` has the path with its query, where a credential may stand: of a length of 0 neither is left.
      maxPathTagLength: 0,
      spawnUpstreamSpan: true,
      provider: first.native.collector.format === "zipkin" ? zipkin(first.native) : openTelemetry(first.native),
    },
  };
}

type Provider = NonNullable<Tracing["provider"]>;

function zipkin(native: TracerPlan): Provider {
  const value = packed(ZipkinConfigSchema, {
    collectorService: collectorOf(native),
    collectorEndpointVersion: EndpointVersion.HTTP_JSON,
    traceId128bit: true,
    // Zipkin's old habit of one span for both sides of a call; no other format knows it.
    sharedSpanContext: false,
    traceContextOption: native.writesW3c ? ContextOption.USE_B3_WITH_W3C_PROPAGATION : ContextOption.USE_B3,
  });
  return { name: extensionNames.zipkin, configType: { case: "typedConfig", value } };
}

function openTelemetry(native: TracerPlan): Provider {
  const value = packed(OpenTelemetryConfigSchema, {
    httpService: collectorOf(native),
    serviceName: native.collector.spansOf,
    sampler: followingCallers(native),
  });
  return { name: extensionNames.openTelemetry, configType: { case: "typedConfig", value } };
}

/**
 * Without a sampler Envoy takes what its route says for every trace, also for one that a caller decided. With this one a trace is sampled
 * if both say so (seen), so the sampler has the ratio, and routes with the policy take all.
 */
function followingCallers({ millionths }: TracerPlan) {
  const ratio = packed(TraceIdRatioBasedSamplerConfigSchema, { samplingPercentage: share(millionths) });
  const typedConfig = packed(ParentBasedSamplerConfigSchema, {
    wrappedSampler: { name: extensionNames.ratioSampler, typedConfig: ratio },
  });
  return { name: extensionNames.parentSampler, typedConfig };
}

function collectorOf({ collector: { service, authority, path } }: TracerPlan) {
  return {
    httpUri: {
      uri: `http://${authority}${path}`,
      httpUpstreamType: { case: "cluster" as const, value: service },
      timeout: duration(COLLECTOR_TIMEOUT_MS),
    },
  };
}

/** Of a route: how many of its requests are sampled, and what their spans hold. */
export function routeTracing(route: RoutePlan, run: readonly PolicyPlan[]): { tracing?: RouteTracing } {
  const [policy] = tracedNatively(run);
  if (policy === undefined) return {};
  const { collector, millionths, showsPath, tags } = policy.native;
  const pattern = isGenerated(route) ? "" : ` ${pathText(route.match.path)}`;
  return {
    tracing: {
      clientSampling: share(0),
      randomSampling: share(collector.format === "otlp" ? ALL : millionths),
      overallSampling: share(ALL),
      operation: `%REQ(:METHOD)%${literal(pattern)}`,
      customTags: [...(showsPath ? [PATH] : []), ...tags.map(customTag)],
    },
  };
}

const ALL = 1_000_000;

function share(millionths: number) {
  return { numerator: millionths, denominator: Denominator.MILLION };
}

/** Without the query. */
const PATH: Tag = { tag: "url.path", type: { case: "value", value: "%PATH(NQ):256%" } };

const ATTRIBUTES: Readonly<Record<TracerAttribute, string>> = {
  "auth.consumer": `%FILTER_STATE(${filterStateKey("consumer")}:PLAIN)%`,
  "auth.tier": `%FILTER_STATE(${filterStateKey("tier")}:PLAIN)%`,
  "request.id": "%REQ(X-REQUEST-ID)%",
  "request.method": "%REQ(:METHOD)%",
  "request.protocol": "%PROTOCOL%",
  "route.name": "%ROUTE_NAME%",
  "source.ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
  "source.port": "%DOWNSTREAM_REMOTE_PORT%",
};

/** A value that is absent leaves its tag out. */
function customTag({ name, value }: TracerTag): Tag {
  switch (value.from) {
    case "constant":
      return { tag: name, type: { case: "literal", value: { value: value.text } } };
    case "header":
      return { tag: name, type: { case: "value", value: `%REQ(${value.name}):256%` } };
    case "attribute":
      return {
        tag: name,
        type: { case: "value", value: ATTRIBUTES[value.name] },
        ...(value.name === "source.port" ? { valueType: ValueType.INT } : {}),
      };
  }
}

/** Envoy has format commands in the names of spans. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}
