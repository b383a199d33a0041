import { beforeAll, describe, expect, it } from "vitest";
import { Keyed, MINUTE, remoteConfiguration, SECOND, setOf } from "../../test/support/key-service.js";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { published, TOKEN_KEYS } from "../../test/support/token-keys.js";

// Keys that a service publishes, in virtual time: when they are fetched, and what becomes of requests meanwhile.

const { rsa, otherRsa, ec, otherEc } = TOKEN_KEYS;
const GOOD = "authenticated";

let guard: CompiledModule;
let auth: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
  auth = await loadModule("auth");
});

const open = (...more: ConstructorParameters<typeof Keyed> extends [unknown, ...infer Rest] ? Rest : never) =>
  new Keyed(guard, ...more);

describe("the first set", () => {
  it("is asked for on a tick, by one thread, and is on all workers soon after", () => {
    const gateway = open(setOf(rsa, ec), { workers: 4 });
    expect(gateway.host.calls.pending).toEqual([]);
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe("503 no-keys");
    gateway.settle();
    expect(gateway.asked).toEqual([250]);
    for (const key of [rsa, ec]) expect(gateway.sendToAll(gateway.signedBy(key))).toBe(GOOD);
    expect([gateway.counted("fetched"), gateway.counted("failed"), gateway.counted("taken")]).toEqual([1, 0, 5]);
    expect(gateway.gauge("sluice_keys")).toBe(2);
  });

  it("is asked for as a GET with the path and host of the configuration", () => {
    const configuration = remoteConfiguration({ path: "/keys?p=one", authority: "id.example.com:8443" });
    const gateway = open("silent", { configuration });
    gateway.settle();
    expect(gateway.host.calls.pending).toMatchObject([{ cluster: "idp", timeout: 5000, trailers: [] }]);
    expect(gateway.host.calls.pending[0]?.headers).toEqual([
      [":method", "GET"],
      [":path", "/keys?p=one"],
      [":authority", "id.example.com:8443"],
      ["accept", "application/jwk-set+json, application/json"],
    ]);
  });

  it("is tried for again, later and later, up to half a minute", () => {
    const gateway = open(500, { workers: 2 });
    gateway.pass(3n * MINUTE);
    const pauses = gateway.asked.map((time, index) => time - (gateway.asked[index - 1] ?? 0));
    expect(pauses[0]).toBe(250);
    for (const [index, pause] of pauses.slice(1).entries()) {
      const whole = Math.min(250 * 2 ** index, 30_000);
      expect(pause).toBeGreaterThanOrEqual(whole * 0.9);
      // The next tick of one of the threads.
      expect(pause).toBeLessThanOrEqual(whole + 250);
    }
    expect(pauses.length).toBeGreaterThan(10);
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe("503 no-keys");
    expect([gateway.counted("fetched"), gateway.counted("failed")]).toEqual([0, gateway.asked.length]);
    gateway.reply = setOf(rsa);
    gateway.pass(MINUTE / 2n + SECOND);
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe(GOOD);
  });

  it("is waited for by nobody whose token could not be good", () => {
    const gateway = open(500);
    const token = gateway.signedBy(rsa);
    expect(gateway.send("a.b")).toBe("401 token-parts");
    expect(gateway.send("a.b.c")).toBe("401 token-encoding");
    expect(gateway.send(`${token}=`)).toBe("401 token-encoding");
    expect(gateway.send(`${token},${token}`)).toBe("401 duplicate-credential");
    expect(gateway.send(token)).toBe("503 no-keys");
  });

  it.each([
    ["guard", () => guard],
    ["auth", () => auth],
  ])("serves %s.wasm", (_, module) => {
    const gateway = new Keyed(module(), setOf(rsa), { workers: 2 });
    gateway.settle();
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe(GOOD);
    expect(gateway.sendToAll(gateway.signedBy(otherRsa))).toBe("401 token-key");
  });
});

