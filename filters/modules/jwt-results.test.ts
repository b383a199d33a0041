import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule, type ModuleVm, type Outcome } from "../../test/support/module-host.js";
import { TOKEN_KEYS, tokenBy } from "../../test/support/token-keys.js";
import {
  ALLOWED,
  decisionOf,
  GOOD,
  hmac,
  NOW,
  openWith,
  SECRET,
  type Setting,
  send,
  wallClock,
} from "../../test/support/token-module.js";

// What the service is told of tokens, and what is remembered of them.

const { rsa, ec } = TOKEN_KEYS;

let guard: CompiledModule;
let auth: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
  auth = await loadModule("auth");
});

function open(setting: Setting = {}, module = guard): ModuleVm {
  return openWith(module, setting);
}

describe("headers by claims", () => {
  const headers = [
    { claim: "sub", header: "x-user" },
    { claim: "realm roles", header: "x-roles" },
    { claim: "level", header: "x-level" },
  ];
  const told = { jwt: { claimsToHeaders: headers } };

  it("are told by filter state", () => {
    const vm = open(told);
    const claims = { realm: { roles: ["a", "b c"] }, level: 7 };
    for (let turn = 0; turn < 2; turn++)
      expect(send(vm, tokenBy(rsa, { ...GOOD, ...claims })).properties).toMatchObject({
        "sluice.claim.x-user": "alice",
        "sluice.claim.x-roles": "a,b c",
        "sluice.claim.x-level": "7",
      });
    expect(Object.keys(send(vm, tokenBy(rsa, GOOD)).properties)).not.toContain("sluice.claim.x-roles");
  });

  it("are written by the module on its own, in place of what a client sent", () => {
    const vm = open({ ...told, more: { optional: true }, document: { results: "headers" } }, auth);
    const sent = [
      ["x-user", "root"],
      ["x-user", "admin"],
      ["x-roles", "admin"],
      ["x-level", "9"],
    ] as const;
    const left = (outcome: Outcome) => outcome.headers.filter(([name]) => name.startsWith("x-"));
    expect(left(send(vm, tokenBy(rsa, { ...GOOD, level: 1 }), sent))).toEqual([
      ["x-user", "alice"],
      ["x-level", "1"],
    ]);
    expect(left(vm.send({ route: "r", headers: sent }))).toEqual([]);
    expect(send(vm, tokenBy(rsa, GOOD)).headers.map(([name]) => name)).not.toContain("authorization");
  });

  it.each([
    ["a line break", "a\r\nx-admin: true"],
    ["NUL", "a\0b"],
    ["DEL", "a\u007f"],
    ["a space at its end", "alice "],
    ["an object", { a: 1 }],
    ["a comma in a list", ["a,b"]],
    ["a number in a list", [1]],
    ["an empty text in a list", [""]],
    ["more than 4 KiB", "x".repeat(4097)],
  ])("refuse a token with %s", (_, sub) => {
    const vm = open({ jwt: { claimsToHeaders: [{ claim: "x", header: "x-user" }] } });
    for (let turn = 0; turn < 2; turn++)
      expect(decisionOf(vm, tokenBy(rsa, { ...GOOD, x: sub }))).toBe("denied token-claim");
    expect(decisionOf(vm, tokenBy(rsa, GOOD))).toBe(ALLOWED);
  });
});

describe("tokens that are known", () => {
  const verifications = ({ calls }: Outcome) => calls.filter((name) => name === "proxy_call_foreign_function").length;
  const ofUser = (number: number) => tokenBy(ec, { ...GOOD, sub: `user-${number}`, exp: NOW + 60 + number });

  it("are verified once, and no longer than they are good for", () => {
    const vm = open();
    const token = tokenBy(rsa, GOOD);
    expect(verifications(send(vm, token))).toBe(1);
    expect(verifications(send(vm, token))).toBe(0);
    wallClock.now += 91_000_000_000n;
    const { properties, calls } = send(vm, token);
    expect(properties["sluice.decision"]).toBe("known denied token-expired");
    expect(calls).not.toContain("proxy_call_foreign_function");
    // A clock that is set back.
    wallClock.now -= 91_000_000_000n;
    expect(decisionOf(vm, token)).toBe(ALLOWED);
  });

  it("are not told apart from others by a part only", () => {
    const vm = open();
    const token = tokenBy(ec, GOOD);
    send(vm, token);
    for (const other of [token.slice(0, -1), `${token}A`, token.replace(/.$/, (last) => (last === "A" ? "Q" : "A"))])
      expect(decisionOf(vm, other)).toMatch(/^denied/);
  });

  it("refused are not kept", () => {
    const vm = open();
    const token = tokenBy(rsa, { ...GOOD, nbf: NOW + 100 });
    expect(decisionOf(vm, token)).toBe("denied token-not-yet-valid");
    wallClock.now += 70_000_000_000n;
    expect(verifications(send(vm, token))).toBe(1);
  });

  it("take no more memory than at first, however many they are", () => {
    const vm = open({ jwt: { cache: 16 } });
    for (let user = 0; user < 100; user++) send(vm, ofUser(user));
    const { pages } = vm;
    for (let user = 0; user < 1000; user++) {
      const { properties } = send(vm, ofUser(user));
      expect(properties["sluice.decision"]).toBe(`known ${ALLOWED}`);
    }
    expect(vm.pages).toBe(pages);
    expect(verifications(send(vm, ofUser(999)))).toBe(1);
    expect(verifications(send(vm, tokenBy(rsa, GOOD)))).toBe(1);
  });

  it("have their own claims each time", () => {
    const vm = open({ jwt: { claimsToHeaders: [{ claim: "sub", header: "x-user" }] } });
    const tokens = Array.from({ length: 50 }, (_, user) => ofUser(user));
    for (let turn = 0; turn < 3; turn++)
      for (const [user, token] of tokens.entries())
        expect(send(vm, token).properties["sluice.claim.x-user"]).toBe(`user-${user}`);
  });

  it("are none without a cache", () => {
    const vm = open({ jwt: { cache: 0 } });
    const token = tokenBy(rsa, GOOD);
    expect([verifications(send(vm, token)), verifications(send(vm, token))]).toEqual([1, 1]);
  });
});

it("keeps no secret in memory, and none in what it says", () => {
  const vm = open({ keys: [hmac] });
  expect(vm.contains(SECRET)).toBe(false);
  const token = tokenBy(hmac, GOOD);
  send(vm, `${token.slice(0, -4)}AAAA`);
  expect(JSON.stringify(vm.log)).not.toContain(token.slice(-20));
});
