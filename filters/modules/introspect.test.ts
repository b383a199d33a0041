import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  decisionOf,
  documentOf,
  Introspecting,
  introspecting,
  type Policies,
  SECOND,
  toldOf,
} from "../../test/support/introspecting.js";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { allowing, limiting } from "../../test/support/module-policies.js";

// Tokens that a service is asked about, at the module: what waits, what goes on, and what is left of it.

let guard: CompiledModule;
let auth: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
  auth = await loadModule("auth");
});

const open = (policies: Policies = [introspecting()], options?: ConstructorParameters<typeof Introspecting>[2]) =>
  new Introspecting(guard, [documentOf(policies)], options);
const ALLOWED = "known allowed authenticated passed";
const good = { active: true, sub: "alice", scope: "a b" };

describe("a question", () => {
  it("is asked once for all who wait, and its answer holds for a while", () => {
    const module = open();
    const streams = Array.from({ length: 100 }, () => module.begin("opaque"));
    expect(module.calls).toHaveLength(1);
    expect(module.waiting).toBe(100);
    expect(streams.every((stream) => stream.isHeld("request") && stream.localReply === undefined)).toBe(true);
    const [call] = module.calls;
    expect(call).toMatchObject({ cluster: "idp", timeout: 2000, trailers: [] });
    expect(Buffer.from(call?.body ?? []).toString()).toBe("token_type_hint=access_token&token=opaque");
    expect(call?.headers).toEqual([
      [":method", "POST"],
      [":path", "/introspect"],
      [":authority", "id.example.com"],
      ["accept", "application/json"],
      ["content-type", "application/x-www-form-urlencoded"],
      ["authorization", `Basic ${Buffer.from("gateway:a+secret+of+the+gateway").toString("base64")}`],
      ["content-length", `${call?.body.length}`],
    ]);
    module.answer(good);
    expect(new Set(streams.map(decisionOf))).toEqual(new Set([ALLOWED]));
    expect(streams.every((stream) => stream.request.headers?.get("authorization") !== undefined)).toBe(true);
    expect(module.waiting).toBe(0);
    module.host.advance(29n * SECOND);
    expect(decisionOf(module.begin("opaque"))).toBe(ALLOWED);
    module.host.advance(2n * SECOND);
    expect(module.begin("opaque").isHeld("request")).toBe(true);
    expect(module.counted("authenticate.known.allowed")).toBe(101);
  });

  it("is another one for each token, and for each policy", () => {
    const second = { ...introspecting({ path: "/other" }), name: "second" };
    const routes = [
      { name: "r", run: ["known"] },
      { name: "s", run: ["second"] },
    ];
    const module = new Introspecting(guard, [documentOf([introspecting(), second], { routes })]);
    const one = module.begin("one");
    const other = module.begin("other");
    expect(module.calls).toHaveLength(2);
    module.answer({ active: false });
    expect(decisionOf(one)).toBe("known denied token-inactive 401");
    expect(other.isHeld("request")).toBe(true);
    module.answer(good);
    expect(decisionOf(other)).toBe(ALLOWED);
  });

  it("is not asked again for a while where the answer was bad, and costs no more calls of the host", () => {
    const module = open();
    expect(module.judged("bad", { active: false })).toBe("known denied token-inactive 401");
    expect(decisionOf(module.begin("bad"))).toBe("known denied token-inactive 401");
    expect(module.calls).toEqual([]);
    module.host.advance(31n * SECOND);
    expect(module.judged("bad", good)).toBe(ALLOWED);
    module.begin("bad");
    expect(module.called).toEqual([
      ...["proxy_get_property", "proxy_get_header_map_pairs", "clock_time_get", "clock_time_get"],
      ...["proxy_increment_metric", "proxy_set_property"],
    ]);
  });

  it("is asked each time without a cache", () => {
    const module = open([introspecting({ ttlMs: 0 })]);
    for (let turn = 0; turn < 3; turn++) expect(module.judged("opaque", good)).toBe(ALLOWED);
    const remembersNone = open([introspecting({ cache: 0 })]);
    for (let turn = 0; turn < 3; turn++) expect(remembersNone.judged("opaque", { active: false })).toMatch(/inactive/);
  });

  it("is refused where too many wait, and there is room again when they have gone on", () => {
    const module = open([introspecting({ pending: 3 })]);
    const streams = ["a", "b", "a"].map((token) => module.begin(token));
    expect(decisionOf(module.begin("a"))).toBe("known denied unavailable 503");
    expect(decisionOf(module.begin("c"))).toBe("known denied unavailable 503");
    expect(module.calls).toHaveLength(2);
    module.answer(good);
    module.answer({ active: false });
    expect(streams.map(decisionOf)).toEqual([ALLOWED, "known denied token-inactive 401", ALLOWED]);
    expect(module.judged("c", good)).toBe(ALLOWED);
  });
});

