import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { allowing } from "../../test/support/module-policies.js";
import { type Members, type SigningKey, secretKey, TOKEN_KEYS, tokenBy } from "../../test/support/token-keys.js";
import {
  ALLOWED,
  configuration,
  decisionOf,
  GOOD,
  hmac,
  hmac512,
  ISSUER,
  NOW,
  openWith,
  type Setting,
  send,
  wallClock,
} from "../../test/support/token-module.js";
import { base64url } from "../../test/support/tokens.js";

// Tokens at the module: which are let in, what is told of whom they are for, and what they cost.

const { rsa, otherRsa, ec, ec384, otherEc } = TOKEN_KEYS;

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

function open(setting: Setting = {}, module = guard): ModuleVm {
  return openWith(module, setting);
}

/** By the RSA key, over bytes that need be no text. */
function signedBytes(payload: Buffer): string {
  const text = `${base64url('{"alg":"RS256","kid":"rsa"}')}.${base64url(payload)}`;
  return `${text}.${base64url(rsa.sign(text))}`;
}

describe("a token", () => {
  it.each([
    ["RS256", rsa],
    ["ES256", ec],
    ["ES384", ec384],
    ["HS256", hmac],
    ["HS512", hmac512],
  ])("by %s is let in, and changed in any part it is not", (_, key) => {
    const vm = open({ keys: [key] });
    const token = tokenBy(key, GOOD);
    expect(decisionOf(vm, token)).toBe(ALLOWED);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const other = base64url(JSON.stringify({ ...GOOD, sub: "root" }));
    const flipped = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect(decisionOf(vm, `${header}.${other}.${signature}`)).toBe("denied token-signature");
    expect(decisionOf(vm, `${header}.${payload}.${flipped}`)).toBe("denied token-signature");
    expect(decisionOf(vm, token)).toBe(ALLOWED);
  });

  it("by an RSA key without an algorithm is let in by those that are named", () => {
    const { alg: _, ...key } = { ...rsa, alg: "" };
    const vm = open({ keys: [rsa], jwt: { algorithms: ["RS256", "RS512"] } });
    expect(key.kid).toBe("rsa");
    expect(decisionOf(vm, tokenBy(rsa, GOOD))).toBe(ALLOWED);
    expect(decisionOf(vm, tokenBy(rsa, GOOD, { alg: "RS384" }))).toBe("denied token-algorithm");
    // It is signed by RS256, and says something else.
    expect(decisionOf(vm, tokenBy(rsa, GOOD, { alg: "RS512" }))).toBe("denied token-signature");
  });

  const header = (members: Members, key: SigningKey = rsa) => tokenBy(key, GOOD, members);
  const claims = (members: Members) => tokenBy(rsa, { ...GOOD, ...members });
  const [first = "", second = "", third = ""] = tokenBy(rsa, GOOD).split(".");
  const { exp: _exp, ...unending } = GOOD;
  it.each([
    ["without a signature", `${first}.${second}.`, "token-parts"],
    ["of two parts", `${first}.${second}`, "token-parts"],
    ["of four parts", `${first}.${second}.${third}.${third}`, "token-parts"],
    ["of five parts", `${first}.${second}.${third}.${third}.${third}`, "token-parts"],
    ["with padding", `${first}.${second}.${third}=`, "token-encoding"],
    ["in other letters", `${first}.${second}.${third.slice(0, -1)}+`, "token-encoding"],
    ["by none", `${base64url('{"alg":"none"}')}.${second}.${third}`, "token-algorithm"],
    ["by nOnE", header({ alg: "nOnE" }), "token-algorithm"],
    ["by rs256", header({ alg: "rs256" }), "token-algorithm"],
    ["by a list of algorithms", header({ alg: ["RS256"] }), "token-algorithm"],
    ["without an algorithm", tokenBy(rsa, GOOD, '{"kid":"rsa"}'), "token-algorithm"],
    ["by PS256", header({ alg: "PS256" }), "token-algorithm"],
    ["by HS256 with the public key", tokenBy(secretKey("HS256", rsa.jwk.n ?? "", ""), GOOD), "token-algorithm"],
    ["by ES256 that names the RSA key", header({ kid: "rsa" }, ec), "token-key"],
    ["by RS256 that names the EC key", header({ kid: "ec" }), "token-key"],
    ["by a key that nobody knows", tokenBy(otherRsa, GOOD), "token-key"],
    ["by another key of the same name", tokenBy({ ...otherRsa, kid: "rsa" }, GOOD), "token-signature"],
    ["by another EC key of the same name", tokenBy({ ...otherEc, kid: "ec" }, GOOD), "token-signature"],
    ["with a path as the name of its key", header({ kid: "../../etc/passwd" }), "token-key"],
    ["with a number as the name of its key", header({ kid: 1 }), "token-header"],
    ["with a name of 10 KiB", header({ kid: "k".repeat(10_240) }), "token-header"],
    [
      "that brings its own key",
      header({ jwk: otherRsa.jwk, kid: "rsa" }, { ...otherRsa, kid: "rsa" }),
      "token-signature",
    ],
    ["with an unknown crit", header({ crit: ["x"], x: 1 }), "token-extension"],
    ["with an empty crit", header({ crit: [] }), "token-extension"],
    ["with b64", header({ b64: false }), "token-extension"],
    ["with zip", header({ zip: "DEF" }), "token-extension"],
    ["with a name twice in its header", tokenBy(rsa, GOOD, '{"alg":"RS256","kid":"rsa","kid":"rsa"}'), "token-header"],
    [
      "with a name twice",
      tokenBy(rsa, `{"iss":"${ISSUER}","aud":"orders","exp":1,"exp":${NOW + 60}}`),
      "token-payload",
    ],
    ["whose payload is a list", tokenBy(rsa, "[]"), "token-payload"],
    ["whose payload is not UTF-8", signedBytes(Buffer.from('{"a":"\xff"}', "latin1")), "token-payload"],
    ["too deep", tokenBy(rsa, `{"exp":${NOW + 60},"a":${"[".repeat(40)}${"]".repeat(40)}}`), "token-payload"],
    ["longer than 16 KiB", claims({ x: "x".repeat(17_000) }), "token-too-long"],
    ["that never expires", tokenBy(rsa, unending), "token-without-expiry"],
    ["that expires with null", claims({ exp: null }), "token-claim"],
    ["that expires with a text", claims({ exp: String(NOW + 60) }), "token-claim"],
    ["that expires in milliseconds", claims({ exp: (NOW + 60) * 1000 }), "token-claim"],
    ["by another issuer", claims({ iss: `${ISSUER}/` }), "token-issuer"],
    ["by an issuer in other letters", claims({ iss: ISSUER.toUpperCase() }), "token-issuer"],
    ["by nobody", tokenBy(rsa, { aud: "orders", exp: NOW + 60 }), "token-issuer"],
    ["for somebody else", claims({ aud: "orders2" }), "token-audience"],
    ["for nobody", tokenBy(rsa, { iss: ISSUER, exp: NOW + 60 }), "token-audience"],
    ["for an empty list", claims({ aud: [] }), "token-audience"],
    ["for a list in a list", claims({ aud: [["orders"]] }), "token-claim"],
    ["for an object", claims({ aud: { orders: true } }), "token-claim"],
  ])("%s is refused", (_name, token, refusal) => {
    const vm = open();
    const { reply, properties } = send(vm, token);
    expect(properties["sluice.decision"]).toBe(`known denied ${refusal}`);
    expect(reply?.status).toBe(401);
    expect(reply?.headers).toContainEqual(["www-authenticate", 'Bearer realm="shop"']);
    expect(reply?.body).toBe('{"type":"about:blank","title":"Unauthorized","status":401}');
    expect(decisionOf(vm, tokenBy(rsa, GOOD)), "the next one").toBe(ALLOWED);
  });

  it.each([
    ["exp", -31, "denied token-expired"],
    ["exp", -30, "denied token-expired"],
    ["exp", -29, ALLOWED],
    ["nbf", 29, ALLOWED],
    ["nbf", 30, ALLOWED],
    ["nbf", 31, "denied token-not-yet-valid"],
    ["iat", 30, ALLOWED],
    ["iat", 31, "denied token-issued-ahead"],
  ])("with %s at %i s is %s", (claim, seconds, decision) => {
    expect(decisionOf(open(), claims({ [claim]: NOW + seconds }))).toBe(decision);
  });

  it("is refused where the host has no time", () => {
    const vm = open();
    wallClock.now = 0n;
    expect(decisionOf(vm, tokenBy(rsa, GOOD))).toBe("denied token-expired");
  });

  it("is refused where the host does not verify", () => {
    const failing = new Map([["proxy_call_foreign_function", 1]]);
    const vm = new ModuleVm(guard, { wallClock, failing });
    expect(vm.configure(configuration({}))).toBe(true);
    expect(decisionOf(vm, tokenBy(rsa, GOOD))).toBe("denied token-signature");
  });
});

