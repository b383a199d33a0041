import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
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
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";

// Tokens that a service is asked about, at the module: what it is asked, and whom its answers let in.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
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
    // Not all in one callback.
    module.host.advance(3n * MILLISECOND);
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