describe("an answer", () => {
  const expecting = { issuer: "https://id.example.com/", audiences: ["orders", "shop"] };
  const now = () => 1_800_000_000;
  it.each<[string, unknown, string]>([
    ["that is active", good, "allowed authenticated passed"],
    ["that is not", { active: false }, "denied token-inactive 401"],
    ["that is not, whatever else it says", { active: false, sub: 7, exp: "x" }, "denied token-inactive 401"],
    ["without active", { sub: "alice" }, "denied unavailable 503"],
    ["with active as a text", { active: "true" }, "denied unavailable 503"],
    ["of another type", { active: true, sub: 7 }, "denied unavailable 503"],
    ["with a member twice", '{"active":true,"active":true}', "denied unavailable 503"],
    ["with a member twice further in", '{"active":true,"a":{"b":1,"\\u0062":2}}', "denied unavailable 503"],
    ["that is no object", "[true]", "denied unavailable 503"],
    ["that is no JSON", "active=true", "denied unavailable 503"],
    ["of nothing", "", "denied unavailable 503"],
    ["that ends in the middle", '{"active":true,"sub":"al', "denied unavailable 503"],
    ["that is too long", { ...good, more: "x".repeat(16_384) }, "denied unavailable 503"],
    ["with too many members", { ...good, more: Array.from({ length: 2048 }, () => 0) }, "denied unavailable 503"],
    ["with an end that is past", { ...good, exp: 1 }, "denied token-expired 401"],
    ["with a beginning that is far ahead", { ...good, nbf: 250_000_000_000 }, "denied token-not-yet-valid 401"],
    ["with an end that is far ahead", { ...good, exp: 250_000_000_000 }, "allowed authenticated passed"],
  ])("%s", (_, body, decision) => {
    expect(now()).toBeGreaterThan(0);
    expect(open().judged("opaque", body)).toBe(`known ${decision}`);
  });

  it.each<[string, object, string]>([
    ["of the issuer for us", { iss: "https://id.example.com/", aud: "shop" }, "allowed authenticated passed"],
    ["for several", { iss: "https://id.example.com/", aud: ["x", "orders"] }, "allowed authenticated passed"],
    ["of another issuer", { iss: "https://id.example.com", aud: "shop" }, "denied token-issuer 401"],
    ["of nobody", { aud: "shop" }, "denied token-issuer 401"],
    ["for somebody else", { iss: "https://id.example.com/", aud: "Shop" }, "denied token-audience 401"],
    ["for nobody", { iss: "https://id.example.com/" }, "denied token-audience 401"],
  ])("%s, where that is asked for", (_, members, decision) => {
    const module = open([introspecting(expecting)]);
    expect(module.judged("opaque", { ...good, ...members })).toBe(`known ${decision}`);
    // Either is remembered.
    expect(decisionOf(module.begin("opaque"))).toBe(`known ${decision}`);
  });

  it.each([201, 204, 301, 400, 401, 403, 404, 429, 500, 503])("of status %i is none, and not remembered", (status) => {
    const module = open();
    expect(module.judged("opaque", good, status)).toBe("known denied unavailable 503");
    expect(module.judged("opaque", good)).toBe(ALLOWED);
  });

  it("that breaks off is none", () => {
    const module = open();
    const stream = module.begin("opaque");
    module.calls[0]?.breakOff();
    expect(decisionOf(stream)).toBe("known denied unavailable 503");
    expect(stream.localReply?.headers).toContainEqual(["retry-after", "1"]);
    expect(module.waiting).toBe(0);
  });

  it("holds no longer than its token", () => {
    const module = open();
    const seconds = Number(module.host.clock.wall() / SECOND);
    expect(module.judged("opaque", { ...good, exp: seconds + 5 })).toBe(ALLOWED);
    module.host.advance(4n * SECOND);
    expect(decisionOf(module.begin("opaque"))).toBe(ALLOWED);
    module.host.advance(1n * SECOND);
    expect(decisionOf(module.begin("opaque"))).toBe("known denied token-expired 401");
  });

  it("says who calls: a consumer of the issuer before one of any", () => {
    const module = open([introspecting({ consumer: "client_id" })]);
    let count = 0;
    const consumer = (members: object) => {
      const stream = module.begin(`token-${count++}`);
      module.answer({ active: true, ...members });
      return [toldOf(stream, "consumer"), toldOf(stream, "tier")];
    };
    expect(consumer({ client_id: "acme-app" })).toEqual(["acme", "gold"]);
    expect(consumer({ client_id: "acme-app", iss: "https://id.example.com/" })).toEqual(["globex", undefined]);
    expect(consumer({ client_id: "acme-app", iss: "https://other.example.com/" })).toEqual(["acme", "gold"]);
    expect(consumer({ client_id: "acme" })).toEqual([undefined, undefined]);
    expect(consumer({ sub: "acme-app" })).toEqual([undefined, undefined]);
    expect(consumer({ client_id: ["acme-app"] })).toEqual([undefined, undefined]);
  });

  it("of any bytes lets in only what is active", () => {
    const text = JSON.stringify({ ...good, exp: 250_000_000_000, aud: ["a"], more: { a: [1, "\u00e9"] } });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array).toString("latin1")),
      fc
        .tuple(fc.nat(text.length), fc.nat(4), fc.string({ maxLength: 3 }))
        .map(([at, cut, more]) => `${text.slice(0, at)}${more}${text.slice(at + cut)}`),
    );
    const module = open([introspecting({ ttlMs: 0 })]);
    fc.assert(
      fc.property(bytes, (body) => {
        const ascii = Buffer.from(body).toString("latin1");
        const decision = module.judged("opaque", ascii);
        const active = activeIn(Buffer.from(ascii, "latin1"));
        if (decision === ALLOWED) expect([ascii, active]).toEqual([ascii, true]);
        else expect(decision).toMatch(/^known denied (unavailable 503|token-\S+ 401)$/);
      }),
      { numRuns: 2000 },
    );
    expect(module.waiting).toBe(0);
  });
});