describe("the header", () => {
  const good = `Bearer ${tokenBy(rsa, GOOD)}`;
  it.each([
    ["bearer in small letters", [good.replace("Bearer", "bearer")], ALLOWED],
    ["Basic", ["Basic eDp5"], "denied malformed-credential"],
    ["nothing behind Bearer", ["Bearer"], "denied malformed-credential"],
    ["two spaces", [good.replace(" ", "  ")], "denied token-encoding"],
    ["a tab", [good.replace(" ", "\t")], "denied malformed-credential"],
    ["the token twice", [good, good], "denied duplicate-credential"],
    ["two tokens joined", [`${good}, ${good}`], "denied duplicate-credential"],
    ["a token and Basic", [good, "Basic eDp5"], "denied duplicate-credential"],
    ["an empty value", [""], "denied malformed-credential"],
  ])("with %s", (_, values, decision) => {
    for (const optional of [false, true]) {
      const vm = open({ more: { optional } });
      const headers = values.map((value) => ["authorization", value] as const);
      expect(vm.send({ route: "r", headers }).properties["sluice.decision"]).toBe(`known ${decision}`);
    }
  });

  it("may be missing where that is optional, and only there", () => {
    expect(open().send({ route: "r" }).reply?.status).toBe(401);
    expect(open({ more: { optional: true } }).send({ route: "r" }).passed).toBe(true);
  });
});

