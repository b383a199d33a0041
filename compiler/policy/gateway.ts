import { z } from "zod";
import { redirect, respond } from "./actions.js";
import { callers } from "./callers.js";
import { connections } from "./connections.js";
import { cookiesMatch } from "./cookies.js";
import { credential } from "./credentials.js";
import { targets } from "./deployments.js";
import { destination } from "./destinations.js";
import { dns, eds } from "./discovery.js";
import { routeErrors } from "./errors.js";
import { failover } from "./failover.js";
import { hedge, mirror, rewrite, websocket } from "./forwarding.js";
import { listener } from "./listeners.js";
import { metrics } from "./metrics.js";
import { overload } from "./overload.js";
import { queryMatch } from "./query.js";
import { hashBy, resilience, retry } from "./resilience.js";
import { shedding } from "./shedding.js";
import { serviceProtocol, serviceTls } from "./transport.js";
import { duration, exactlyOneOf, headerName, httpMethod, name, positiveDuration, serviceAddress } from "./values.js";
import { gateways, zoneAware, zones } from "./zones.js";

const description = z.string().max(4096).optional().describe("Free text for people.");

/** Where a service is. */
const whereabouts = {
  endpoints: z
    .array(serviceAddress)
    .min(1)
    .max(1000)
    .optional()
    .describe("Fixed addresses, each an IP address and a port.")
    .meta({ examples: [["127.0.0.1:9001", "127.0.0.1:9002"]] }),
  zones,
  dns,
  eds,
};

const matchedHost = z
  .string()
  .regex(
    /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    "a host is a name without port, such as api.example.com or *.example.com",
  )
  .transform((text) => text.toLowerCase());

const service = z
  .strictObject({
    ...whereabouts,
    hosts: z
      .array(matchedHost)
      .min(1)
      .max(64)
      .optional()
      .describe(
        "Hosts by which programs behind an `outbound` listener ask for the service, without port, or `*.` and a suffix. Each is a route to it, unless a route of the file takes all requests to that host.",
      )
      .meta({ examples: [["payments", "payments.internal"]] }),
    versions: z
      .record(
        name,
        z
          .strictObject(whereabouts)
          .describe("Where this version is, by exactly one of `endpoints`, `zones`, `dns` and `eds`.")
          .meta(exactlyOneOf("endpoints", "zones", "dns", "eds")),
      )
      .optional()
      .describe("Versions of the service by name, alike but for where they are. `active` says which one routes mean.")
      .meta({
        minProperties: 1,
        examples: [{ blue: { endpoints: ["10.0.0.7:8080"] }, green: { endpoints: ["10.0.0.8:8080"] } }],
      }),
    active: name
      .optional()
      .describe(
        "The version that gets the requests of routes that name none: the one word that a blue-green switch changes.",
      )
      .meta({ examples: ["blue"] }),
    connectTimeout: duration
      .refine((milliseconds) => milliseconds > 0, "with a timeout of 0 no connection would ever open")
      .prefault("5s")
      .describe("How long a connection may take to open."),
    protocol: serviceProtocol,
    tls: serviceTls.optional(),
    ...resilience,
    ...shedding,
    zoneAware,
    connections: connections.optional(),
    failover,
  })
  .describe("A backend that routes lead to, by exactly one of `endpoints`, `zones`, `dns`, `eds` and `versions`.")
  .meta(exactlyOneOf("endpoints", "zones", "dns", "eds", "versions"));

const consumer = z
  .strictObject({
    tier: name.optional().describe("Chooses the rate of limits that are given by tier."),
    groups: z.array(name).max(64).default([]).describe("Groups that `auth.groups` holds."),
    credentials: z
      .array(credential)
      .max(64)
      .default([])
      .describe("What proves that a request comes from this consumer."),
  })
  .describe("Somebody who calls: a partner, an application, a team.");