function activeIn(bytes: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === "object" && value !== null && "active" in value ? value.active : undefined;
  } catch {
    return undefined;
  }
}

describe("a request that waits", () => {
  const before = limiting("before", { count: 5, periodMs: 60_000, burst: 5 }, { key: [["get", "source.ip"]] });
  const after = limiting("after", { count: 3, periodMs: 60_000, burst: 3 }, { key: [["get", "auth.subject"]] });

  it("is counted once by what came before, and told of all", () => {
    const module = open([before, introspecting(), allowing(["in", "a", ["get", "auth.scopes"]]), after]);
    const streams = Array.from({ length: 4 }, () => module.begin("opaque"));
    module.answer(good);
    // In their order.
    expect(streams.map((stream) => stream.localReply?.status)).toEqual([undefined, undefined, undefined, 429]);
    const fields = streams.slice(0, 3).map((stream) => toldOf(stream, "ratelimit"));
    expect(fields).toEqual([
      '"before";r=4;t=12, "after";r=2;t=20',
      '"before";r=3;t=12, "after";r=1;t=20',
      '"before";r=2;t=12, "after";r=0;t=20',
    ]);
    expect(streams[3]?.localReply?.headers.filter(([name]) => name === "ratelimit")).toEqual([
      ["ratelimit", '"before";r=1;t=12, "after";r=0;t=20'],
    ]);
    expect(module.counted("rate-limit.before.allowed")).toBe(4);
    expect(module.counted("authenticate.known.allowed")).toBe(4);
    expect([module.counted("rate-limit.after.allowed"), module.counted("rate-limit.after.denied")]).toEqual([3, 1]);
    expect(module.begin("opaque").localReply?.status).toBe(429);
    expect(toldOf(module.begin("opaque"), "decision")).toBe("before denied quota-exceeded");
  });

  it("keeps what a policy in shadow has said, and its decision", () => {
    const never = {
      ...limiting("never", { count: 1, periodMs: 60_000, burst: 1 }, { key: [["get", "source.ip"]] }),
      mode: "shadow",
    };
    const module = open([
      never,
      introspecting({ ttlMs: 0 }, { optional: true }, { when: ["==", ["get", "request.method"], "GET"] }),
    ]);
    module.judged("opaque", good);
    const stream = module.begin("opaque");
    module.answer(good);
    expect(toldOf(stream, "shadow")).toBe("never denied quota-exceeded");
    expect(decisionOf(stream)).toBe(ALLOWED);
  });

  const trace = { name: "trace", tracing: { propagate: ["w3c"], ratio: 1_000_000, perSecond: 100, export: 0 } };
  const exporters = [
    { cluster: "collector", authority: "collector", path: "/api/v2/spans", format: "zipkin", service: "shop" },
  ];
  const routes = [
    {
      name: "r",
      run: ["trace", "before", "known", "after"],
      tell: ["decision", "trace-id", "traceparent"],
    },
  ];
  const traced = () =>
    new Introspecting(guard, [documentOf([trace, before, introspecting(), after], { exporters, routes })]);

  it("keeps its trace: whose it is, when it came, and what was done of it", () => {
    const module = traced();
    const parent = ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"] as const;
    const streams = [module.begin("opaque"), module.begin("opaque", { headers: [parent] })];
    const ids = streams.map((stream) => toldOf(stream, "trace-id"));
    expect(ids[1]).toBe("0af7651916cd43dd8448eb211c80319c");
    module.host.advance(3n * SECOND);
    module.answer(good);
    expect(streams.map(decisionOf)).toEqual([ALLOWED, ALLOWED]);
    for (const [index, stream] of streams.entries()) {
      expect(toldOf(stream, "trace-id")).toBe(ids[index]);
      expect(toldOf(stream, "traceparent")).toMatch(new RegExp(`^00-${ids[index]}-[0-9a-f]{16}-0[13]$`));
      stream.responseHeaders([[":status", "200"]], true);
      stream.finish();
    }
    module.host.tick();
    const [call] = module.host.calls.pending;
    const spans: { traceId: string; parentId?: string; name: string; kind?: string; duration: number }[] = JSON.parse(
      Buffer.from(call?.body ?? []).toString(),
    );
    for (const [index, id] of ids.entries()) {
      const own = spans.filter(({ traceId }) => traceId === id);
      const server = own.find(({ kind }) => kind === "SERVER");
      expect(server?.parentId).toBe(index === 0 ? undefined : "b7ad6b7169203331");
      expect(server?.duration).toBeGreaterThanOrEqual(3_000_000);
      const deeds = own
        .filter(({ kind }) => kind === undefined)
        .map(({ name, duration }) => [name, duration >= 3_000_000]);
      expect(deeds).toEqual([
        ["limit before", false],
        ["authenticate known", true],
        ["limit after", false],
      ]);
    }
    expect(module.counted("tracing.trace.sampled")).toBe(2);
  });

  it("and whose client has left is a span that is missing, which is counted", () => {
    const module = traced();
    module.begin("opaque").finish();
    module.answer(good);
    expect(module.counted("tracing.trace.dropped")).toBe(1);
    expect(module.counted("rate-limit.after.allowed")).toBe(0);
  });

  it("may have a body, which goes on after it", () => {
    const module = open();
    const stream = module.begin("opaque", { ends: false });
    stream.requestData(Buffer.from("first"), false);
    stream.requestData(Buffer.from("second"), true);
    expect(stream.request).toEqual({ body: [], ended: false });
    module.answer(good);
    expect(Buffer.concat(stream.request.body).toString()).toBe("firstsecond");
    expect(stream.request.ended).toBe(true);
  });

  it("in shadow passes whatever comes of it, and stays unknown", () => {
    const module = open([introspecting({ ttlMs: 0 }, {}, { mode: "shadow" })]);
    for (const [body, shadow] of [
      [good, undefined],
      [{ active: false }, "known denied token-inactive"],
      ["", "known denied unavailable"],
    ] as const) {
      const stream = module.begin("opaque");
      expect(stream.isHeld("request")).toBe(true);
      module.answer(body);
      expect([stream.localReply, toldOf(stream, "shadow"), toldOf(stream, "consumer")]).toEqual([
        undefined,
        shadow,
        undefined,
      ]);
      expect(stream.request.headers).toBeDefined();
    }
  });

  it("of a client that leaves is forgotten with the answer, and the others go on", () => {
    const module = open();
    const streams = Array.from({ length: 10 }, () => module.begin("opaque"));
    streams.slice(0, 7).forEach((stream) => void stream.finish());
    expect(module.waiting).toBe(10);
    module.answer(good);
    expect(module.waiting).toBe(0);
    expect(streams.slice(7).map(decisionOf)).toEqual([ALLOWED, ALLOWED, ALLOWED]);
    expect(module.counted("authenticate.known.allowed")).toBe(3);
    const alone = module.begin("another");
    alone.finish();
    module.answer(good);
    expect(module.waiting).toBe(0);
    // The answer was good for those who come later, too.
    expect(decisionOf(module.begin("another"))).toBe(ALLOWED);
  });

  it("is not minded by answers to nobody", () => {
    const module = open();
    const stream = module.begin("opaque");
    const [root] = module.roots;
    if (root === undefined) throw new Error("there is a root");
    for (const token of [0, 1, 999, 0xffffffff]) module.vm.tellAnswer(root, token, undefined);
    module.refuseTraps();
    expect(stream.isHeld("request")).toBe(true);
    module.answer(good);
    module.vm.tellAnswer(root, 4, undefined);
    expect(decisionOf(stream)).toBe(ALLOWED);
  });

  it("of a root whose calls are never answered gives way to others", () => {
    const module = open([introspecting({ pending: 2 })]);
    module.begin("a").finish();
    module.begin("b").finish();
    module.host.calls.cancelOf(module.vm);
    expect(decisionOf(module.begin("c"))).toBe("known denied unavailable 503");
    module.host.advance(13n * SECOND);
    expect(module.judged("c", good)).toBe(ALLOWED);
    expect(module.waiting).toBe(0);
  });

  it("is one of its own root where several share a VM", () => {
    const documents = [documentOf([introspecting()]), documentOf([introspecting({ path: "/second", issuer: "i" })])];
    const module = new Introspecting(guard, documents);
    const streams = [0, 1, 0].map((root) => module.begin("opaque", { root }));
    expect(module.calls.map(({ headers }) => headers[1]?.[1])).toEqual(["/introspect", "/second"]);
    module.answer(good);
    module.answer(good);
    expect(streams.map(decisionOf)).toEqual([ALLOWED, "known denied token-issuer 401", ALLOWED]);
  });

  it("waits in auth.wasm too, which writes the headers", () => {
    const headers = { claimsToHeaders: [{ claim: "sub", header: "x-user-id" }] };
    const document = documentOf([introspecting(headers)], { results: "headers" });
    const module = new Introspecting(auth, [document]);
    const stream = module.begin("opaque", {
      headers: [
        ["x-user-id", "forged"],
        ["x-consumer", "forged"],
      ],
    });
    expect(stream.isHeld("request")).toBe(true);
    module.answer({ ...good, sub: "acme-app" });
    const names = ["x-user-id", "x-consumer", "x-consumer-tier", "x-consumer-groups", "authorization"];
    expect(names.map((name) => stream.request.headers?.get(name))).toEqual([
      "acme-app",
      "acme",
      "gold",
      "partners",
      undefined,
    ]);
  });
});

