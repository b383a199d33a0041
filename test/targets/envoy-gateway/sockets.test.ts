import { join } from "node:path";
import { create, fromJson } from "@bufbuild/protobuf";
import { AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../../compiler/cli/files.js";
import {
  ApiVersion,
  ConfigSourceSchema,
} from "../../../compiler/envoy/generated/envoy/config/core/v3/config_source_pb.js";
import type { SdsSecretConfig } from "../../../compiler/envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import {
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from "../../../compiler/envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import { loadTestFile } from "../../../compiler/index.js";
import { secretName } from "../../../compiler/plan/names.js";
import type { GatewayPlan, Json, ServicePlan } from "../../../compiler/plan/plan.js";
import { serviceSocket } from "../../../compiler/targets/envoy/tls.js";
import { Cluster } from "../../../compiler/targets/envoy-gateway/context.js";
import { clientCertificateSecret, partName } from "../../../compiler/targets/envoy-gateway/names.js";
import { isHttp2, isLocal, serviceName } from "../../../compiler/targets/envoy-gateway/services.js";
import { hasOwnAuthority } from "../../../compiler/targets/envoy-gateway/tls.js";
import { readTranslated } from "../../support/envoy-gateway/stored.js";

// How the services of a policy are known, and what they are shown: what Envoy Gateway makes of it, and what the target `envoy` does. The
// tests that serve the translation have stand-ins for services, and so none of it.

const endpoint = z.looseObject({
  metadata: z.looseObject({ filterMetadata: z.record(z.string(), z.looseObject({ name: z.string() })) }).optional(),
});
const assignment = z.looseObject({
  clusterName: z.string(),
  endpoints: z.array(z.looseObject({ metadata: z.json(), lbEndpoints: z.array(endpoint) })),
});
const clusters = z.array(
  z.looseObject({
    name: z.string(),
    loadAssignment: assignment.optional(),
    transportSocketMatches: z
      .array(
        z.looseObject({
          name: z.string(),
          transportSocket: z.looseObject({ typedConfig: z.record(z.string(), z.json()) }),
        }),
      )
      .default([]),
    typedExtensionProtocolOptions: z.json().optional(),
  }),
);

interface Asked {
  cluster: string;
  /** Absent where there is no TLS. */
  context: UpstreamTlsContext | undefined;
  version: "auto" | "http2" | undefined;
}

/** How each cluster that leads to a service asks it. */
function askedOf(name: string, plan: GatewayPlan, service: ServicePlan): Asked[] {
  const { clusters: made, endpoints } = readTranslated(name);
  const assignments = z.array(assignment).parse(endpoints);
  const called = isLocal(service) ? serviceName(service.name) : partName(plan, service.name);
  const resource = `"kind":"${isLocal(service) ? "Service" : "Backend"}","name":"${called}"`;
  return clusters.parse(made).flatMap((one) => {
    const { endpoints } = one.loadAssignment ??
      assignments.find(({ clusterName }) => clusterName === one.name) ?? { endpoints: [] };
    return endpoints
      .filter(({ metadata }) => JSON.stringify(metadata).includes(resource))
      .flatMap(({ lbEndpoints }) =>
        lbEndpoints.map(({ metadata }): Asked => {
          const match = metadata?.filterMetadata["envoy.transport_socket_match"]?.name;
          const found = one.transportSocketMatches.find((other) => other.name === match);
          const { "@type": _, ...typed } = found?.transportSocket.typedConfig ?? {};
          const context = found === undefined ? undefined : fromJson(UpstreamTlsContextSchema, typed);
          return { cluster: one.name, context, version: versionOf(one) };
        }),
      );
  });
}

function versionOf({ typedExtensionProtocolOptions = null }: { typedExtensionProtocolOptions?: Json | undefined }) {
  const text = JSON.stringify(typedExtensionProtocolOptions);
  if (text.includes('"autoConfig"')) return "auto";
  return text.includes('"explicitHttpConfig":{"http2ProtocolOptions"') ? "http2" : undefined;
}

/** What the target `envoy` makes of it, with Envoy Gateway's names of the same certificates. */
function expected(plan: GatewayPlan, service: ServicePlan): UpstreamTlsContext | undefined {
  const made = serviceSocket(service, "secrets")?.configType;
  if (made?.case !== "typedConfig") return undefined;
  const context = anyUnpack(create(AnySchema, made.value), UpstreamTlsContextSchema);
  if (context === undefined) throw new Error(`no TLS to ${service.name}`);
  const { namespace } = new Cluster(plan);
  const names = new Map([
    [
      secretName("service", service.name, "ca"),
      hasOwnAuthority(service) ? `${partName(plan, service.name)}/${namespace}-ca` : "system_ca_certificates",
    ],
    [secretName("service", service.name, "certificate"), `${namespace}/${clientCertificateSecret(plan, service.name)}`],
  ]);
  for (const one of secretsOf(context)) {
    one.name = names.get(one.name) ?? "unknown";
    one.sdsConfig = create(ConfigSourceSchema, {
      configSourceSpecifier: { case: "ads", value: {} },
      resourceApiVersion: ApiVersion.V3,
    });
  }
  // A Service of the cluster chooses the version of HTTP, as the report says.
  if (isLocal(service) && context.commonTlsContext !== undefined) context.commonTlsContext.alpnProtocols = [];
  return context;
}

function secretsOf({ commonTlsContext }: UpstreamTlsContext): SdsSecretConfig[] {
  const validation = commonTlsContext?.validationContextType;
  const authority =
    validation?.case === "combinedValidationContext" ? validation.value.validationContextSdsSecretConfig : undefined;
  return [...(commonTlsContext?.tlsCertificateSdsSecretConfigs ?? []), ...(authority === undefined ? [] : [authority])];
}

describe.each(["secured", "widely"])("the services of %s", (name) => {
  const folder = join(packageRoot(), "test/targets/envoy-gateway/policies", name);
  const plan = loadTestFile(join(folder, "policy.test.yaml"))?.ready?.plan;
  if (plan === undefined) throw new Error("there are no tests");

  it.each(plan.services.map((service) => [service.name, service] as const))("%s is asked as by Envoy", (_, service) => {
    const all = askedOf(name, plan, service);
    expect(all.length).toBeGreaterThan(0);
    for (const asked of all) {
      expect(asked.context, asked.cluster).toEqual(expected(plan, service));
      const version = isHttp2(service) ? "http2" : service.tls === undefined ? undefined : "auto";
      expect(asked.version, asked.cluster).toBe(version);
    }
  });
});
