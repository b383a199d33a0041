import { mountedEndpoints } from "./discovery.js";
import { countingServices } from "./global-limits.js";
import type { GatewayPlan, ServicePlan } from "./plan.js";

/** A certificate, the chain behind it in the same file, and its private key: absolute paths of PEM files that Envoy reads. */
export interface CertificateFiles {
  certificate: string;
  key: string;
}

/** What clients are shown, and asked for. */
export interface ListenerTls {
  /** By the name that a client asks for; the first if none has it. At least one. */
  certificates: CertificateFiles[];
  /** Certificates of clients: signed by one of `ca`, an absolute path. */
  clientCertificate?: { ca: string; required: boolean };
}

/** How a service is known, and what it is shown. */
export interface ServiceTls {
  /** Absolute path of the certificates that may sign its own. */
  ca: string;
  /** The name that is asked for, and that its certificate must have. */
  sni: string;
  /** The certificate that Envoy shows to it. */
  client?: CertificateFiles;
}

/** Versions of HTTP. The first two are spoken over TCP, the last over UDP. */
export const PROTOCOLS = ["http1", "http2", "http3"] as const;
export type Protocol = Exclude<(typeof PROTOCOLS)[number], "http3">;

/** HTTP/3 on a listener: nothing else, or beside the other versions, whose answers tell of it. */
export type Http3Plan = "only" | { /** Port that clients are told; 0 where it is not known. */ port: number };

/** The gateway without certificates, its choice of HTTP versions, its access logs, and what it needs of the kernel and of files to find connections and services: where those are stand-ins on this machine. */
export function withoutTransport(plan: GatewayPlan): GatewayPlan {
  const counting = countingServices(plan.policies);
  return {
    ...plan,
    listeners: plan.listeners.map(({ tls, protocol, http3, accessLog, captures, capturedBy, ...listener }) => listener),
    services: plan.services.map(({ tls, protocol, health, discovery, ...service }) => {
      const { by, endpoints } = discovery;
      // One that counts is asked by gRPC, whoever it is.
      const spoken = protocol !== undefined && counting.includes(service.name) ? { protocol } : {};
      const found: ServicePlan = {
        ...service,
        ...spoken,
        discovery: by === "eds" ? { by: "static", endpoints } : discovery,
      };
      // A check by gRPC takes HTTP/2.
      return health === undefined || health.check.by === "grpc" ? found : { ...found, health };
    }),
  };
}

/** Every file that Envoy reads for the gateway as it stands, sorted: certificates, keys, authorities, where services are. */
export function mountedFiles(plan: GatewayPlan): string[] {
  const files = [
    ...plan.listeners.flatMap(({ tls }) =>
      tls === undefined
        ? []
        : [
            ...tls.certificates.flatMap(({ certificate, key }) => [certificate, key]),
            ...(tls.clientCertificate === undefined ? [] : [tls.clientCertificate.ca]),
          ],
    ),
    ...plan.services.flatMap(({ tls }) =>
      tls === undefined ? [] : [tls.ca, ...(tls.client === undefined ? [] : [tls.client.certificate, tls.client.key])],
    ),
    ...mountedEndpoints(plan),
  ];
  return [...new Set(files)].toSorted();
}
