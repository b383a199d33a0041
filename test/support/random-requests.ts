import fc from "fast-check";
import type { OriginPattern } from "../../compiler/plan/native.js";
import type { GatewayPlan, HeaderMatch, Json, RoutePlan } from "../../compiler/plan/plan.js";
import { hit, matching, tricked } from "./random-targets.js";
import { traceHeaders } from "./random-tracing.js";

// Requests that are aimed at a plan: they hit its routes, nearly hit them, and try to get around them.

/** A request over HTTP/1.1, as it is sent. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  /** In order, names in lower case, without `host`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Visible ASCII, sent in one chunk where `transfer-encoding` is there; empty if there is none. */
  readonly body: string;
  /** A loopback address that the connection comes from. */
  readonly source: string;
}

type Pair = readonly [name: string, value: string];

const WORDS = ["a", "b", "ab", "abc", "A", "7", "10.0.0.1", "%61", "x"] as const;
const VISIBLE = /^[\x21-\x7e]{1,60}$/;
const METHODS = [
  ...["GET", "GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"],
  ...["TRACE", "PROPFIND", "FOO", "get"],
] as const;
const SOURCES = ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.1.2.3"] as const;

/** Entries of one virtual host that requests are aimed at; a plan for load tests has thousands. */
const MOST_ROUTES = 200;

/**
 * Requests to one listener of a plan.
 *
 * @param keys keys of its consumers; wrong ones are added
 */
export function randomRequests(
  plan: GatewayPlan,
  keys: readonly string[],
  count: number,
): fc.Arbitrary<readonly WireRequest[]> {
  return fc.array(randomRequest(plan, keys), { minLength: count, maxLength: count });
}

/** Aimed at one entry of the plan or another, the generated ones too. */
function randomRequest(plan: GatewayPlan, keys: readonly string[]): fc.Arbitrary<WireRequest> {
  const words = wordsOf(plan);
  // Where keys may stand among other values, every other one is a key.
  const amongOthers = plan.policies.some((policy) => policy.keys !== undefined);
  const values = amongOthers ? [...words, ...words.map((_, index) => keys[index % keys.length] ?? "")] : words;
  const common = {
    query: queries(plan, values),
    preflight: corsHeaders(plan),
    credentials: credentials(plan, keys),
    read: readHeaders(plan, values),
    extra: sometimes(extraHeaders, 3),
    content: body(),
    source: fc.constantFrom(...SOURCES),
  };
  const aimed = plan.hosts.flatMap(({ domains, routes }) =>
    routes.slice(0, MOST_ROUTES).map((route) => {
      const { path, methods } = route.match;
      const right = hit(path, words);
      return fc.record({
        ...common,
        method: fc.oneof(
          { weight: 3, arbitrary: fc.constantFrom(...(methods.length === 0 ? METHODS : methods)) },
          fc.constantFrom(...METHODS),
        ),
        path: fc.oneof({ weight: 3, arbitrary: right }, tricked(right)),
        host: hosts(domains),
        matched: matchedHeaders(route, words),
        query: matchedQuery(route, common.query),
      });
    }),
  );
  return fc.oneof(...aimed).map(({ preflight, content, ...drawn }) => ({
    method: preflight.method ?? drawn.method,
    target: `${drawn.path}${drawn.query}`,
    host: drawn.host,
    headers: [
      ...drawn.matched,
      ...preflight.headers,
      ...drawn.credentials,
      ...drawn.read,
      ...drawn.extra,
      ...content.headers,
    ],
    body: content.text,
    source: drawn.source,
  }));
}

/** Nothing, in most requests. */
function sometimes<T>(arbitrary: fc.Arbitrary<readonly T[]>, times = 2): fc.Arbitrary<readonly T[]> {
  return fc.oneof({ weight: times, arbitrary: fc.constant([]) }, arbitrary);
}

/** Texts that the policies of a plan compare with, beside common ones. */
function wordsOf(plan: GatewayPlan): readonly string[] {
  const found = plan.policies.flatMap(({ config, when }) => [...texts(config), ...texts(when?.predicate ?? null)]);
  return [...new Set([...WORDS, ...found.filter((text) => VISIBLE.test(text))])].slice(0, 200);
}