describe("a set that is fetched again", () => {
  it("is so after its time, and a little earlier on some gateways than on others", () => {
    const times = [1, 2, 3, 4, 5].map((seed) => {
      const gateway = open(setOf(rsa), { workers: 2, seed });
      gateway.pass(6n * MINUTE);
      const [, second = 0, ...more] = gateway.asked;
      expect(more).toEqual([]);
      return second;
    });
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(270_000);
      expect(time).toBeLessThanOrEqual(301_000);
    }
    expect(new Set(times).size).toBeGreaterThan(1);
  });

  it("takes the place of the one before: a key that is gone verifies nothing, known tokens included", () => {
    const gateway = open(setOf(rsa, ec), { workers: 2 });
    gateway.settle();
    const [old, kept] = [gateway.signedBy(rsa), gateway.signedBy(ec)];
    for (let turn = 0; turn < 2; turn++) for (const token of [old, kept]) expect(gateway.sendToAll(token)).toBe(GOOD);
    gateway.reply = setOf(ec, otherRsa);
    gateway.pass(5n * MINUTE + SECOND);
    expect(gateway.sendToAll(old)).toBe("401 token-key");
    expect(gateway.sendToAll(kept)).toBe(GOOD);
    expect(gateway.sendToAll(gateway.signedBy(otherRsa))).toBe(GOOD);
  });

  it("can have another key of the same name, and what the old one signed is over", () => {
    const gateway = open(setOf(rsa));
    gateway.settle();
    const token = gateway.signedBy(rsa);
    expect(gateway.send(token)).toBe(GOOD);
    gateway.reply = setOf({ ...published(otherRsa), kid: "rsa" });
    gateway.pass(5n * MINUTE + SECOND);
    expect(gateway.send(token)).toBe("401 token-signature");
    expect(gateway.send(gateway.signedBy({ ...otherRsa, kid: "rsa" }))).toBe(GOOD);
  });

  it("is the same if only its order differs, or what modules do not read: nothing is forgotten", () => {
    const gateway = open(setOf(rsa, ec));
    gateway.settle();
    gateway.reply = JSON.stringify({ keys: [{ ...published(ec), x5t: "abc" }, published(rsa)], more: true });
    gateway.pass(11n * MINUTE);
    expect(gateway.counted("fetched")).toBe(3);
    expect(gateway.counted("taken")).toBe(2);
  });

  it("costs a request nothing: it calls what a request calls whose keys are in the configuration", () => {
    const callsOf = (gateway: Keyed): string[] => {
      const token = gateway.signedBy(rsa);
      for (let turn = 0; turn < 2; turn++) expect(gateway.send(token)).toBe(GOOD);
      gateway.calls.length = 0;
      gateway.send(token);
      return [...gateway.calls];
    };
    const remote = open(setOf(rsa));
    remote.settle();
    const configuration = remoteConfiguration({}, { jwks: undefined, keys: [published(rsa)] });
    const local = open(500, { configuration });
    local.pass(MINUTE);
    expect(local.calls).not.toContain("proxy_set_tick_period_milliseconds");
    expect(callsOf(remote)).toEqual(callsOf(local));
  });
});

