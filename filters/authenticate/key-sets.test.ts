import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Keyed, MINUTE, remoteConfiguration, SECOND, setOf } from "../../test/support/key-service.js";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { published, TOKEN_KEYS } from "../../test/support/token-keys.js";

// Sets of keys that a service publishes: what may be in them, how threads share them, and how they are configured.

const { rsa, otherRsa, ec, ec384, otherEc } = TOKEN_KEYS;
const GOOD = "authenticated";

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const open = (...more: ConstructorParameters<typeof Keyed> extends [unknown, ...infer Rest] ? Rest : never) =>
  new Keyed(guard, ...more);

describe("one bad key among good ones", () => {
  const { n = "", e = "" } = otherRsa.jwk;
  const bad: [string, Readonly<Record<string, unknown>>, string][] = [
    ["a short modulus", { kty: "RSA", kid: "bad", n: n.slice(0, 172), e }, "401 token-key"],
    ["an exponent of 1", { kty: "RSA", kid: "bad", n, e: "AQ" }, "401 token-key"],
    ["private parts", { ...published(otherRsa), kid: "bad", d: "AQAB" }, "401 token-key"],
    ["an unknown type", { kty: "OKP", kid: "bad", crv: "Ed25519", x: "AQAB" }, "401 token-key"],
    ["an unknown curve", { kty: "EC", kid: "bad", crv: "secp256k1", x: "AQAB", y: "AQAB" }, "401 token-key"],
    ["a secret", { kty: "oct", kid: "bad", k: Buffer.alloc(32, 7).toString("base64url") }, "401 token-key"],
    ["use: enc", { ...published(otherRsa), kid: "bad", use: "enc" }, "401 token-key"],
    ["a number for a name", { ...published(otherRsa), kid: 7 }, "401 token-key"],
    ["no members", {}, "401 token-key"],
    ["a point that is on no curve", { ...published(otherEc), kid: "bad", x: published(ec).x }, "401 token-signature"],
  ];

  it.each(bad)("%s is passed over", (_, key, refusal) => {
    const gateway = open(setOf(rsa, key, ec384));
    gateway.settle();
    for (const one of [rsa, ec384]) expect(gateway.send(gateway.signedBy(one))).toBe(GOOD);
    const signer = key.kty === "EC" && refusal === "401 token-signature" ? otherEc : otherRsa;
    expect(gateway.send(gateway.signedBy({ ...signer, kid: "bad" }))).toBe(refusal);
    expect(gateway.counted("failed")).toBe(0);
  });

  it("two keys of one name that both fit verify nothing", () => {
    const gateway = open(setOf(rsa, { ...published(otherRsa), kid: "rsa" }, ec));
    gateway.settle();
    for (const key of [rsa, { ...otherRsa, kid: "rsa" }])
      expect(gateway.send(gateway.signedBy(key))).toBe("401 token-key");
    expect(gateway.send(gateway.signedBy(ec))).toBe(GOOD);
  });

  it("64 keys are as many as there may be", () => {
    const many = Array.from({ length: 63 }, (_, index) => ({ ...published(otherEc), kid: `${index}` }));
    const gateway = open(setOf(rsa, ...many));
    gateway.settle();
    expect(gateway.gauge("sluice_keys")).toBe(64);
    expect(gateway.send(gateway.signedBy({ ...otherEc, kid: "62" }))).toBe(GOOD);
    expect(gateway.send(gateway.signedBy(rsa))).toBe(GOOD);
  });
});

it("whatever a service answers, no VM fails, and nobody is let in by a key that it has not published", () => {
  // Nearly all of the answers below are none, and the set before them is good all the time.
  const gateway = open(setOf(rsa), {
    configuration: remoteConfiguration({ refreshMs: 10_000, maxStaleMs: 604_800_000 }),
  });
  gateway.settle();
  const [good, stranger] = [gateway.signedBy(rsa), gateway.signedBy(otherRsa)];
  const whole = Buffer.from(setOf(rsa, ec, ec384, { ...published(otherEc), x5c: ["a", "b"], use: "sig" }));
  const edit = fc.tuple(fc.nat(whole.length - 1), fc.nat(40), fc.uint8Array({ maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const changed = edits.reduce(
        (before, [at, length, put]) => Buffer.concat([before.subarray(0, at), put, before.subarray(at + length)]),
        whole,
      );
      gateway.reply = { status: 200, body: changed };
      gateway.pass(31n * SECOND);
      expect(["authenticated", "401 token-key", "401 token-signature"]).toContain(gateway.send(good));
      expect(gateway.send(stranger)).toBe("401 token-key");
    }),
    { numRuns: 300 },
  );
  gateway.reply = setOf(rsa);
  gateway.pass(31n * SECOND);
  expect(gateway.send(good)).toBe(GOOD);
});

