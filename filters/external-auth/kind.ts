import { z } from "zod";
import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { ExternalAuthPlan } from "../../compiler/plan/native.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { exactlyOneOf, headerName, positiveDuration, size } from "../../compiler/policy/values.js";
import { modelOf } from "./model.js";
import { IDENTITY, whyNotFromAnswer, whyNotToClient, whyNotToService } from "./names.js";

const LONGEST_TIMEOUT_MS = 60_000;
const MOST_BODY_BYTES = 1_048_576;

const headers = z.array(headerName).max(64).default([]);

const common = {
  service: z.string().describe("Name of a service under `services`."),
  headersToService: headers
    .describe("Headers of the request that the service is shown, beside its method, path and host.")
    .meta({ examples: [["authorization", "cookie"]] }),
  headersFromAnswer: headers
    .describe(
      "Headers of its answer that the request gets. What clients send under these names is removed from every request.",
    )
    .meta({ examples: [["x-user"]] }),
};

const http = z
  .strictObject({
    ...common,
    path: z
      .string()
      .max(1024)
      .regex(
        /^(\/[A-Za-z0-9._~-]+)+$/,
        "a path such as /check, without `/` at its end: that of the request stands behind it",
      )
      .optional()
      .describe("What stands before the path of the request when the service is asked."),
    headersToClient: headers
      .describe("Headers of a refusal that the client gets, beside `location` and `www-authenticate`.")
      .meta({ examples: [["content-type", "set-cookie"]] }),
  })
  .describe("A service that is asked by HTTP: 200 lets the request pass, any other answer goes to the client.");

const grpc = z
  .strictObject(common)
  .describe(
    "A service that is asked by gRPC: `envoy.service.auth.v3.Authorization`. It needs `protocol: grpc` or `http2`.",
  );

const schema = z
  .strictObject({
    http: http.optional(),
    grpc: grpc.optional(),
    timeout: positiveDuration
      .refine((milliseconds) => milliseconds <= LONGEST_TIMEOUT_MS, "at most 1m")
      .prefault("200ms")
      .describe("How long its answer may take; at most 1m."),
    withBody: z
      .strictObject({
        maxBytes: size
          .refine((bytes) => bytes <= MOST_BODY_BYTES, "at most 1Mi")
          .describe("Bytes of the body that it is shown; at most 1Mi. A larger body is answered 413."),
        partial: z.boolean().default(false).describe("`true`: of a larger body it is shown the beginning."),
      })
      .optional()
      .describe("Shows the body to the service too."),
    statusOnError: z
      .union([z.literal(403), z.literal(500), z.literal(502), z.literal(503), z.literal(504)])
      .default(503)
      .describe("The answer to a request about which the service says nothing in time, or fails."),
  })
  .describe("A service that is asked whether a request may pass.")
  .meta(exactlyOneOf("http", "grpc"));

type Spec = z.output<typeof schema>;

export const externalAuth = defineKind({
  name: "externalAuth",
  summary: "asks a service of yours whether a request may pass",
  schema,
  plan(spec, context) {
    const written = (["http", "grpc"] as const).filter((key) => context.node([key]) !== undefined);
    if (written.length !== 1) context.report(diagnose("SL0450", { policy: context.policy }, context.place([], "key")));
    const findings = (["http", "grpc"] as const).flatMap((by) => [
      ...unfitHeaders(spec, by, context),
      ...unfitProtocol(spec, by, context),
    ]);
    for (const finding of findings) context.report(finding);
    const native = planned(spec);
    if (written.length !== 1 || native === undefined || findings.length > 0) return undefined;
    const [by = "http"] = written;
    const told = native.identity.map(({ name, property }) => ({ attribute: `auth.${property}`, name }));
    return {
      phase: "externalAuth",
      provides: [],
      requires: told.map(({ attribute, name }) => ({
        attribute,
        origin: context.place([by, "headersToService", spec[by]?.headersToService.indexOf(name) ?? 0]),
      })),
      readsHeaders: [],
      readsNamed: [],
      config: {},
      native,
      asks: [{ service: native.service, origin: context.place([by, "service"]) }],
      ownedRequestHeaders: native.fromAnswer,
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
      decide: modelOf(native),
    };
  },
});

function planned({ http, grpc, timeout, withBody, statusOnError }: Spec): ExternalAuthPlan | undefined {
  const asked = http ?? grpc;
  if (asked === undefined) return undefined;
  const isTold = (name: string) => Object.hasOwn(IDENTITY, name);
  return {
    filter: "externalAuth",
    service: asked.service,
    by: http === undefined ? "grpc" : "http",
    pathPrefix: http?.path ?? "",
    toService: asked.headersToService.filter((name) => !isTold(name)),
    identity: Object.entries(IDENTITY).flatMap(([name, property]) =>
      asked.headersToService.includes(name) ? [{ name, property }] : [],
    ),
    fromAnswer: [...new Set(asked.headersFromAnswer)],
    toClient: http?.headersToClient ?? [],
    timeoutMs: timeout,
    statusOnError,
    ...(withBody === undefined ? {} : { body: { most: withBody.maxBytes, partial: withBody.partial } }),
  };
}

/** Headers that the service must not be shown, or must not write. */
function unfitHeaders(spec: Spec, by: "http" | "grpc", { place }: PolicyContext): Diagnostic[] {
  const lists = [
    { key: "headersToService", names: spec[by]?.headersToService ?? [], why: whyNotToService(by) },
    { key: "headersFromAnswer", names: spec[by]?.headersFromAnswer ?? [], why: whyNotFromAnswer },
    { key: "headersToClient", names: by === "http" ? (spec.http?.headersToClient ?? []) : [], why: whyNotToClient },
  ];
  return lists.flatMap(({ key, names, why }) =>
    names.flatMap((header, index) => {
      const reason = why(header);
      return reason === undefined ? [] : [diagnose("SL0443", { header, reason }, place([by, key, index]))];
    }),
  );
}

/** gRPC is spoken over HTTP/2. A service that is not known is told elsewhere. */
function unfitProtocol(spec: Spec, by: "http" | "grpc", { place, gateway }: PolicyContext): Diagnostic[] {
  const service = by === "grpc" ? spec.grpc?.service : undefined;
  const known =
    service !== undefined && Object.hasOwn(gateway.services, service) ? gateway.services[service] : undefined;
  if (service === undefined || known === undefined || ["http2", "grpc"].includes(known.protocol)) return [];
  return [diagnose("SL0451", { service }, place([by, "service"]))];
}
