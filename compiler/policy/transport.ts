import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { ListenerPlan, ServicePlan } from "../plan/plan.js";
import { type CertificateFiles, type Http3Plan, type ListenerTls, PROTOCOLS } from "../plan/transport.js";
import { type Node, nodeAt, type Path } from "../syntax/document.js";
import { removal, removeListed } from "../syntax/edits.js";
import type { Span } from "../syntax/source.js";
import type { CheckedGateway } from "./check.js";
import type { Listener, Service } from "./gateway.js";
import { isIpAddress, LITERAL_PRIVATE_KEY } from "./values.js";
import { namedServices } from "./versions.js";

/** Envoy opens the path as it stands, and watches its folder. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const MOUNTED = /^mounted:(\/[^/\x00-\x1f\x7f]+)+$/;
const MOUNTED_FORM =
  "write `mounted:` and the absolute path of a file that Envoy reads, such as mounted:/etc/tls/tls.crt";

/** `mounted:/abs/path` as the path. */
function mounted(example: string) {
  return z
    .string()
    .max(1024)
    .regex(MOUNTED, MOUNTED_FORM)
    .refine((text) => !/\/\.{1,2}(\/|$)/.test(text), "the path of a file has no `.` and `..` between its slashes")
    .transform((text) => text.slice("mounted:".length))
    .meta({ examples: [`mounted:${example}`] });
}

/** What looks like a path is a mistake to be told; anything else may be the key itself. */
const privateKey = z
  .string()
  .refine((text) => /^((mounted|file|env):|\.{0,2}\/)/.test(text), { params: LITERAL_PRIVATE_KEY, abort: true })
  .meta({ pattern: MOUNTED.source, examples: ["mounted:/etc/tls/tls.key"] })
  .pipe(mounted("/etc/tls/tls.key"));

const clientCertificate = z
  .strictObject({
    ca: mounted("/etc/tls/clients.crt").describe(
      "Certificates that may sign those of clients, in PEM: `mounted:` and a path that Envoy reads.",
    ),
    required: z
      .boolean()
      .default(true)
      .describe("Whether a client without a certificate is turned away. A wrong certificate always is."),
  })
  .describe("Certificates of clients (mTLS). Nothing of them is told to services or policies yet.");

const certificateOfListener = mounted("/etc/tls/tls.crt").describe(
  "The certificate of the listener and those between it and its root, in PEM. Envoy takes a file that is renamed into its place for new connections, and keeps those that are open.",
);
const keyOfListener = privateKey.describe("The private key of that certificate, in PEM; never the key itself.");

const MOST_CERTIFICATES = 64;

export const listenerTls = z
  .strictObject({
    certificate: certificateOfListener.optional(),
    key: keyOfListener.optional(),
    certificates: z
      .array(z.strictObject({ certificate: certificateOfListener, key: keyOfListener }))
      .min(1)
      .max(MOST_CERTIFICATES)
      .optional()
      .describe(
        "Several certificates. A client is shown one that has the name it asks for (SNI), as a name of its own or as `*.` and what follows; of two for one name, one by ECDSA rather than one by RSA. Who asks for no name, or for one that none has, is shown the first.",
      )
      .meta({
        examples: [
          [
            { certificate: "mounted:/etc/tls/shop.crt", key: "mounted:/etc/tls/shop.key" },
            { certificate: "mounted:/etc/tls/partners.crt", key: "mounted:/etc/tls/partners.key" },
          ],
        ],
      }),
    clientCertificate: clientCertificate.optional(),
  })
  .describe(
    "TLS 1.2 and newer on this listener, with `certificate` and `key`, or with `certificates`. Without it, it speaks plain HTTP.",
  )
  .meta({ oneOf: [{ required: ["certificate", "key"] }, { required: ["certificates"] }] });

export const listenerProtocols = z
  .array(z.enum(PROTOCOLS))
  .min(1)
  .max(3)
  .optional()
  .describe(
    "Versions of HTTP that clients may speak, chosen by ALPN with TLS; `http1` and `http2` if absent. `http3` is spoken over UDP at the same address and port; the answers of the other two tell clients of it (`alt-svc`).",
  )
  .meta({ examples: [["http1"], ["http1", "http2", "http3"]] });

export const http3Port = z
  .int()
  .min(1)
  .max(65_535)
  .optional()
  .describe("UDP port by which clients reach `http3`, where it is not that of `address`: 443 in front of 8443.");

/** Where Debian, Ubuntu, Alpine and their images have the authorities of the web. */
export const SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt";

const SERVER_NAME = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

export const serviceTls = z
  .strictObject({
    ca: mounted("/etc/tls/services.crt")
      .prefault(`mounted:${SYSTEM_CA}`)
      .describe(
        "Certificates that may sign that of the service, in PEM. Envoy has none of its own: if absent, those of the system where Debian, Ubuntu and Alpine have them.",
      ),
    sni: z
      .string()
      .max(253)
      .regex(SERVER_NAME, "a server name is a host name without port, such as orders.internal")
      .refine((host) => !isIpAddress(host), "a server name is never an IP address (RFC 6066, section 3)")
      .transform((host) => host.toLowerCase())
      .optional()
      .describe(
        "The name that is asked for, and that the certificate of the service must have. The name of `dns` if absent; `endpoints` need one.",
      )
      .meta({ examples: ["orders.internal"] }),
    certificate: mounted("/etc/tls/client.crt")
      .optional()
      .describe("The certificate that Envoy shows to the service, in PEM; together with `key`."),
    key: privateKey.optional().describe("The private key of `certificate`, in PEM; never the key itself."),
  })
  .describe(
    "TLS 1.2 and newer to this service, whose certificate is always checked. `{}` is enough for a public name.",
  );