/** RFC 9110 section 5.5: a value has no control characters but tabs, and no white space around it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const NEVER_A_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]|^[ \t]|[ \t]$/;

export const headerMatch = z
  .union([
    z
      .string()
      .max(4096)
      .refine(
        (value) => value.startsWith("~") || !NEVER_A_VALUE.test(value),
        "no header has such a value: a value has no control characters, and no space before or after it",
      ),
    z.boolean(),
  ])
  .describe("A value, `~regex`, `true` (present) or `false` (absent).");

const match = z.strictObject({
  host: matchedHost
    .optional()
    .describe("Host name without port, or `*.` and a suffix; any host if absent.")
    .meta({ examples: ["api.example.com", "*.example.com"] }),
  path: z
    .string()
    .max(4096)
    .meta({
      pattern: "^[/~]",
      patternErrorMessage: "a path starts with `/`, or with `~` if it is a regular expression",
    })
    .describe(
      "`/a` that path, `/a/*` one segment below, `/a/**` that path and everything below, `/a/{id}` one segment with a name, `~regex` the whole path as an RE2 expression.",
    )
    .meta({ examples: ["/orders", "/orders/**", "/orders/{id}", "~/v[0-9]+/.*"] }),
  methods: z
    .array(httpMethod)
    .min(1)
    .max(32)
    .optional()
    .describe("Methods that the route takes; all if absent. Other methods of the same path are answered with 405.")
    .meta({ examples: [["GET", "POST"]] }),
  headers: z
    .record(headerName, headerMatch)
    .optional()
    .describe("Headers that must match, all of them.")
    .meta({ examples: [{ "x-version": "2" }] }),
  cookies: cookiesMatch,
  query: queryMatch,
});

/** How long a service may take for the whole answer, if a route does not say. */
export const DEFAULT_TIMEOUT_MS = 15_000;

const route = z
  .strictObject({
    name: name.describe("Shown in `sluice explain` and in Envoy's routes; no two routes have the same."),
    listeners: z
      .array(z.string())
      .min(1)
      .max(64)
      .optional()
      .describe("Names of the listeners that the route is on; all that are not `outbound` if absent.")
      .meta({ examples: [["internal"]] }),
    match: match.describe(
      "Requests that the route takes. The most specific route serves, whatever the order in the file.",
    ),
    to: destination.optional(),
    callers: callers.optional(),
    respond: respond.optional().describe("Answer without a backend."),
    redirect: redirect.optional().describe("Send the client elsewhere, by exactly one of `to` and `path`."),
    timeout: duration
      .optional()
      .describe(
        "How long the backend may take for the whole answer; 15s if absent. With services of gRPC: how long a call may take at most, streams too, beside the deadline that its client gives; no limit if absent.",
      ),
    idleTimeout: positiveDuration
      .optional()
      .describe("How long nothing may pass in either direction before the request is given up; 5m if absent."),
    retry: retry.optional().describe("When and how often the backend is asked again."),
    hashBy: hashBy.optional(),
    mirror: mirror.optional(),
    rewrite: rewrite.optional(),
    hedge: hedge.optional(),
    websocket,
    errors: routeErrors.optional(),
    apply: z
      .array(z.string())
      .max(64)
      .default([])
      .describe("Names of the policies of this route, beside those of `mandatory` and `defaults`."),
    except: z.array(z.string()).max(64).default([]).describe("Names of the defaults that this route does without."),
  })
  .describe("Which requests go where, under which policies; exactly one of `to`, `respond` and `redirect`.")
  .meta(exactlyOneOf("to", "respond", "redirect"));

export const MOST_POLICIES = 1_024;

/** Its one other key is a kind, whose own schema reads what stands under it. */
export const policy = z
  .object({
    description,
    mode: z
      .enum(["enforce", "shadow", "off"])
      .default("enforce")
      .describe(
        "`shadow` decides, counts and logs, and lets every request pass; `off` is checked and then part of no route.",
      ),
    when: z
      .string()
      .max(65_536)
      .optional()
      .describe(
        "Expression: the requests that the policy applies to, all if absent. What keeps callers out applies also where it cannot be known; a limit only where it is true.",
      )
      .meta({ examples: ['request.method != "GET"'] }),
    onError: z
      .enum(["deny", "allow"])
      .optional()
      .describe(
        "What happens to a request when the policy itself fails. authenticate and authorize always deny; rateLimit allows if absent, and answers 503 with `deny`.",
      ),
  })
  .catchall(z.unknown());

