import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { type ContextCase, contextCases, type Headers, unmet, valuesOf, w3cCases } from "../support/trace-suites.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Contexts of traces as a service behind a real Envoy gets them: no spans are made, so nothing but headers is looked at.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: contexts
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
policies:
  w3c: { tracing: { sample: 0% } }
  b3: { tracing: { propagate: [b3], sample: 100% } }
  b3multi: { tracing: { propagate: [b3multi], sample: 0% } }
  jaeger: { tracing: { propagate: [jaeger], sample: 100% } }
  every: { tracing: { propagate: [jaeger, b3multi, b3, w3c], sample: 0% } }
  bare: { tracing: { sample: 100%, baggage: drop } }
  ours: { tracing: { propagate: [w3c, b3], sample: { ratio: 100%, parent: false, rules: [{ when: 'request.path == "/ours/health"', ratio: 0% }] } } }
  off: { mode: off, tracing: {} }
routes:
  - { name: w3c, match: { path: /w3c/** }, to: echo, apply: [w3c] }
  - { name: b3, match: { path: /b3/** }, to: echo, apply: [b3] }
  - { name: b3multi, match: { path: /b3multi/** }, to: echo, apply: [b3multi] }
  - { name: jaeger, match: { path: /jaeger/** }, to: echo, apply: [jaeger] }
  - { name: every, match: { path: /every/** }, to: echo, apply: [every] }
  - { name: bare, match: { path: /bare/** }, to: echo, apply: [bare] }
  - { name: ours, match: { path: /ours/** }, to: echo, apply: [ours] }
  - { name: off, match: { path: /off/** }, to: echo, apply: [off] }
  - { name: open, match: { path: /open/** }, to: echo }
`;

type Form = ContextCase["form"];
const NAMES: Record<Form, readonly string[]> = {
  w3c: ["traceparent"],
  b3: ["b3"],
  b3multi: ["x-b3-sampled", "x-b3-spanid", "x-b3-traceid"],
  jaeger: ["uber-trace-id"],
};
const FORMS = ["w3c", "b3", "b3multi", "jaeger"] as const;
/** Of these a service gets what the policy writes, and nothing that a client sent. */
const CONTEXT_NAMES = /^(traceparent|tracestate|baggage|b3|x-b3-.*|uber-trace-id)$/;

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const OTHER = "80f198ee56343ba864fe8b2a57d3eff7";
const traceparent = (traceId: string, flags = "01"): [string, string] => [
  "traceparent",
  `00-${traceId}-${SPAN}-${flags}`,
];

interface Context {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** The forms read with the least effort: what is written has one way to be written. */
const WRITTEN: Record<Form, RegExp> = {
  w3c: /^00-([0-9a-f]{32})-([0-9a-f]{16})-0([0-3])$/,
  b3: /^([0-9a-f]{32})-([0-9a-f]{16})-([01])$/,
  b3multi: /^([0-9a-f]{32})\/([0-9a-f]{16})\/([01])$/,
  jaeger: /^([0-9a-f]{32}):([0-9a-f]{16}):0:([01])$/,
};

function contextOf(form: Form, headers: Headers): Context {
  const names = { ...NAMES, b3multi: ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled"] }[form];
  const text = names.map((name) => valuesOf(headers, name).join()).join("/");
  const [, traceId = "", spanId = "", flags = ""] = WRITTEN[form].exec(text) ?? [];
  expect(traceId, `${form}: ${text}`).not.toBe("");
  return { traceId, spanId, sampled: Number(flags) % 2 === 1 };
}

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  /** What the service gets of a request; that no context ever costs the client its answer is a part of every case. */
  async function heard(target: string, headers: Headers): Promise<Headers> {
    gateway.forget();
    const { status } = await gateway.raw({ target, headers });
    expect(status, JSON.stringify(headers).slice(0, 500)).toBe(200);
    const [received] = gateway.heard();
    const raw = received?.rawHeaders ?? [];
    return raw.flatMap((name, index): Headers => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""]] : []));
  }

  /** The headers of traces among those that the service got, by name. */
  async function traced(target: string, headers: Headers): Promise<Headers> {
    const received = await heard(target, headers);
    return received.filter(([name]) => CONTEXT_NAMES.test(name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  describe("the W3C suite", () => {
    test.each(w3cCases)("$name: $says", async ({ requests }) => {
      for (const request of requests) {
        const received: Headers[] = [];
        for (let time = 0; time < request.times; time++) received.push(await heard("/w3c/x", request.headers));
        expect(unmet(request, received), JSON.stringify(request.headers)).toEqual([]);
      }
    });
  });

  describe.each(FORMS)("what comes in is written as %s", (form) => {
    const samples = form === "b3" || form === "jaeger";

    test.each(contextCases)("$form, $says ($from)", async ({ headers, context }) => {
      const received = await traced(`/${form}/x`, headers);
      expect(received.map(([name]) => name)).toEqual(NAMES[form]);
      const written = contextOf(form, received);
      const ids = context !== null && "traceId" in context ? context : undefined;
      if (ids === undefined) expect(headers.some(([, value]) => value.includes(written.traceId))).toBe(false);
      else expect(written.traceId).toBe(ids.traceId);
      expect(written.spanId).not.toBe(ids?.spanId);
      expect(written.sampled).toBe(context?.sampled ?? samples);
    });
  });

  test("all forms at once tell of one span", async () => {
    const received = await traced("/every/x", [["b3", `${TRACE}-${SPAN}-1`]]);
    expect(received.map(([name]) => name)).toEqual(FORMS.flatMap((form) => NAMES[form]).toSorted());
    const contexts = FORMS.map((form) => contextOf(form, received));
    expect(new Set(contexts.map((context) => JSON.stringify(context))).size).toBe(1);
    expect(contexts[0]).toMatchObject({ traceId: TRACE, sampled: true });
  });

  describe("of several forms that are sent", () => {
    const all: Headers = [
      traceparent(TRACE),
      ["b3", `${OTHER}-${SPAN}-1`],
      ["x-b3-traceid", "1".repeat(32)],
      ["x-b3-spanid", SPAN],
      ["uber-trace-id", `${"2".repeat(32)}:${SPAN}:0:1`],
    ];
    const traceIdAt = async (form: Form, path: string, headers: Headers) =>
      contextOf(form, await traced(path, headers)).traceId;

    test("the first of the policy decides, then w3c, b3, b3multi, jaeger", async () => {
      expect(await traceIdAt("w3c", "/w3c/x", all)).toBe(TRACE);
      expect(await traceIdAt("w3c", "/w3c/x", all.slice(1))).toBe(OTHER);
      expect(await traceIdAt("w3c", "/w3c/x", all.slice(2))).toBe("1".repeat(32));
      expect(await traceIdAt("w3c", "/w3c/x", all.slice(4))).toBe("2".repeat(32));
      expect(await traceIdAt("jaeger", "/jaeger/x", all)).toBe("2".repeat(32));
      expect(await traceIdAt("b3multi", "/b3multi/x", all)).toBe("1".repeat(32));
      expect(await traceIdAt("b3", "/b3/x", all)).toBe(OTHER);
      expect(await traceIdAt("w3c", "/every/x", all)).toBe("2".repeat(32));
    });

    test("a bad first one is not made up for by another", async () => {
      const known = all.map(([, value]) => value).join();
      expect(known).not.toContain(await traceIdAt("w3c", "/w3c/x", [["traceparent", "00-bad"], ...all.slice(1)]));
      expect(known).not.toContain(await traceIdAt("b3", "/b3/x", [["b3", "bad"], ...all.slice(2), traceparent(TRACE)]));
    });

    test("a header that comes twice is none, whatever its values", async () => {
      for (const header of [...all.slice(0, 2), ...all.slice(4)]) {
        const received = await traced("/w3c/x", [header, header]);
        expect(header[1]).not.toContain(contextOf("w3c", received).traceId);
      }
      const [trace, span]: Headers = all.slice(2);
      expect(
        await traceIdAt(
          "w3c",
          "/w3c/x",
          [trace, span, span].flatMap((one) => (one ? [one] : [])),
        ),
      ).not.toBe(trace?.[1]);
    });
  });

  describe("who decides", () => {
    const sampledAt = async (path: string, headers: Headers) => contextOf("w3c", await traced(path, headers)).sampled;

    test("is the caller, if it decided", async () => {
      expect(await sampledAt("/w3c/x", [traceparent(TRACE, "01")])).toBe(true);
      expect(await sampledAt("/bare/x", [traceparent(TRACE, "00")])).toBe(false);
      expect(await sampledAt("/w3c/x", [])).toBe(false);
      expect(await sampledAt("/bare/x", [])).toBe(true);
      expect(await sampledAt("/bare/x", [["b3", `${TRACE}-${SPAN}`]])).toBe(true);
    });

    test("is the gateway, if it is told to, by its rules first", async () => {
      expect(await sampledAt("/ours/x", [traceparent(TRACE, "00")])).toBe(true);
      expect(await sampledAt("/ours/health", [traceparent(TRACE, "01")])).toBe(false);
      expect((await traced("/ours/health", [["b3", "d"]])).map(([name]) => name)).toEqual(["b3", "traceparent"]);
    });
  });

  describe("tracestate", () => {
    const state: [string, string] = ["tracestate", "rojo=00f067aa0ba902b7, congo=t61rcWkgMzE"];
    const stateAt = async (path: string, headers: Headers) => valuesOf(await traced(path, headers), "tracestate");

    test("goes with the context that it belongs to, as it came", async () => {
      expect(await stateAt("/w3c/x", [traceparent(TRACE), state])).toEqual([state[1]]);
      expect(await stateAt("/ours/x", [traceparent(TRACE), state])).toEqual([state[1]]);
      expect(await stateAt("/every/x", [state, ["b3", `${OTHER}-${SPAN}-1`], traceparent(TRACE)])).toEqual([]);
      expect(await stateAt("/b3/x", [traceparent(TRACE), state])).toEqual([]);
      expect(await stateAt("/w3c/x", [["traceparent", "00-bad"], state])).toEqual([]);
    });

    test.each([
      ["33 members", Array.from({ length: 33 }, (_, index) => `k${index}=v`).join()],
      ["513 bytes", `a=${"1".repeat(254)},b=${"2".repeat(254)}`],
      ["30 KiB", `a=${"1".repeat(30 << 10)}`],
      ["10,000 commas", ",".repeat(10_000)],
      ["bytes that are no text", "a=\xff\xfe"],
      ["a tab", "a=b\tc"],
    ])("of %s is dropped, and its context is kept", async (_, value) => {
      const received = await traced("/w3c/x", [traceparent(TRACE), ["tracestate", value]]);
      expect(received.map(([name]) => name)).toEqual(["traceparent"]);
      expect(contextOf("w3c", received).traceId).toBe(TRACE);
    });
  });

  describe("baggage", () => {
    const baggageAt = async (path: string, ...values: string[]) =>
      valuesOf(
        await traced(
          path,
          values.map((value) => ["baggage", value]),
        ),
        "baggage",
      );

    test("is passed on whichever form is written, joined if it came in parts", async () => {
      expect(await baggageAt("/w3c/x", "userId=alice;p=1, node = DF%2028")).toEqual([
        "userId=alice;p=1, node = DF%2028",
      ]);
      expect(await baggageAt("/jaeger/x", "userId=alice")).toEqual(["userId=alice"]);
      expect((await baggageAt("/b3/x", "a=1", "b=2")).join().split(/, ?/)).toEqual(["a=1", "b=2"]);
      const many = Array.from({ length: 64 }, (_, index) => `key${index}=value`).join();
      expect(await baggageAt("/w3c/x", many)).toEqual([many]);
      const long = "a=".padEnd(8192, "x");
      expect(await baggageAt("/w3c/x", long)).toEqual([long]);
    });

    test("is dropped beyond the limits, and where the policy says so", async () => {
      expect(await baggageAt("/w3c/x", "a=".padEnd(8193, "x"))).toEqual([]);
      expect(await baggageAt("/w3c/x", Array.from({ length: 65 }, (_, index) => `key${index}=value`).join())).toEqual(
        [],
      );
      expect(await baggageAt("/w3c/x", "a=\xff")).toEqual([]);
      expect(await baggageAt("/w3c/x", "")).toEqual([]);
      expect(await baggageAt("/bare/x", "userId=alice")).toEqual([]);
    });
  });

  test("where no policy traces, headers pass as they came", async () => {
    const headers: Headers = [
      ["b3", "bad"],
      ["baggage", "a=1"],
      traceparent(TRACE),
      ["tracestate", "a=1"],
      ["x-b3-flags", "1"],
    ];
    expect(await traced("/open/x", headers)).toEqual(headers);
    expect(await traced("/off/x", headers)).toEqual(headers);
  });

  test("every request has a trace and a span of its own", async () => {
    const contexts: Context[] = [];
    for (let count = 0; count < 300; count++) contexts.push(contextOf("w3c", await traced("/w3c/x", [])));
    expect(new Set(contexts.map(({ traceId }) => traceId)).size).toBe(contexts.length);
    expect(new Set(contexts.map(({ spanId }) => spanId)).size).toBe(contexts.length);
  });

  test("after all of it every worker serves, and nothing trapped", () =>
    oracle.check({ goodRequest: (agent) => gateway.send("/w3c/x", { agent }) }));
});