describe("who calls", () => {
  const get = (name: string, ...more: string[]) => ["get", name, ...more];
  const asks = (condition: unknown, setting: Setting, token: string) =>
    send(open({ ...setting, policies: [allowing(condition)] }), token).passed;

  it("is a consumer only by a subject that one has", () => {
    const consumerOf = (claims: Members, jwt = {}) =>
      send(open({ jwt }), tokenBy(rsa, { ...GOOD, ...claims })).properties["sluice.consumer"];
    expect(consumerOf({ sub: "acme-app" })).toBe("acme");
    expect(consumerOf({ sub: "globex-app" })).toBe("globex");
    expect(consumerOf({ sub: "elsewhere-app" })).toBeUndefined();
    // The name of a consumer is no subject.
    expect(consumerOf({ sub: "alice" })).toBeUndefined();
    expect(consumerOf({ sub: "acme" })).toBeUndefined();
    expect(consumerOf({ sub: "acme-app", azp: "globex-app" }, { consumer: "azp" })).toBe("globex");
    expect(consumerOf({ sub: "acme-app", azp: ["globex-app"] }, { consumer: "azp" })).toBeUndefined();
    expect(consumerOf({ a: { b: "acme-app" } }, { consumer: "a b" })).toBe("acme");
  });

  it("has the attributes of the token", () => {
    const token = tokenBy(rsa, { ...GOOD, scope: "orders:read  orders:write", scp: ["more"] });
    expect(asks(["==", get("auth.subject"), "alice"], {}, token)).toBe(true);
    expect(asks(["==", get("auth.issuer"), ISSUER], {}, token)).toBe(true);
    expect(asks(["==", get("auth.method"), "jwt"], {}, token)).toBe(true);
    expect(asks(["has", get("auth.consumer")], {}, token)).toBe(false);
    expect(asks(["has", get("auth.groups")], {}, token)).toBe(false);
    for (const scope of ["orders:read", "orders:write", "more"])
      expect(asks(["in", scope, get("auth.scopes")], {}, token)).toBe(true);
    expect(asks(["in", "orders", get("auth.scopes")], {}, token)).toBe(false);
    expect(asks(["==", ["size", get("auth.scopes")], 3], {}, token)).toBe(true);
  });

  it("has claims as texts and lists", () => {
    const claims = {
      level: 3,
      admin: true,
      email: "a@example.com",
      roles: ["a", "b"],
      nothing: null,
      realm: { roles: ["c"], "x.y": 1.5 },
    };
    const token = tokenBy(rsa, { ...GOOD, ...claims });
    const claim = (path: string) => get("auth.claims", path);
    const list = (path: string) => get("auth.claims[]", path);
    for (const condition of [
      [">=", ["int", claim("level")], 3],
      ["==", claim("admin"), "true"],
      ["==", claim("email"), "a@example.com"],
      ["==", claim("realm x.y"), "1.5"],
      ["in", "b", list("roles")],
      ["in", "c", list("realm roles")],
      ["in", "a@example.com", list("email")],
      ["has", claim("roles")],
    ])
      expect(asks(condition, {}, token), JSON.stringify(condition)).toBe(true);
    for (const condition of [
      ["==", claim("roles"), "a"],
      ["!=", claim("roles"), "a"],
      ["!=", claim("realm"), "a"],
      ["in", "c", list("roles")],
      ["in", "3", list("level")],
      ["has", claim("nothing")],
      ["has", claim("roles a")],
      ["has", claim("email x")],
    ])
      expect(asks(condition, {}, token), JSON.stringify(condition)).toBe(false);
  });

  it("is nobody for the next request", () => {
    const vm = open({ more: { optional: true }, policies: [allowing(["!", ["has", get("auth.claims", "sub")]])] });
    expect(send(vm, tokenBy(rsa, GOOD)).passed).toBe(false);
    expect(vm.send({ route: "r" }).passed).toBe(true);
  });
});