export const serviceProtocol = z
  .enum(["http1", "http2", "grpc", "auto"])
  .default("http1")
  .describe(
    "What the service speaks: a version of HTTP, or `grpc`, which is HTTP/2 with calls that may be streams and have deadlines. `auto` asks it by ALPN, which takes TLS.",
  );

/** What the schema alone cannot say of TLS and of versions of HTTP. */
export function checkTransport(checked: CheckedGateway): Diagnostic[] {
  return [...checkListeners(checked), ...checkServices(checked)];
}

/** A listener without a certificate, with half of one, or with one of them twice. */
function checkListeners({ gateway, root, place }: CheckedGateway): Diagnostic[] {
  return Object.keys(gateway.listeners).flatMap((listener) => {
    const path = ["listeners", listener, "tls"];
    const tls = nodeAt(root, path);
    const spoken = gateway.listeners[listener];
    const position = spoken?.protocols?.indexOf("http3") ?? -1;
    const quic = http3Findings({ listener, spoken, position }, (inner) => place(["listeners", listener, ...inner]));
    if (tls === undefined) return quic;
    // As written: what is not well-formed has a finding of its own.
    const has = (key: string) => nodeAt(root, [...path, key]) !== undefined;
    const one = has("certificate") || has("key");
    if (one === has("certificates")) return [...quic, diagnose("SL0624", { listener }, place(path, "key"))];
    if (has("certificate") !== has("key")) {
      const [there, absent] = has("key") ? ["key", "certificate"] : ["certificate", "key"];
      return [...quic, diagnose("SL0621", { there, absent }, place([...path, there], "key"))];
    }
    return [
      ...quic,
      ...repeated(spoken?.tls?.certificates ?? [], tls, (position) => place([...path, "certificates", position])),
    ];
  });
}

/** HTTP/3 is nothing without TLS, and not for what the kernel redirects. */
function http3Findings(
  { listener, spoken, position }: { listener: string; spoken: Listener | undefined; position: number },
  at: (path: Path) => Span,
): Diagnostic[] {
  if (position < 0) return spoken?.http3Port === undefined ? [] : [diagnose("SL0632", { listener }, at(["http3Port"]))];
  const here = at(["protocols", position]);
  const { tls, capture, capturedBy } = spoken ?? {};
  if (tls === undefined) return [diagnose("SL0630", { listener }, here)];
  return capture === true || capturedBy !== undefined ? [diagnose("SL0631", {}, here)] : [];
}

function repeated(certificates: readonly CertificateFiles[], tls: Node, at: (position: number) => Span): Diagnostic[] {
  const paths = certificates.map(({ certificate }) => certificate);
  return paths.flatMap((certificate, position) => {
    const first = paths.indexOf(certificate);
    if (first === position) return [];
    const related = [{ message: "first here", span: at(first) }];
    const fix = removal("remove it", true, removeListed(tls, "certificates", position));
    return [diagnose("SL0625", { certificate: `mounted:${certificate}` }, at(position), { related, ...fix })];
  });
}

function checkServices({ gateway, place }: CheckedGateway): Diagnostic[] {
  return namedServices(gateway).flatMap(
    ({ base: name, version, service: { tls, protocol, dns, endpoints, zones, eds } }) => {
      // What a version has of the service is told once.
      if (version !== undefined) return [];
      const path = ["services", name];
      const found: Diagnostic[] = [];
      if (tls !== undefined && tls.sni === undefined && dns === undefined && (endpoints ?? zones ?? eds) !== undefined)
        found.push(diagnose("SL0620", { service: name }, place([...path, "tls"], "key")));
      if ((tls?.certificate === undefined) !== (tls?.key === undefined)) {
        const [there, absent] = tls?.key === undefined ? ["certificate", "key"] : ["key", "certificate"];
        found.push(diagnose("SL0621", { there, absent }, place([...path, "tls", there], "key")));
      }
      if (protocol === "auto" && tls === undefined)
        found.push(diagnose("SL0622", { service: name }, place([...path, "protocol"])));
      return found;
    },
  );
}

/** The part of a plan that says what a listener speaks. */
export function listenerTransport({
  tls,
  protocols = [],
  address,
  http3Port,
}: Listener): Pick<ListenerPlan, "tls" | "protocol" | "http3"> {
  const [only, ...others] = new Set(protocols.filter((one) => one !== "http3"));
  const http3: Http3Plan = only === undefined ? "only" : { port: http3Port ?? address.port };
  return {
    ...(only === undefined || others.length > 0 ? {} : { protocol: only }),
    ...(protocols.includes("http3") ? { http3 } : {}),
    ...(tls === undefined ? {} : { tls: listenerFiles(tls) }),
  };
}

function listenerFiles({
  certificate,
  key,
  certificates,
  clientCertificate,
}: NonNullable<Listener["tls"]>): ListenerTls {
  // Without any of them there is an error, and the plan goes nowhere.
  const only = certificate === undefined || key === undefined ? [] : [{ certificate, key }];
  return {
    certificates: certificates ?? only,
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
  };
}

/** The part of a plan that says what a service speaks. */
export function serviceTransport({ tls, protocol, dns }: Service): Pick<ServicePlan, "tls" | "protocol"> {
  const spoken = protocol === "http1" ? {} : { protocol };
  if (tls === undefined) return spoken;
  const { ca, certificate, key } = tls;
  const client = certificate === undefined || key === undefined ? {} : { client: { certificate, key } };
  // Without either name there is an error, and the plan goes nowhere.
  return { ...spoken, tls: { ca, sni: tls.sni ?? dns?.host.toLowerCase() ?? "", ...client } };
}