describe("an unknown key", () => {
  it("has the set fetched early: the request is refused, and one after it is served", () => {
    const gateway = open(setOf(rsa), { workers: 2 });
    gateway.pass(MINUTE);
    gateway.reply = setOf(rsa, ec);
    const token = gateway.signedBy(ec);
    expect(gateway.send(token, { worker: 1 })).toBe("401 token-key");
    gateway.settle();
    expect(gateway.sendToAll(token)).toBe(GOOD);
    expect(gateway.asked.length).toBe(2);
  });

  it("has it fetched once in 30 seconds at most, whoever sends how many on how many workers", () => {
    const gateway = open(setOf(rsa), { workers: 4 });
    gateway.settle();
    const tokens = ["../", "1' OR '1'='1", "x".repeat(256), "none"].map((kid) => gateway.signedBy({ ...rsa, kid }));
    for (let second = 0; second < 250; second++) {
      for (const token of tokens) expect(gateway.sendToAll(token)).toBe("401 token-key");
      gateway.pass(SECOND);
    }
    expect(gateway.asked.length).toBeLessThanOrEqual(9);
    expect(gateway.asked.length).toBeGreaterThanOrEqual(8);
    const pauses = gateway.asked.slice(1).map((time, index) => time - (gateway.asked[index] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(30_000);
  });

  it("has it fetched once, if nobody asks for it again", () => {
    const gateway = open(setOf(rsa), { workers: 4 });
    gateway.pass(MINUTE);
    expect(gateway.sendToAll(gateway.signedBy(ec))).toBe("401 token-key");
    gateway.pass(2n * MINUTE);
    expect(gateway.asked.length).toBe(2);
  });

  it("is none that is too long, no text, or of an algorithm that the policy does not take", () => {
    const gateway = open(setOf(rsa));
    gateway.settle();
    gateway.pass(MINUTE);
    const [, payload, signature] = gateway.signedBy(rsa).split(".");
    const headed = (header: object) =>
      `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${payload}.${signature}`;
    expect(gateway.send(headed({ alg: "RS256", kid: 1 }))).toBe("401 token-header");
    expect(gateway.send(headed({ alg: "RS256", kid: "x".repeat(10_240) }))).toBe("401 token-header");
    expect(gateway.send(headed({ alg: "RS512", kid: "new" }))).toBe("401 token-algorithm");
    expect(gateway.send(headed({ alg: "none", kid: "new" }))).toBe("401 token-algorithm");
    expect(gateway.send(headed({ alg: "HS256", kid: "new" }))).toBe("401 token-algorithm");
    gateway.pass(MINUTE);
    expect(gateway.asked.length).toBe(1);
  });

  it("may be meant where keys have no names", () => {
    const gateway = open(setOf({ ...rsa.jwk }));
    gateway.pass(MINUTE);
    gateway.reply = setOf({ ...otherRsa.jwk });
    const token = gateway.signedBy(otherRsa);
    expect(gateway.send(token)).toBe("401 token-signature");
    gateway.settle();
    expect(gateway.send(token)).toBe(GOOD);
  });
});

describe("a service that fails", () => {
  const failures: [string, Parameters<typeof open>[0]][] = [
    ["with 500", 500],
    ["with 404", 404],
    ["with 301", 301],
    ["with 204", { status: 204, body: "" }],
    ["with 206", { status: 206, body: setOf(otherRsa) }],
    ["by breaking off", "breaks"],
    ["by an empty answer", ""],
    ["by something else than JSON", "<html></html>"],
    ["by half of it", setOf(otherRsa).slice(0, -1)],
    ["by a list", "[]"],
    ["by a name twice", '{"keys":[],"keys":[]}'],
    ["by keys that are no list", '{"keys":{}}'],
    ["by no keys", '{"keys":[]}'],
    ["by nothing but keys that are no good", setOf({ kty: "OKP" }, { ...published(otherRsa), use: "enc" })],
    ["by more than 256 KiB", { status: 200, body: setOf(otherRsa) + " ".repeat(262_144) }],
    ["by a megabyte", { status: 200, body: `{"keys":[${'{"kty":"RSA"},'.repeat(75_000)}{}]}` }],
    [
      "by more than 64 keys",
      setOf(...Array.from({ length: 65 }, (_, index) => ({ ...published(otherEc), kid: `${index}` }))),
    ],
    ["by 20,000 values", `{"keys":[{"kty":"RSA","x5c":[${"0,".repeat(20_000)}0]}]}`],
    ["by depth", `{"keys":[${"[".repeat(100)}${"]".repeat(100)}]}`],
  ];

  it.each(failures)("%s leaves the set that there was, and takes nobody in", (_, reply) => {
    const gateway = open(setOf(rsa), { workers: 2 });
    gateway.settle();
    gateway.reply = reply;
    gateway.pass(20n * MINUTE);
    expect(gateway.asked.length).toBeGreaterThan(3);
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe(GOOD);
    expect(gateway.sendToAll(gateway.signedBy(otherRsa))).toBe("401 token-key");
    expect(gateway.counted("failed")).toBe(gateway.asked.length - 1);
    gateway.reply = setOf(otherRsa);
    gateway.pass(MINUTE);
    expect(gateway.sendToAll(gateway.signedBy(otherRsa))).toBe(GOOD);
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe("401 token-key");
  });

  it.each(failures)("%s from the start lets nobody in", (_, reply) => {
    const gateway = open(reply);
    gateway.pass(10n * SECOND);
    for (const key of [rsa, otherRsa]) expect(gateway.send(gateway.signedBy(key))).toBe("503 no-keys");
  });

  it("for too long leaves no keys at all, and its return brings them back", () => {
    const gateway = open(setOf(rsa), { workers: 2 });
    gateway.settle();
    const token = gateway.signedBy(rsa);
    expect(gateway.sendToAll(token)).toBe(GOOD);
    gateway.reply = 500;
    gateway.pass(60n * MINUTE - SECOND);
    expect(gateway.sendToAll(token)).toBe(GOOD);
    expect(gateway.gauge("sluice_keys_age_seconds")).toBe(3599);
    gateway.pass(2n * SECOND);
    expect(gateway.sendToAll(token)).toBe("503 no-keys");
    gateway.pass(600n * MINUTE);
    expect(gateway.sendToAll(token)).toBe("503 no-keys");
    gateway.reply = setOf(rsa);
    gateway.pass(31n * SECOND);
    expect(gateway.sendToAll(token)).toBe(GOOD);
    expect(gateway.warnings).toContain("sluice: known got no keys of its service: it answered 500");
  });

  it("is asked at most twice a minute, however long", () => {
    const gateway = open(setOf(rsa), { workers: 4 });
    gateway.settle();
    gateway.reply = 500;
    gateway.pass(120n * MINUTE);
    expect(gateway.asked.length).toBeLessThan(2.3 * 120 + 20);
  });

  it("by silence is asked by another one when the time is up", () => {
    const gateway = open("silent", { workers: 2 });
    gateway.pass(5n * SECOND);
    expect(gateway.host.calls.pending.length).toBe(1);
    gateway.timeOut();
    gateway.reply = setOf(rsa);
    gateway.pass(2n * SECOND);
    expect(gateway.sendToAll(gateway.signedBy(rsa))).toBe(GOOD);
    expect(gateway.counted("failed")).toBe(1);
  });
});