function texts(json: Json): string[] {
  if (typeof json === "string") return [json];
  if (typeof json !== "object" || json === null) return [];
  return Object.values(json).flatMap(texts);
}

const RAW_QUERIES = ["?", "?x", "?x=a&x=b", "?%78=a", "?x=%", "?x=%GG&y=a", "?=a", "?x=a?b", "?y=/../a", "?x=a+b"];

/** Parameters that a route wants, in ways in which they are and in ways in which they are not. */
function matchedQuery({ match }: RoutePlan, otherwise: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { query = [] } = match;
  if (query.length === 0) return otherwise;
  const pairs = query.map(({ name, ...one }) => {
    const values =
      one.form === "regex" ? matching(one.regex, fc.constant("a")) : fc.constant("value" in one ? one.value : "");
    const value = values.map((text) => text.replace(/[^\x21-\x7e]|[&#]/g, encodeURIComponent));
    const right = value.map((text) => `${name}=${text}`);
    return fc.oneof(
      { weight: 6, arbitrary: right },
      value.map((text) => `${name}=${text}&${name}=b`),
      value.map((text) => `b&${name}=b&${name}=${text}`),
      value.map((text) => `${escaped(name)}=${text}`),
      value.map((text) => `${name}=${escaped(text)}`),
      value.map((text) => `${name}=${text}%`),
      fc.constantFrom(name, `${name}=`, `${name}=%`, `=${name}`, `?${name}=a`, `${name}[]=a`, "x=1"),
    );
  });
  const all = fc.tuple(...pairs).map((texts) => `?${texts.join("&")}`);
  return fc.oneof({ weight: 6, arbitrary: all }, otherwise);
}

function escaped(text: string): string {
  return `%${(text.charCodeAt(0) || 0x61).toString(16)}${text.slice(1)}`;
}

function queries(plan: GatewayPlan, words: readonly string[]): fc.Arbitrary<string> {
  const names = [...readNames(plan, "request.query"), "x"];
  const pair = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...words).map(encodeURIComponent));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant("") },
    {
      weight: 3,
      arbitrary: fc
        .array(pair, { minLength: 1, maxLength: 2 })
        .map((all) => `?${all.map((one) => one.join("=")).join("&")}`),
    },
    fc.constantFrom(...RAW_QUERIES),
  );
}

/** Names that policies read of an attribute with names, such as `request.query`. */
function readNames(plan: GatewayPlan, attribute: string): string[] {
  const beginning = `${attribute}["`;
  const read = plan.policies.flatMap(({ readsNamed, when }) => [...readsNamed, ...(when?.readsNamed ?? [])]);
  return read.filter((text) => text.startsWith(beginning)).map((text) => text.slice(beginning.length, -2));
}

const ODD_HOSTS = [
  "",
  "a b",
  "x@api.example.com",
  "api.example.com,b",
  "[::1]:8080",
  "127.0.0.1",
  "api%2eexample.com",
  "a_b.test",
];

function hosts(domains: readonly string[]): fc.Arbitrary<string> {
  const named = fc
    .constantFrom(...domains)
    .map((domain) => (domain === "*" ? "shop.test" : domain.replace(/^\*/, "www")));
  const spelled = fc
    .tuple(
      named,
      fc.constantFrom<(host: string) => string>(
        (host) => host.toUpperCase(),
        (host) => `${host}:80`,
        (host) => `${host}:443`,
        (host) => `${host}:8080`,
        (host) => `${host}.`,
        (host) => `${host}.:81`,
        (host) => `${host}..`,
        (host) => `${host}:`,
        (host) => `a.b.${host}`,
        (host) => host.slice(host.indexOf(".") + 1),
        (host) => `.${host}`,
      ),
    )
    .map(([host, spell]) => spell(host));
  return fc.oneof({ weight: 6, arbitrary: named }, { weight: 2, arbitrary: spelled }, fc.constantFrom(...ODD_HOSTS));
}

function matchedHeaders(route: RoutePlan, words: readonly string[]): fc.Arbitrary<readonly Pair[]> {
  const all = route.match.headers
    .filter(({ name }) => !name.startsWith(":") && name !== "host")
    .map((header) => {
      const right = takenBy(header, words).map((values) => values.map((value): Pair => [header.name, value]));
      const other = fc.constantFrom(...words).map((value): Pair[] => [[header.name, value]]);
      return fc.oneof(
        { weight: 6, arbitrary: right },
        other,
        fc.tuple(right, other).map((pairs) => pairs.flat()),
        fc.constant([]),
      );
    });
  return fc.tuple(...all).map((pairs) => pairs.flat());
}

