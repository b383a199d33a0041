import { posix } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { TransportSocketSchema } from "../../envoy/generated/envoy/config/core/v3/base_pb.js";
import {
  SubjectAltNameMatcher_SanType as SanType,
  TlsParameters_TlsProtocol as Version,
} from "../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import {
  type SdsSecretConfigSchema,
  type Secret,
  SecretSchema,
} from "../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from "../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import { HttpProtocolOptionsSchema } from "../../envoy/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js";
import {
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from "../../envoy/generated/envoy/service/discovery/v3/discovery_pb.js";
import { duration, extensionNames, httpProtocolOptionsKey, packed } from "../../envoy/message.js";
import { secretName } from "../../plan/names.js";
import type { GatewayPlan, ListenerPlan, ServicePlan } from "../../plan/plan.js";
import type { CertificateFiles } from "../../plan/transport.js";

/*
 * Envoy watches files of certificates only if a secret names them that came by discovery, so each secret is a file of
 * its own, a discovery response. A secret that cannot be read leaves its listener or service without connections.
 */

type Socket = MessageInitShape<typeof TransportSocketSchema>;

/** Envoy's own highest is 1.2 towards services. */
const VERSIONS = { tlsMinimumProtocolVersion: Version.TLSv1_2, tlsMaximumProtocolVersion: Version.TLSv1_3 };

const ALPN = { http1: "http/1.1", http2: "h2", grpc: "h2" } as const;

/** @param folder of the secrets, from Envoy's working directory or absolute */
export function listenerSocket(listener: ListenerPlan, folder: string): Socket | undefined {
  const { protocol } = listener;
  const protocols = protocol === undefined ? [ALPN.http2, ALPN.http1] : [ALPN[protocol]];
  const context = downstreamContext(listener, folder, protocols);
  return context === undefined ? undefined : socketOf(packed(DownstreamTlsContextSchema, context));
}

/** What clients are shown and asked for; undefined without TLS. */
export function downstreamContext(
  { name, tls }: ListenerPlan,
  folder: string,
  alpnProtocols: string[],
): MessageInitShape<typeof DownstreamTlsContextSchema> | undefined {
  if (tls === undefined) return undefined;
  const { clientCertificate: clients } = tls;
  return {
    commonTlsContext: {
      tlsParams: VERSIONS,
      alpnProtocols,
      tlsCertificateSdsSecretConfigs: tls.certificates.map((_, position) =>
        secretSource(secretName("listener", name, "certificate", position), folder),
      ),
      ...(clients === undefined
        ? {}
        : {
            validationContextType: {
              case: "validationContextSdsSecretConfig" as const,
              value: secretSource(secretName("listener", name, "ca"), folder),
            },
          }),
    },
    ...(clients === undefined ? {} : { requireClientCertificate: clients.required }),
  };
}

export function serviceSocket({ name, tls, protocol }: ServicePlan, folder: string): Socket | undefined {
  if (tls === undefined) return undefined;
  const context = packed(UpstreamTlsContextSchema, {
    sni: tls.sni,
    commonTlsContext: {
      tlsParams: VERSIONS,
      // Of `auto` Envoy writes what it can speak.
      ...(protocol === "auto" ? {} : { alpnProtocols: [ALPN[protocol ?? "http1"]] }),
      ...(tls.client === undefined
        ? {}
        : { tlsCertificateSdsSecretConfigs: [secretSource(secretName("service", name, "certificate"), folder)] }),
      validationContextType: {
        case: "combinedValidationContext",
        value: {
          defaultValidationContext: {
            matchTypedSubjectAltNames: [
              { sanType: SanType.DNS, matcher: { matchPattern: { case: "exact", value: tls.sni } } },
            ],
          },
          validationContextSdsSecretConfig: secretSource(secretName("service", name, "ca"), folder),
        },
      },
    },
  });
  return socketOf(context);
}

/** The version of HTTP to a service, as an extension of its cluster; empty for HTTP/1.1. */
export function serviceProtocolOptions({ protocol, connections = {} }: ServicePlan) {
  const { requestsEach, idleMs } = connections;
  const common = {
    ...(requestsEach === undefined ? {} : { maxRequestsPerConnection: requestsEach }),
    ...(idleMs === undefined ? {} : { idleTimeout: duration(idleMs) }),
  };
  const isBare = Object.keys(common).length === 0;
  if (protocol === undefined && isBare) return {};
  const options = {
    ...(isBare ? {} : { commonHttpProtocolOptions: common }),
    upstreamProtocolOptions: upstreamProtocol(protocol),
  };
  return { typedExtensionProtocolOptions: { [httpProtocolOptionsKey]: packed(HttpProtocolOptionsSchema, options) } };
}

function upstreamProtocol(protocol: ServicePlan["protocol"]) {
  if (protocol === "auto")
    return { case: "autoConfig" as const, value: { httpProtocolOptions: {}, http2ProtocolOptions: {} } };
  const protocolConfig =
    protocol === "http2" || protocol === "grpc"
      ? { case: "http2ProtocolOptions" as const, value: {} }
      : { case: "httpProtocolOptions" as const, value: {} };
  return { case: "explicitHttpConfig" as const, value: { protocolConfig } };
}

export interface SecretFile {
  /** Its name in the folder of the secrets. */
  name: string;
  response: DiscoveryResponse;
}

/** The files that tell Envoy where certificates, keys and authorities are; none of them holds one. */
export function secretFiles(plan: GatewayPlan): SecretFile[] {
  return [
    ...plan.listeners.flatMap(({ name, tls }) =>
      tls === undefined
        ? []
        : [
            ...tls.certificates.map((files, position) =>
              certificateFile(secretName("listener", name, "certificate", position), files),
            ),
            ...(tls.clientCertificate === undefined
              ? []
              : [authorityFile(secretName("listener", name, "ca"), tls.clientCertificate.ca)]),
          ],
    ),
    ...plan.services.flatMap(({ name, tls }) =>
      tls === undefined
        ? []
        : [
            authorityFile(secretName("service", name, "ca"), tls.ca),
            ...(tls.client === undefined
              ? []
              : [certificateFile(secretName("service", name, "certificate"), tls.client)]),
          ],
    ),
  ];
}

function certificateFile(name: string, { certificate, key }: CertificateFiles): SecretFile {
  const folder = posix.dirname(certificate);
  return secretFile(name, {
    case: "tlsCertificate",
    value: {
      certificateChain: fileSource(certificate),
      privateKey: fileSource(key),
      // Without one folder for both, Envoy watches the files themselves, which misses a folder that is exchanged.
      ...(folder === posix.dirname(key) ? { watchedDirectory: { path: folder } } : {}),
    },
  });
}

function authorityFile(name: string, ca: string): SecretFile {
  return secretFile(name, {
    case: "validationContext",
    value: { trustedCa: fileSource(ca), watchedDirectory: { path: posix.dirname(ca) } },
  });
}

type SecretType = NonNullable<MessageInitShape<typeof SecretSchema>["type"]>;

function secretFile(name: string, type: SecretType): SecretFile {
  const secret: Secret = create(SecretSchema, { name, type });
  // Envoy wants exactly one secret in a file.
  return {
    name: fileNameOf(name),
    response: create(DiscoveryResponseSchema, { resources: [packed(SecretSchema, secret)] }),
  };
}

function fileNameOf(secret: string): string {
  return `${secret}.yaml`;
}

function fileSource(path: string) {
  return { specifier: { case: "filename" as const, value: path } };
}

function secretSource(name: string, folder: string): MessageInitShape<typeof SdsSecretConfigSchema> {
  return {
    name,
    sdsConfig: {
      configSourceSpecifier: { case: "pathConfigSource", value: { path: `${folder}/${fileNameOf(name)}` } },
    },
  };
}

function socketOf(value: ReturnType<typeof packed>): Socket {
  return { name: extensionNames.tlsTransport, configType: { case: "typedConfig", value } };
}