describe("a host that fails", () => {
  const cases: [string, string][] = [
    ["proxy_http_call", "known denied unavailable 503"],
    ["proxy_set_effective_context", "known denied unavailable 503"],
    ["proxy_get_buffer_bytes", "known denied unavailable 503"],
  ];
  it.each(cases)("in %s lets nobody in", (name, decision) => {
    let fails = false;
    const module = open([introspecting()], { intercept: (called) => (fails && called === name ? 2 : undefined) });
    fails = true;
    expect(module.judged("opaque", good)).toBe(decision);
    fails = false;
    expect(module.waiting).toBe(0);
    expect(module.judged("opaque", good)).toBe(ALLOWED);
  });

  it("does not let go on what may: it is refused", () => {
    let fails = false;
    const module = open([introspecting()], {
      intercept: (called) => (fails && called === "proxy_continue_stream" ? 10 : undefined),
    });
    const stream = module.begin("opaque");
    fails = true;
    module.answer(good);
    expect(stream.localReply?.status).toBe(503);
    expect(stream.request.headers).toBeUndefined();
  });

  it("does not give the headers again: the request is refused", () => {
    let fails = false;
    const module = open([introspecting()], {
      intercept: (called) => (fails && called === "proxy_get_header_map_pairs" ? 10 : undefined),
    });
    const stream = module.begin("opaque");
    fails = true;
    module.answer(good);
    expect(decisionOf(stream)).toBe("sluice denied host-failure 503");
  });
});