const applied = z.strictObject({
  apply: z
    .array(z.string())
    .max(64)
    .default([])
    .describe("Names of policies under `policies`, for routes of listeners that are not `outbound`."),
  outbound: z.array(z.string()).max(64).default([]).describe("The same for routes of `outbound` listeners."),
});

/** Most files that a gateway is made of, the main one among them. */
export const MOST_FILES = 256;

/** Shared with the files that are named: `include.ts` reads them. */
export const include = z
  .array(z.string().min(1).max(1024))
  .max(MOST_FILES - 1)
  .describe("Files with parts of this gateway, relative to this file and inside the folder of the policy file.")
  .meta({ examples: [["consumers.yaml", "policies/limits.yaml"]] });

/**
 * The schema of a policy file. Policies are read in two steps: here only that each is a mapping; its body by the kind
 * whose key it has (`compiler/policy/kind.ts`).
 */
export const gatewaySchema = z.strictObject({
  apiVersion: z.literal("sluice/v1").describe("Version of the language."),
  kind: z.literal("Gateway").describe("What the file is: one proxy, with its listeners, routes and policies."),
  name: name
    .describe("Name of the gateway: its node in Envoy, and the realm of its 401 answers.")
    .meta({ examples: ["shop"] }),
  description,
  targets,
  include: include.optional(),
  listeners: z
    .record(name, listener)
    .refine((value) => Object.keys(value).length > 0, "at least one listener is needed")
    .meta({ minProperties: 1 })
    .describe("Addresses that clients connect to, by name."),
  services: z.record(name, service).default({}).describe("Backends that routes lead to, by name."),
  gateways,
  overload,
  metrics,
  consumers: z
    .record(name, consumer)
    .refine((value) => Object.keys(value).length <= 65_535, "at most 65,535 consumers")
    .meta({ maxProperties: 65_535 })
    .default({})
    .describe("Who calls, by name."),
  policies: z
    .record(name, policy)
    .refine((value) => Object.keys(value).length <= MOST_POLICIES, "at most 1,024 policies")
    .meta({ maxProperties: MOST_POLICIES })
    .default({})
    .describe("Policies by name, one kind each. Routes apply them by their names."),
  defaults: applied
    .default({ apply: [], outbound: [] })
    .describe("Policies of every route that does not name them in `except`."),
  mandatory: applied.default({ apply: [], outbound: [] }).describe("Policies of every route; none can leave them out."),
  routes: z
    .array(route)
    .min(1)
    .max(20_000)
    .describe(
      "Which requests go where, under which policies. The order does not matter: the most specific route serves.",
    ),
});

const anyPath = "/**";

/** A name for each route that has none: no name in a file looks like that. */
const partialRoutes = z
  .array(
    route.extend({
      name: z.string().optional(),
      match: match.extend({ path: match.shape.path.default(anyPath) }).default({ path: anyPath }),
    }),
  )
  .transform((routes) => routes.map((one, index) => ({ ...one, name: one.name ?? `#${index + 1}` })));

/**
 * For a file of which a part was left out: what is missing then is no finding of its own. Names may have any form; a
 * route without its `match` stands for any request, and must not be compared with others.
 */
export const partialGatewaySchema = gatewaySchema.extend({
  name: gatewaySchema.shape.name.default("unnamed"),
  listeners: z.record(z.string(), listener).default({}),
  services: z.record(z.string(), service).default({}),
  consumers: z.record(z.string(), consumer).default({}),
  policies: z.record(z.string(), policy).default({}),
  routes: partialRoutes.default([]),
});

export type Gateway = z.output<typeof gatewaySchema>;
export type Route = Gateway["routes"][number];
export type Consumer = Gateway["consumers"][string];
export type Service = Gateway["services"][string];
export type Listener = Gateway["listeners"][string];
