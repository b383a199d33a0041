import { beforeAll, describe, expect, it } from "vitest";
import type { Stream } from "../../compiler/host/stream.js";
import {
  decisionOf,
  documentOf,
  Introspecting,
  introspecting,
  MILLISECOND,
  type Policies,
  SECOND,
  toldOf,
} from "../../test/support/introspecting.js";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { allowing, limiting } from "../../test/support/module-policies.js";

// Requests that wait for the answer to a question, at the module: what goes on, and what is left of those that do not.

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

  it("keeps what limits tell in other fields, its place among calls in flight, and what its answer costs", () => {
    const x = limiting(
      "x",
      { count: 9, periodMs: 60_000, burst: 9 },
      { key: [["get", "source.ip"]], headers: ["x-ratelimit"], inFlight: 3, answerCost: 2 },
    );
    const module = open([x, introspecting()]);
    const streams = Array.from({ length: 4 }, () => module.begin("opaque"));
    expect(streams.map((stream) => stream.localReply?.status)).toEqual([undefined, undefined, undefined, 429]);
    // A client that leaves while it waits gives its place back.
    streams[2]?.finish();
    const late = module.begin("opaque");
    module.answer(good);
    const told = (stream: typeof late | undefined) =>
      ["limit", "remaining", "reset"].map((name) => stream && toldOf(stream, `x-ratelimit-${name}`));
    expect([streams[0], streams[1], late].map(told)).toEqual([
      ["9", "8", "0"],
      ["9", "7", "0"],
      ["9", "5", "0"],
    ]);
    for (const stream of [streams[0], streams[1]]) {
      stream?.responseHeaders([[":status", "200"]], true);
      stream?.finish();
    }
    // Five calls, and two answers of two each.
    expect(told(module.begin("opaque"))).toEqual(["9", "0", expect.any(String)]);
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
    // Also where the host still knows those that have left: answering one of them is a fault of it.
    for (const token of ["third", "fourth"]) {
      const late = Array.from({ length: 10 }, () => module.begin(token));
      late.slice(0, 7).forEach((stream) => void stream.finish({ turn: "goes on" }));
      module.answer({ active: token === "third", sub: "acme-app" });
      expect(module.waiting).toBe(0);
      expect(late.map(decisionOf)).toEqual([
        ...Array.from({ length: 7 }, () => "undefined passed"),
        ...Array.from({ length: 3 }, () => (token === "third" ? ALLOWED : "known denied token-inactive 401")),
      ]);
    }
    const alone = module.begin("another");
    alone.finish();
    module.answer(good);
    expect(module.waiting).toBe(0);
    // The answer was good for those who come later, too.
    expect(decisionOf(module.begin("another"))).toBe(ALLOWED);
  });

  describe("with many others for one answer", () => {
    const passed = (streams: readonly Stream[]) => streams.filter((stream) => !stream.isHeld("request")).length;
    const crowd = (policies?: Policies, count = 100) => {
      const module = open(policies);
      return { module, streams: Array.from({ length: count }, () => module.begin("opaque")) };
    };

    it.each([
      ["good", good, ALLOWED],
      ["not", { active: false }, "known denied token-inactive 401"],
      ["good, at length", { ...good, more: "x".repeat(16_000) }, ALLOWED],
      ["good, with escapes", { ...good, more: '\u00e4\n"' }, ALLOWED],
      ["none", "{", "known denied unavailable 503"],
    ])("is told it in its turn, and whatever waits after it, when the token is %s", (_, answer, expected) => {
      for (const ttlMs of [0, 30_000]) {
        const { module, streams } = crowd([introspecting({ ttlMs })]);
        module.answer(answer);
        const told = [32, 64, 96, 100, 100].map((count) => {
          const [now, waiting] = [passed(streams), module.waiting];
          expect([now, waiting]).toEqual([count, 100 - count]);
          module.host.advance(MILLISECOND);
          return now;
        });
        expect(told.at(-1)).toBe(100);
        expect(new Set(streams.map(decisionOf))).toEqual(new Set([expected]));
        expect(module.calls).toHaveLength(0);
        module.refuseTraps();
        // The clock that was asked for runs no more.
        const before = module.called.length;
        module.host.advance(10n * SECOND);
        expect(module.called.length).toBe(before);
      }
    });

    it("that was given before others came, is not theirs", () => {
      const { module, streams } = crowd([introspecting({ ttlMs: 0 })], 40);
      module.answer({ active: false });
      const late = module.begin("opaque");
      expect(module.calls).toHaveLength(1);
      module.host.advance(MILLISECOND);
      expect(passed(streams)).toBe(40);
      expect(late.isHeld("request")).toBe(true);
      module.answer(good);
      expect(decisionOf(late)).toBe(ALLOWED);
    });

    it("is passed over if it leaves before its turn", () => {
      const { module, streams } = crowd();
      module.answer(good);
      streams
        .slice(30, 90)
        .forEach((stream, index) => void stream.finish({ turn: index % 2 === 0 ? "ends" : "goes on" }));
      module.host.advance(10n * MILLISECOND);
      module.refuseTraps();
      expect(module.waiting).toBe(0);
      expect(streams.slice(90).map(decisionOf)).toEqual(Array.from({ length: 10 }, () => ALLOWED));
      expect(module.counted("authenticate.known.allowed")).toBe(42);
    });
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
