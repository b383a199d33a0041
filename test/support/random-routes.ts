import fc from "fast-check";
import { mirror, pages, rewriteOf } from "./random-forwarding.js";
import { hashBy, retry } from "./random-resilience.js";

/** Names of the services that routes lead to. */
export const SERVICES = ["alpha", "beta"] as const;

/** A route of the file without its policies, and what its path captures. */
export interface RandomRoute extends Readonly<Record<string, unknown>> {
  readonly captures: readonly string[];
}

/** Few segments, so that paths overlap. Some have two spellings, or look like what a server may resolve. */
const SEGMENTS = ["a", "a", "b", "A", "7", "x:y", "a.b", "~a", "..a", "admin"] as const;
const EXPRESSIONS = [
  "~/v[0-9]+/.*",
  "~/(a|b)/[^/]+",
  "~/a/.*",
  "~.*/b",
  "~/[a-z]*",
  "~(?i)/ADMIN/.*",
  "~/a(/b)?",
  "~/\\d+",
  "~/[^/]+/b",
] as const;

const segment = fc.constantFrom(...SEGMENTS);
const wild = fc.oneof({ weight: 2, arbitrary: segment }, fc.constantFrom("*", "{x}", "{y}"));

const path = fc.oneof(
  { weight: 2, arbitrary: fc.array(segment, { maxLength: 3 }).map(joined) },
  fc.array(segment, { minLength: 1, maxLength: 2 }).map((all) => `${joined(all)}/`),
  { weight: 3, arbitrary: fc.array(segment, { maxLength: 2 }).map((all) => joined([...all, "**"])) },
  { weight: 2, arbitrary: fc.array(segment, { maxLength: 2 }).map((all) => joined([...all, "*"])) },
  { weight: 3, arbitrary: fc.array(wild, { minLength: 1, maxLength: 3 }).map(joinedOnce) },
  { weight: 2, arbitrary: fc.array(wild, { minLength: 1, maxLength: 2 }).map((all) => joinedOnce([...all, "**"])) },
  { weight: 2, arbitrary: fc.constantFrom(...EXPRESSIONS) },
);

function joined(segments: readonly string[]): string {
  return `/${segments.join("/")}`;
}

/** A capture stands once in a path. */
function joinedOnce(segments: readonly string[]): string {
  return joined(segments.map((one, index) => (one.startsWith("{") && segments.indexOf(one) < index ? "*" : one)));
}

const HOSTS = [
  "api.example.com",
  "api.example.com",
  "*.example.com",
  "*.deep.example.com",
  "EXAMPLE.com",
  "localhost",
] as const;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

const matchedHeaders = fc.dictionary(
  fc.constantFrom("x-x", "x-y", "accept", "content-type", "x-version", "origin"),
  fc.constantFrom<(string | boolean)[]>("a", "~[ab]+", "~a.*", "~[0-9]+", "a,b", true, false),
  { minKeys: 1, maxKeys: 2, noNullPrototype: true },
);

const matchedQuery = fc.dictionary(
  fc.constantFrom("x", "y", "state"),
  fc.constantFrom<(string | boolean)[]>("a", "a b", "a+b/\u00e4", "~[ab]+", "~a.*", "~[0-9]+", true, false),
  { minKeys: 1, maxKeys: 2, noNullPrototype: true },
);

const matchedCookies = fc.dictionary(
  fc.constantFrom("x", "y", "a.b"),
  fc.constantFrom<(string | true)[]>("a", "a+b", "", true),
  { minKeys: 1, maxKeys: 2, noNullPrototype: true },
);

const match = fc.oneof(
  { weight: 2, arbitrary: fc.record({ path }) },
  fc.record(
    {
      path,
      host: fc.constantFrom(...HOSTS),
      methods: fc.subarray([...METHODS], { minLength: 1, maxLength: 3 }),
      headers: matchedHeaders,
      query: matchedQuery,
      cookies: matchedCookies,
    },
    { requiredKeys: ["path"] },
  ),
);

const timeout = fc.constantFrom("1m", "90s", "3600000ms", "1d");