/** Values of a header that a route takes. */
function takenBy(header: HeaderMatch, words: readonly string[]): fc.Arbitrary<readonly string[]> {
  const word = fc.constantFrom(...words);
  switch (header.form) {
    case "exact":
      return fc.constant([header.value]);
    case "contains":
      return word.map((text) => [`${text}${header.text}`]);
    case "regex":
      return matching(header.regex, word).map((text) => [text.replace(/[^\x21-\x7e]/g, "_") || "a"]);
    case "cookie": {
      const pair = header.value === undefined ? word : fc.constant(header.value);
      const around = fc.constantFrom(
        ["", ""],
        ["z=1; ", ""],
        ["z=1;", ";"],
        ["", " ; z"],
        ["z ;\t", "\t;z"],
        ["z", ""],
        ["", "1"],
      );
      const spelled = fc
        .tuple(pair, around)
        .map(([value, [before, after]]) => [`${before}${header.cookie}=${value}${after}`]);
      return fc.oneof(
        { weight: 4, arbitrary: spelled },
        fc.tuple(spelled, word).map(([[one = ""], other]) => [`${header.cookie}=${other}`, one]),
      );
    }
    case "unlike":
      return word.map((text) => [text]);
    case "present":
      return header.present ? word.map((text) => [text]) : fc.constant([]);
  }
}

/** Headers of scripts of other origins; a preflight has a method of its own. */
function corsHeaders(plan: GatewayPlan): fc.Arbitrary<{ method?: string; headers: readonly Pair[] }> {
  const known = plan.policies.flatMap(({ native }) =>
    (native?.filter === "cors" ? native.origins : []).map(takenOrigin),
  );
  const origin = fc.constantFrom(...known, ...known, "https://evil.test", "null", "https://SHOP.example.com");
  const script = origin.map((value) => ({ headers: [["origin", value] satisfies Pair] }));
  const preflight = fc
    .record({
      value: origin,
      wanted: fc.constantFrom("GET", "POST", "DELETE", "FOO", ""),
      more: sometimes(fc.constant([["access-control-request-headers", "x-api-key"] satisfies Pair]), 1),
      method: fc.oneof({ weight: 5, arbitrary: fc.constant("OPTIONS") }, fc.constantFrom("GET", "POST")),
    })
    .map(({ value, wanted, more, method }) => {
      const asking: Pair[] = [
        ["origin", value],
        ["access-control-request-method", wanted],
      ];
      return { method, headers: [...asking, ...more] };
    });
  const none = { weight: known.length === 0 ? 12 : 2, arbitrary: fc.constant({ headers: [] }) };
  return fc.oneof(none, script, preflight);
}

function takenOrigin(pattern: OriginPattern): string {
  switch (pattern.form) {
    case "any":
      return "https://anybody.test";
    case "exact":
      return pattern.origin;
    case "below":
      return `${pattern.scheme}://www.${pattern.domain}${pattern.port}`;
  }
}

function credentials(plan: GatewayPlan, keys: readonly string[]): fc.Arbitrary<readonly Pair[]> {
  const headers = plan.policies.filter(({ phase }) => phase === "authenticate").flatMap((one) => one.readsHeaders);
  // Without keys to send, tokens and passwords are bad ones.
  if (headers.length === 0) return fc.constant([]);
  if (keys.length === 0) return fc.constantFrom(...headers).map((name): Pair[] => [[name, "nobody"]]);
  const header = fc.constantFrom(...headers);
  const key = fc.constantFrom(...keys);
  const good = fc.tuple(header, key).map((pair): Pair[] => [pair]);
  const bad = fc
    .tuple(
      header,
      key,
      fc.constantFrom<(key: string) => string>(
        () => "nobody",
        () => "",
        (one) => one.toUpperCase(),
        (one) => `${one}x`,
        (one) => `${one},${one}`,
        (one) => `Bearer ${one}`,
        () => "k".repeat(4_097),
      ),
    )
    .map(([name, one, spoil]): Pair[] => [[name, spoil(one)]]);
  const two = fc.tuple(good, fc.oneof(good, bad)).map((pairs) => pairs.flat());
  return fc.oneof({ weight: 5, arbitrary: good }, { weight: 2, arbitrary: fc.constant([]) }, bad, two);
}

