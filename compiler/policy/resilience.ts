import { z } from "zod";
import { cookieName } from "./cookies.js";
import { headerName, percent, positiveDuration } from "./values.js";

/** Codes of gRPC with which a call may be tried again. */
export const GRPC_CONDITIONS = [
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
] as const;

/** Conditions of Envoy under which a request is tried again: those of HTTP, then the codes of gRPC. */
export const RETRY_CONDITIONS = [
  "connect-failure",
  "refused-stream",
  "reset",
  "reset-before-request",
  "gateway-error",
  "5xx",
  ...GRPC_CONDITIONS,
] as const;

/** When and how often a route asks its service again. */
export const retry = z.strictObject({
  attempts: z
    .int()
    .min(1)
    .max(10)
    .default(2)
    .describe("How often a request is tried again at most, beside the first time."),
  on: z
    .array(z.union([z.enum(RETRY_CONDITIONS), z.int().min(400).max(599)]))
    .min(1)
    .max(32)
    .optional()
    .describe(
      "What makes a try one that failed: status codes, `connect-failure` (no connection), `refused-stream` and `reset-before-request` (the service has not begun), `reset` (it has perhaps), `gateway-error` (502 to 504), `5xx`, and codes of gRPC. `[connect-failure, refused-stream, 503]` if absent, and with services of gRPC `unavailable` in place of 503.",
    )
    .meta({ examples: [["connect-failure", 503]] }),
  perTry: positiveDuration
    .optional()
    .describe(
      "How long one try may take. One that takes longer has failed and is tried again; so is then one whose connection broke off.",
    ),
  backoff: z
    .strictObject({
      base: positiveDuration.describe(
        "The first wait is a random time up to this; each further one up to twice as much.",
      ),
      max: positiveDuration.optional().describe("No wait is longer; ten times `base` if absent."),
    })
    .optional()
    .describe("Waits between tries; `{ base: 25ms }` if absent."),
  budget: percent
    .optional()
    .describe(
      "Share of the requests to a service under way that may be retries, of all its routes; three may always be. Three, if absent and `circuitBreakers` does not say otherwise.",
    )
    .meta({ examples: ["20%"] }),
  otherHosts: z
    .boolean()
    .default(true)
    .describe("Whether a retry goes to an endpoint that has not failed the request yet, if there is one."),
});

const hashKey = z
  .strictObject({
    header: headerName.optional().describe("Name of a request header."),
    cookie: cookieName.optional().describe("Name of a cookie."),
    query: z
      .string()
      .regex(/^[A-Za-z0-9._~-]{1,64}$/, "a parameter name has up to 64 letters, digits, `-`, `.`, `_` and `~`")
      .optional()
      .describe("Name of a query parameter."),
    source: z.literal("ip").optional().describe("The address of the client."),
  })
  .refine((key) => Object.values(key).filter((value) => value !== undefined).length === 1, {
    message: "exactly one of `header`, `cookie`, `query` and `source` says what is hashed",
  })
  .meta({
    oneOf: [{ required: ["header"] }, { required: ["cookie"] }, { required: ["query"] }, { required: ["source"] }],
  });

/** What decides the endpoint where a service balances by a hash. */
export const hashBy = z
  .union([hashKey.transform((key) => [key]), z.array(hashKey).min(1).max(16)])
  .describe(
    "What chooses the endpoint where the service balances by `ringHash` or `maglev`: requests with the same go to the same. Of several all count together. A request that has none of them goes anywhere.",
  )
  .meta({ examples: [{ header: "x-tenant" }, [{ cookie: "session" }, { source: "ip" }]] });

const threshold = z.int().min(1).max(100);

const health = z.strictObject({
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]{0,1023}$/, "a path that starts with `/`")
    .optional()
    .describe("Path that is asked for by GET.")
    .meta({ examples: ["/healthz"] }),
  tcp: z.literal(true).optional().describe("An endpoint is healthy that takes a connection."),
  grpc: z
    .strictObject({
      service: z
        .string()
        .min(1)
        .max(256)
        .optional()
        .describe("Name of the gRPC service that is asked after; the server as a whole if absent."),
    })
    .optional()
    .describe(
      "An endpoint is healthy that says so by the health checking protocol of gRPC; the service speaks `grpc` or `http2`.",
    ),
  statuses: z
    .array(z.int().min(100).max(599))
    .min(1)
    .max(32)
    .optional()
    .describe("Status codes of a healthy endpoint; 200 if absent."),
  host: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$/, "a host name, with a port if needed")
    .optional()
    .describe("The host that is asked for; the name of the service if absent."),
  interval: positiveDuration.prefault("3s").describe("Time between two checks of an endpoint."),
  timeout: positiveDuration.prefault("1s").describe("How long an answer may take."),
  unhealthyAfter: threshold.default(3).describe("Failed checks in a row after which an endpoint gets no requests."),
  healthyAfter: threshold.default(1).describe("Good checks in a row after which it gets requests again."),
});

const outliers = z.strictObject({
  consecutive5xxErrors: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("Answers with 500 to 599, or none, in a row; 5 if neither this nor `consecutiveGatewayErrors` is there."),
  consecutiveGatewayErrors: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("Answers with 502, 503 or 504, or none, in a row."),
  interval: positiveDuration.prefault("10s").describe("How often it is looked whether an endpoint may come back."),
  baseEjectionTime: positiveDuration
    .prefault("30s")
    .describe(
      "How long an endpoint is left out, times how often in a row it was; at most 5m, or this if it is longer.",
    ),
  maxEjectionPercent: percent
    .prefault("50%")
    .describe("Share of the endpoints that may be left out at a time. If even one would be more, none is."),
});

const limit = z.int().min(1).max(1_000_000);

const circuitBreakers = z.strictObject({
  connections: limit.optional().describe("Connections to the service; 1024 if absent."),
  pending: limit.optional().describe("Requests that wait for a connection; 1024 if absent."),
  requests: limit.optional().describe("Requests under way; 1024 if absent."),
  retries: limit.optional().describe("Retries under way; 3 if absent. A `budget` of a route stands in its place."),
});

/** How a service is asked: keys of it, beside where it is. */
export const resilience = {
  loadBalancing: z
    .enum(["roundRobin", "leastRequest", "random", "ringHash", "maglev"])
    .optional()
    .describe(
      "Which endpoint a request goes to: each in turn, the one of two at random with fewer requests under way, any, or by `hashBy` of the route. `roundRobin` if absent.",
    ),
  slowStart: positiveDuration
    .optional()
    .describe(
      "How long an endpoint that is new or healthy again takes to get its full share; with `roundRobin` and `leastRequest`.",
    ),
  panic: percent
    .optional()
    .describe(
      "If fewer of the endpoints are healthy, all get requests, rather than few get all; 50% if absent, `0%` never.",
    ),
  health: health
    .optional()
    .describe(
      "Endpoints are checked, by exactly one of `path`, `tcp` and `grpc`, and get no requests while they are not healthy. By `grpc` if none of them is there and the service speaks `grpc`.",
    ),
  outliers: outliers.optional().describe("Endpoints that fail requests are left out for a while."),
  circuitBreakers: circuitBreakers
    .optional()
    .describe("Limits of what is under way to the service; beyond them the answer is 503 at once."),
};

export type Retry = z.output<typeof retry>;
export type HashKey = z.output<typeof hashKey>;
