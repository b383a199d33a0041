import fc from "fast-check";
import { SERVICES } from "./random-routes.js";

// Bodies of policies that Envoy carries out.

export const someOf = <T>(values: readonly T[], minLength = 0, maxLength = values.length) =>
  fc.subarray([...values], { minLength, maxLength });

const ORIGINS = ["https://shop.example.com", "https://*.example.org", "http://localhost:3000", "https://*.a.test:8443"];

export const corsBody = fc
  .record(
    {
      origins: fc.oneof(someOf(ORIGINS, 1, 3), fc.constant(["*"])),
      methods: someOf(["GET", "POST", "PUT", "DELETE"], 1),
      headers: someOf(["x-api-key", "content-type"]),
      expose: someOf(["x-total", "ratelimit"]),
      credentials: fc.boolean(),
      maxAge: fc.constantFrom("10m", "0s", "1d"),
    },
    { requiredKeys: ["origins"] },
  )
  .map((body) => (body.origins.includes("*") && body.credentials === true ? { ...body, credentials: false } : body));

const DISTURBED = [{ "x-x": "a" }, { "x-x": "~a.*" }, { "x-y": true }, { "x-x": "b", "x-y": false }];

export const faultBody = fc
  .record(
    {
      // Those that are left to chance are part of no test, and no test has the time to wait.
      delay: fc.constantFrom({ for: "5m", percent: "0%" }, { for: "10s", percent: "0.05%" }),
      abort: fc.record(
        { status: fc.constantFrom(400, 418, 503, 599), percent: fc.constantFrom("100%", "1%") },
        { requiredKeys: ["status"] },
      ),
      headers: fc.constantFrom(...DISTURBED),
    },
    { requiredKeys: ["headers"] },
  )
  .filter(({ delay, abort }) => delay !== undefined || abort !== undefined);

export const bodyLimitBody = fc.record({ bytes: fc.constantFrom<string | number>(1, 5, 100, "1Ki", "64Mi") });

export const compressBody = fc.record(
  {
    // Node 20 cannot read zstd.
    algorithms: fc.constantFrom(["gzip"], ["brotli"], ["gzip", "brotli"], ["brotli", "gzip"], ["brotli", "zstd"]),
    contentTypes: fc.constantFrom(["text/plain"], ["application/problem+json", "text/html", "text/plain"]),
    minBytes: fc.constantFrom<string | number>(64, 100, "1Ki", "1Mi"),
  },
  { requiredKeys: [] },
);

const ASKED = {
  service: fc.constantFrom(...SERVICES),
  headersToService: someOf(["accept", "authorization", "x-x"]),
  headersFromAnswer: someOf(["x-total", "x-user"]),
};
const OPTIONAL = { requiredKeys: ["service"] } satisfies { requiredKeys: ["service"] };

/** Services of tests answer 200, so these let all pass, but for bodies that are too large; a busy machine is not quick. */
export const externalAuthBody = fc
  .record(
    {
      http: fc.record(
        {
          ...ASKED,
          path: fc.constantFrom("/check", "/a/b-c"),
          headersToClient: someOf(["content-type", "set-cookie"]),
        },
        OPTIONAL,
      ),
      grpc: fc.record(ASKED, OPTIONAL),
      byGrpc: fc.boolean(),
      timeout: fc.constantFrom("20s", "1m"),
      withBody: fc.record(
        { maxBytes: fc.constantFrom<string | number>(1, 8, "1Ki", "1Mi"), partial: fc.boolean() },
        { requiredKeys: ["maxBytes"] },
      ),
      statusOnError: fc.constantFrom(403, 500, 502, 503, 504),
    },
    { requiredKeys: ["http", "grpc", "byGrpc", "timeout"] },
  )
  .map(({ http, grpc, byGrpc, ...rest }) => ({ ...(byGrpc ? { grpc } : { http }), ...rest }));

/** Kinds of which a route has one at most. */
export const ALONE: readonly string[] = ["authenticate", "compress", "cors", "externalAuth", "fault", "tracing"];

type Spec = Readonly<Record<string, unknown>>;

/** By gRPC only a service is asked that speaks HTTP/2; the first may. */
export function askable(spec: Spec, first: Spec): Spec {
  const speaks =
    (first.protocol === "http2" || first.protocol === "grpc") &&
    JSON.stringify(spec).includes(`"service":"${SERVICES[0]}"`);
  if (spec.externalAuth === undefined || speaks) return spec;
  return { ...spec, externalAuth: JSON.parse(JSON.stringify(spec.externalAuth).replace('"grpc":', '"http":')) };
}

const BLOCKS = ["127.0.0.0/24", "127.0.0.2/32", "127.0.0.0/8", "10.0.0.0/8", "192.0.2.0/24", "::/0", "2001:db8::/32"];

export const ipAccessBody = fc.oneof(
  // Most let most call: else little else would be seen.
  { weight: 2, arbitrary: fc.record({ deny: someOf(BLOCKS, 1, 2) }) },
  fc.record({ allow: someOf(BLOCKS, 3), deny: someOf(BLOCKS, 1, 1) }, { requiredKeys: ["allow"] }),
);

const edits = (names: readonly string[]) =>
  fc
    .record(
      {
        remove: someOf(names, 1, 1),
        set: fc.constantFrom<Record<string, unknown>>(
          { [`${names[1]}`]: "50% of it" },
          { "x-set": { attribute: "auth.consumer" } },
          { [`${names[1]}`]: { attribute: "auth.tier" }, "x-groups": { attribute: "auth.groups" } },
        ),
        add: fc.constantFrom({ [`${names[2]}`]: "b" }, { "x-added": "b, c" }),
      },
      { requiredKeys: [] },
    )
    .filter(
      ({ remove, set }) => remove === undefined || Object.keys(set ?? {}).every((name) => !remove.includes(name)),
    );

export const headersBody = fc
  .record(
    { request: edits(["x-x", "x-y", "accept"]), response: edits(["x-total", "cache-control", "vary"]) },
    { requiredKeys: [] },
  )
  .filter((body) => Object.values(body).some((side) => side !== undefined && Object.keys(side).length > 0));