const COOKIES = ["x=a", "y=b; x=ab", "x", "x=a; x=b", "y= a", 'x="a"', "; y=b", "z=1"];

/** Headers and cookies that expressions read. */
function readHeaders(plan: GatewayPlan, words: readonly string[]): fc.Arbitrary<readonly Pair[]> {
  const ours = /^(:.*|host|content-length|transfer-encoding|connection|cookie)$/;
  const read = plan.policies
    .filter(({ phase }) => phase !== "authenticate")
    .flatMap(({ readsHeaders, when, native }) => [
      ...readsHeaders,
      ...(when?.readsHeaders ?? []),
      ...(native?.filter === "fault" ? native.headers.map(({ name }) => name) : []),
    ])
    .filter((name) => !ours.test(name));
  const header = fc.tuple(fc.constantFrom(...read, "x-x"), fc.constantFrom(...words));
  const cookie = fc.oneof(
    fc.constantFrom(...COOKIES),
    fc
      .tuple(fc.constantFrom(...readNames(plan, "request.cookies"), "x"), fc.constantFrom(...words))
      .map((pair) => pair.join("=")),
  );
  return fc
    .tuple(
      sometimes(fc.array(header, { minLength: 1, maxLength: 3 }), 1),
      sometimes(
        fc.array(
          cookie.map((value): Pair => ["cookie", value]),
          { minLength: 1, maxLength: 2 },
        ),
        3,
      ),
      plan.policies.some(({ phase }) => phase === "trace") ? sometimes(traceHeaders, 1) : fc.constant([]),
    )
    .map((pairs) => pairs.flat());
}

/** Identities that are forged, words of proxies, and what a gateway has to take off. */
const extraHeaders: fc.Arbitrary<readonly Pair[]> = fc.array(
  fc.constantFrom<Pair[]>(
    ["x-consumer", "root"],
    ["x-consumer-tier", "gold"],
    ["x-consumer-groups", "partners"],
    ["x_consumer", "root"],
    ["x-forwarded-for", "10.0.0.1"],
    ["x-forwarded-for", "192.168.1.9, 2001:db8::1"],
    ["x-forwarded-for", "not-an-address"],
    ["x-forwarded-proto", "https"],
    ["x-forwarded-proto", "ftp"],
    ["x-forwarded-host", "api.example.com"],
    ["x-request-id", "mine"],
    ["x-envoy-original-path", "/a"],
    ["x-envoy-external-address", "10.0.0.1"],
    ["x-original-url", "/admin"],
    // Of no body, and of another one.
    ["content-digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"],
    ["content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"],
    ["x-http-method-override", "DELETE"],
    ["content-type", "application/grpc"],
    ["content-type", "application/grpc-web+proto"],
    ["accept-encoding", "gzip"],
    ["accept-encoding", "br;q=0.5, gzip;q=0.4"],
    ["accept-encoding", "*, gzip;q=0"],
    ["accept", "a"],
    ["accept", "b"],
    ["te", "trailers"],
    ["keep-alive", "5"],
    ["user-agent", "random/1"],
    ["x-empty", ""],
    ["ratelimit", "1"],
    ["via", "1.1 a"],
  ),
  { minLength: 1, maxLength: 3 },
);

/** A body, told by its length or in chunks. */
function body(): fc.Arbitrary<{ headers: readonly Pair[]; text: string }> {
  const length = (text: string) => ({ headers: [["content-length", String(text.length)] satisfies Pair], text });
  const chunked = (text: string) => ({ headers: [["transfer-encoding", "chunked"] satisfies Pair], text });
  const text = fc.constantFrom("{}", "abc", '{"a": 1}');
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant({ headers: [], text: "" }) },
    { weight: 2, arbitrary: text.map(length) },
    { weight: 1, arbitrary: text.map(chunked) },
    { weight: 1, arbitrary: fc.constant(length("")) },
  );
}