const forwarded = fc.record(
  {
    to: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...SERVICES) },
      fc
        .record(
          { service: fc.constantFrom(...SERVICES), weight: fc.constantFrom(1, 7, 1_000_000) },
          { requiredKeys: ["service"] },
        )
        .map((one) => [one]),
      fc.tuple(fc.constantFrom(0, 1, 90), fc.constantFrom(1, 10)).map(([a, b]) => [
        { service: SERVICES[0], weight: a },
        { service: SERVICES[1], weight: b },
      ]),
    ),
    timeout,
    idleTimeout: timeout,
    retry,
    hashBy,
    mirror,
    websocket: fc.boolean(),
    errors: pages,
  },
  { requiredKeys: ["to"] },
);

/** The second service may balance by a hash, so its routes say by what. */
const forward = fc.tuple(forwarded, hashBy).map(([one, otherwise]) => {
  const leadsThere = JSON.stringify(one.to).includes(SERVICES[1]);
  const hedges = one.retry?.perTry === "9s" ? { hedge: { onTimeout: true } } : {};
  return { ...one, ...hedges, ...(leadsThere && one.hashBy === undefined ? { hashBy: otherwise } : {}) };
});

const answerHeaders = fc.dictionary(
  fc.constantFrom(
    "content-type",
    "x-answer",
    "cache-control",
    "vary",
    "set-cookie",
    "x_answer",
    "retry-after",
    "x-total",
  ),
  fc.constantFrom("text/html", "5%", "a, b", "%REQ(x-api-key)%"),
  { minKeys: 1, maxKeys: 2, noNullPrototype: true },
);

const respond = fc
  .record(
    {
      status: fc.oneof(fc.constantFrom(200, 204, 205, 304, 404, 503), fc.integer({ min: 200, max: 599 })),
      body: fc.constantFrom("hi", "", "gr\u00fc\u00dfe 100%\n", '{"a": "%s"}'),
      headers: answerHeaders,
    },
    { requiredKeys: ["status"] },
  )
  .map(({ body, ...rest }) => ({
    respond: body === undefined || [204, 205, 304].includes(rest.status) ? rest : { ...rest, body },
  }));

const redirectStatus = fc.constantFrom(301, 302, 303, 307, 308);
const redirect = fc
  .oneof(
    fc.record(
      {
        to: fc.constantFrom(
          "https://example.com",
          "http://example.com",
          "https://example.com:8443/there",
          "http://example.com:80/",
          "https://example.com/a?b=c%20d",
        ),
        status: redirectStatus,
      },
      { requiredKeys: ["to"] },
    ),
    fc.record(
      { path: fc.constantFrom("/new", "/new?y=2", "/a%2Fb", "/"), status: redirectStatus },
      { requiredKeys: ["path"] },
    ),
  )
  .map((one) => ({ redirect: one }));

const route = fc
  .tuple(
    match,
    fc.oneof({ weight: 4, arbitrary: forward }, { weight: 2, arbitrary: respond }, redirect),
    fc.option(fc.nat({ max: 255 }), { nil: undefined, freq: 2 }),
  )
  .map(([taken, action, choice]) => ({
    match: taken,
    ...action,
    ...("to" in action && choice !== undefined ? { rewrite: rewriteOf(taken.path, choice) } : {}),
  }));

/** One to nine routes; no two of them take exactly the same requests. */
export const randomRoutes: fc.Arbitrary<readonly RandomRoute[]> = fc
  .uniqueArray(route, { minLength: 1, maxLength: 9, selector: ({ match: taken }) => requestsOf(taken) })
  .map((all) =>
    all.map((one, index) => ({
      name: `r${index}`,
      ...one,
      captures: [...one.match.path.matchAll(/\{(.)\}/g)].map(([, name = ""]) => name),
    })),
  );

function requestsOf({ path: text, host = "", methods = [], headers = {}, query = {} }: Match): string {
  const pattern = text.startsWith("~") ? text : text.replace(/\{.\}/g, "*");
  const pairs = [headers, query].map((all) => Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify([pattern, host.toLowerCase(), methods.toSorted(), pairs]);
}

interface Match {
  readonly path: string;
  readonly host?: string;
  readonly methods?: readonly string[];
  readonly headers?: Readonly<Record<string, string | boolean>>;
  readonly query?: Readonly<Record<string, string | boolean>>;
}