describe("threads", () => {
  it("go on when the one that fetches is gone", () => {
    const gateway = open("silent", { workers: 2 });
    gateway.settle();
    const [call] = gateway.host.calls.pending;
    expect(gateway.host.calls.pending.length).toBe(1);
    // The main thread is the first whose tick is due; its VM fails and takes its call along.
    gateway.host.retire(gateway.threads.main.vm);
    expect(gateway.host.calls.pending).not.toContain(call);
    gateway.reply = setOf(rsa);
    gateway.pass(5n * SECOND);
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe("503 no-keys");
    gateway.pass(2n * SECOND);
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe(GOOD);
    expect(gateway.asked.length).toBe(1);
  });

  it("that come with a new configuration have the keys at once, and see to it that they are still those of the service", () => {
    const gateway = open(setOf(rsa), { workers: 2 });
    gateway.pass(MINUTE);
    const token = gateway.signedBy(rsa);
    gateway.update(remoteConfiguration({}, { skew: 10 }));
    expect(gateway.sendToAll(token)).toBe(GOOD);
    gateway.reply = setOf(otherRsa);
    gateway.settle();
    expect(gateway.asked.length).toBe(2);
    expect(gateway.sendToAll(token)).toBe("401 token-key");
    expect(gateway.sendToAll(gateway.signedBy(otherRsa))).toBe(GOOD);
    // Shortly after that nobody asks again.
    gateway.update(remoteConfiguration({}, { skew: 20 }));
    gateway.pass(20n * SECOND);
    expect(gateway.asked.length).toBe(2);
  });

  it("have no keys of a configuration that fetched them elsewhere", () => {
    const gateway = open(setOf(rsa));
    gateway.settle();
    gateway.update(remoteConfiguration({ path: "/other" }));
    expect(gateway.send(gateway.signedBy(rsa))).toBe("503 no-keys");
  });

  it("share what two policies fetch from one place", () => {
    const gateway = open(setOf(rsa), { workers: 2, configuration: remoteConfiguration({}, {}, ["known", "also"]) });
    gateway.pass(4n * MINUTE);
    expect(gateway.asked.length).toBe(1);
    for (const route of ["r", "also"]) expect(gateway.send(gateway.signedBy(rsa), { route })).toBe(GOOD);
    expect([gateway.counted("taken"), gateway.counted("taken", "also")]).toEqual([3, 3]);
  });

  it("take as little memory after ten thousand sets as after ten", () => {
    const gateway = open(setOf(rsa), { configuration: remoteConfiguration({ refreshMs: 10_000 }) });
    const many = Array.from({ length: 62 }, (_, index) => ({ ...published(rsa), kid: `${index}`.padEnd(256, "k") }));
    const rotate = (turn: number) => {
      gateway.reply = setOf(
        { ...published(ec), kid: `ec-${turn}` },
        { ...published(rsa), kid: "r".repeat(turn % 200) || "r" },
        // Now and then as large a set as there may be.
        ...(turn % 500 === 5 ? many : []),
      );
      gateway.pass(11n * SECOND);
    };
    for (let turn = 0; turn < 10; turn++) rotate(turn);
    const before = gateway.pages;
    for (let turn = 10; turn < 10_010; turn++) rotate(turn);
    expect(gateway.pages).toBe(before);
    expect(gateway.counted("fetched")).toBeGreaterThanOrEqual(10_000);
    expect(gateway.send(gateway.signedBy({ ...ec, kid: "ec-10009" }))).toBe(GOOD);
    expect(gateway.send(gateway.signedBy({ ...ec, kid: "ec-10008" }))).toBe("401 token-key");
    expect(gateway.host.sharedData.valuesOf("shop").size).toBeLessThanOrEqual(2);
  });
});

describe("a configuration", () => {
  const refused = (configuration: unknown): string => {
    try {
      new Keyed(guard, 500, { configuration });
      return "";
    } catch (error) {
      return error instanceof Error ? error.message.replace(/^.*\.jwt/, "") : "";
    }
  };

  it.each([
    ["a refresh of nine seconds", remoteConfiguration({ refreshMs: 9_999 }), "refreshMs"],
    [
      "a refresh of more than a day",
      remoteConfiguration({ refreshMs: 86_400_001, maxStaleMs: 604_800_000 }),
      "refreshMs",
    ],
    [
      "a maxStale as long as the refresh",
      remoteConfiguration({ maxStaleMs: 300_000 }),
      "must be longer than refreshMs",
    ],
    ["more than a week", remoteConfiguration({ maxStaleMs: 604_800_001 }), "maxStaleMs"],
    ["a path without a slash", remoteConfiguration({ path: "jwks" }), "must begin with a slash"],
    ["a path with a line break", remoteConfiguration({ path: "/a\r\nb" }), "must be visible ASCII"],
    ["another member", remoteConfiguration({ timeout: 1 }), "is not known here"],
    ["keys beside", remoteConfiguration({}, { keys: [published(rsa)] }), "must have one of keys and jwks"],
    ["neither", remoteConfiguration({}, { jwks: undefined }), "must have one of keys and jwks"],
    ["secrets", remoteConfiguration({}, { algorithms: ["HS256"] }), "publishes no secrets"],
  ])("with %s is refused", (_, configuration, message) => {
    expect(refused(configuration)).toContain(message);
  });

  it("has 64 sets at most", () => {
    const names = Array.from({ length: 65 }, (_, index) => `p${index}`);
    expect(refused(remoteConfiguration({}, { cache: 0 }, names))).toContain("is one set of keys too many");
    expect(refused(remoteConfiguration({}, { cache: 0 }, names.slice(1)))).toBe("");
  });
});