describe("a configuration", () => {
  const refused = (introspect: object, environment: Record<string, string> = { CLIENT: "c", SECRET: "s" }) => {
    const vm = new ModuleVm(guard, { environment });
    expect(vm.configure(documentOf([introspecting(introspect)]))).toBe(false);
    return vm.lastError?.replace(/^sluice: policies\[0\]\.authenticate\.anyOf\[0\]\.introspect\.?/, "");
  };
  it.each<[object, RegExp]>([
    [{ cluster: "" }, /^cluster: /],
    [{ cluster: undefined }, /^cluster: is missing/],
    [{ authority: "a b" }, /^authority: must be visible ASCII/],
    [{ path: "introspect" }, /^path: must begin with a slash/],
    [{ path: "/a b" }, /^path: must be visible ASCII/],
    [{ client: "gateway" }, /^client: must begin with env:/],
    [{ secret: "s3cret" }, /^secret: must begin with env:/],
    [{ secret: "env:NOBODY" }, /^secret: the environment variable is not set/],
    [{ timeoutMs: 0 }, /^timeoutMs: /],
    [{ timeoutMs: 60_001 }, /^timeoutMs: /],
    [{ ttlMs: 3_600_001 }, /^ttlMs: /],
    [{ cache: 16_385 }, /^cache: /],
    [{ pending: 0 }, /^pending: /],
    [{ pending: 4097 }, /^pending: /],
    [{ issuer: "" }, /^issuer: /],
    [{ audiences: [] }, /^audiences: /],
    [{ more: 1 }, /more/],
  ])("with %j is refused", (introspect, message) => {
    expect(refused(introspect)).toMatch(message);
  });

  it("tells nothing of a secret", () => {
    expect(refused({ path: "x" }, { CLIENT: "c", SECRET: "p4ssw0rd" })).not.toContain("p4ssw0rd");
  });
});
