import { z } from "zod";
import {
  apiKeyReference,
  duration,
  headerName,
  headerValue,
  hostPort,
  httpMethod,
  name,
  serviceAddress,
} from "./values.js";

/** How many trusted proxies stand in front, and how strict a listener is about what clients send. */
const listener = z
  .strictObject({
    address: hostPort.describe("Address and port to listen on, such as 0.0.0.0:8080."),
    trustedHops: z
      .int()
      .min(0)
      .max(100)
      .default(0)
      .describe(
        "How many proxies in front are trusted to append to x-forwarded-for. 0: the peer address is the client.",
      ),
    escapedSlashes: z
      .enum(["reject", "unescape", "keep"])
      .default("reject")
      .describe("What to do with %2F and %5C in a path. `reject` answers 400."),
    headerUnderscores: z
      .enum(["reject", "drop", "allow"])
      .default("reject")
      .describe("What to do with header names that contain an underscore. `reject` answers 400."),
  })
  .describe("One address that clients connect to.");

const service = z
  .strictObject({
    endpoints: z.array(serviceAddress).min(1).max(1000).optional().describe("Fixed addresses: IP:port."),
    dns: serviceAddress.optional().describe("A host name and port, resolved while running."),
    connectTimeout: duration
      .refine((milliseconds) => milliseconds > 0, "with a timeout of 0 no connection would ever open")
      .default(5_000)
      .describe("How long a connection may take to open."),
  })
  .describe("A backend that routes lead to.");

const consumer = z
  .strictObject({
    tier: name.optional().describe("Chooses the rate of limits that are given by tier."),
    groups: z.array(name).max(64).default([]).describe("Groups that `auth.groups` holds."),
    credentials: z
      .array(z.strictObject({ apiKey: apiKeyReference.describe("env:NAME or sha256:<hex>; never the key itself.") }))
      .max(64)
      .default([])
      .describe("What proves that a request comes from this consumer."),
  })
  .describe("Somebody who calls.");

const headerMatch = z
  .union([z.string().max(4096), z.boolean()])
  .describe("A value, `~regex`, `true` (present) or `false` (absent).");

const match = z.strictObject({
  host: z
    .string()
    .regex(
      /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
      "a host is a name without port, such as api.example.com or *.example.com",
    )
    .transform((text) => text.toLowerCase())
    .optional()
    .describe("Host name, or *.suffix. Any host if absent."),
  path: z
    .string()
    .max(4096)
    .describe("/a exact, /a/* one segment, /a/** that path and below, /a/{id} captures a segment, ~regex."),
  methods: z.array(httpMethod).min(1).max(32).optional().describe("Methods; all if absent."),
  headers: z.record(headerName, headerMatch).optional().describe("Headers that must match."),
});

const target = z.strictObject({
  service: z.string(),
  weight: z.int().min(0).max(1_000_000).default(1).describe("Share of the requests, relative to the other weights."),
});

/** Of the connection, of the length of the body, or of a request: Envoy writes them itself (RFC 9110 sections 6 to 8). */
const NOT_OURS_TO_ANSWER = [
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
const WITHOUT_BODY = [204, 205, 304];

const respond = z
  .strictObject({
    status: z.int().min(200).max(599),
    body: z.string().max(65_536).optional(),
    headers: z
      .record(
        headerName.refine(
          (header) => !NOT_OURS_TO_ANSWER.includes(header),
          "an answer cannot set a header of the connection, of the length of the body or of a request",
        ),
        headerValue,
      )
      .default({}),
  })
  .refine(({ status, body }) => body === undefined || !WITHOUT_BODY.includes(status), {
    path: ["body"],
    message: "an answer with status 204, 205 or 304 has no body",
  });

const redirect = z.strictObject({
  to: z
    .string()
    .regex(/^https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[\x21-\x7e]*)?$/, {
      message: "an absolute URL without user and password, such as https://example.com/new",
      abort: true,
    })
    .refine((url) => !url.includes("#"), "a redirect cannot add a fragment; leave out `#` and what follows it")
    .refine((url) => URL.canParse(url), "the host or the port of this URL cannot exist")
    .optional()
    .describe("Absolute URL. Without a path, the request's own path stays."),
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, "a path that starts with `/`")
    .optional()
    .describe("New path on the same host."),
  status: z
    .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)])
    .default(302)
    .describe("301, 302, 303, 307 or 308."),
});

const route = z
  .strictObject({
    name: name.describe("Shown in decisions, logs and metrics."),
    match,
    to: z
      .union([z.string().transform((one) => [{ service: one, weight: 1 }]), z.array(target).min(1).max(64)])
      .optional()
      .describe("A service, or a list of services with weights."),
    respond: respond.optional().describe("Answer without a backend."),
    redirect: redirect.optional().describe("Send the client elsewhere."),
    timeout: duration.optional().describe("How long the backend may take for the whole answer; 15s if absent."),
    apply: z.array(z.string()).max(64).default([]).describe("Policies of this route, beside the defaults."),
    except: z.array(z.string()).max(64).default([]).describe("Defaults that this route does without."),
  })
  .describe("Which requests go where, under which policies.");

const applied = z.strictObject({ apply: z.array(z.string()).max(64).default([]) });

/**
 * The schema of a policy file. Policies are read in two steps: here only that each is a mapping; its body by the kind
 * whose key it has (`compiler/policy/kind.ts`).
 */
export const gatewaySchema = z.strictObject({
  apiVersion: z.literal("sluice/v1"),
  kind: z.literal("Gateway"),
  name: name.describe("Name of the gateway; used in Envoy names."),
  description: z.string().max(4096).optional(),
  targets: z
    .strictObject({ envoy: z.literal("1.40").optional() })
    .optional()
    .describe("Versions that the file is compiled for."),
  listeners: z
    .record(name, listener)
    .refine((value) => Object.keys(value).length > 0, "at least one listener is needed"),
  services: z.record(name, service).default({}),
  consumers: z
    .record(name, consumer)
    .refine((value) => Object.keys(value).length <= 65_535, "at most 65,535 consumers")
    .default({}),
  policies: z
    .record(name, z.record(z.string(), z.unknown()))
    .refine((value) => Object.keys(value).length <= 1_024, "at most 1,024 policies")
    .default({})
    .describe("Named policies, one kind each."),
  defaults: applied.default({ apply: [] }).describe("Policies of every route that does not name them in `except`."),
  mandatory: applied.default({ apply: [] }).describe("Policies of every route; none can leave them out."),
  routes: z.array(route).min(1).max(20_000),
});

export type Gateway = z.output<typeof gatewaySchema>;
export type Route = Gateway["routes"][number];
export type Consumer = Gateway["consumers"][string];
export type Service = Gateway["services"][string];
export type Listener = Gateway["listeners"][string];
