import { beforeAll, describe, expect, test } from "vitest";
import { verifierOf } from "../../compiler/plan/verifier.js";
import { type CompiledModule, loadModule, ModuleVm, SharedData } from "../../test/support/module-host.js";
import { configurationOf } from "../../test/support/module-policies.js";

// Users and passwords, and who fails too often with them, in the modules that look at credentials.

const consumers = [
  { name: "acme", tier: "gold", credentials: [{ basic: { user: "acme", verifier: verifierOf("s:ecret", 2000) } }] },
  {
    name: "jörg".replace("ö", "o"),
    credentials: [{ basic: { user: "jörg", verifier: verifierOf("pässwort", 3000) } }],
  },
];
const lockout = { key: [["get", "source.ip"]], failures: 3, periodMs: 60_000 };
const policy = (more: Readonly<Record<string, unknown>> = {}, basic: Readonly<Record<string, unknown>> = {}) => ({
  name: "people",
  authenticate: { realm: "shop", anyOf: [{ basic }], ...more },
});
const configuration = (...policies: ReturnType<typeof policy>[]) => configurationOf(policies, { consumers });

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");
const basic = (text: string | Uint8Array): [string, string][] => [["authorization", `Basic ${base64(text)}`]];

describe.each(["guard", "auth"] as const)("in %s.wasm", (name) => {
  let module: CompiledModule;
  beforeAll(async () => {
    module = await loadModule(name);
  });

  function vmWith(document: unknown, options: ConstructorParameters<typeof ModuleVm>[1] = {}): ModuleVm {
    const vm = new ModuleVm(module, options);
    if (!vm.configure(document)) throw new Error(vm.lastError);
    return vm;
  }

  test("a right password passes and says whose it is", () => {
    const vm = vmWith(configuration(policy()));
    for (const [text, consumer] of [
      ["acme:s:ecret", "acme"],
      ["jörg:pässwort", "jorg"],
    ] as const)
      for (const scheme of ["Basic", "basic", "BASIC"]) {
        const outcome = vm.send({ route: "r", headers: [["authorization", `${scheme} ${base64(text)}`]] });
        expect(outcome.passed).toBe(true);
        expect(outcome.properties).toMatchObject({
          "sluice.consumer": consumer,
          "sluice.decision": "people allowed authenticated",
        });
      }
  });

  const refused: [string, [string, string][], string][] = [
    ["nothing", [], "no-credential"],
    ["a wrong password", basic("acme:secret"), "unknown-credential"],
    ["a password with one more character", basic("acme:s:ecret "), "unknown-credential"],
    ["the password of another", basic("acme:pässwort"), "unknown-credential"],
    ["an unknown user", basic("acmf:s:ecret"), "unknown-credential"],
    ["a user in capital letters", basic("ACME:s:ecret"), "unknown-credential"],
    ["another form of the same letters", basic("jo\u0308rg:pässwort"), "unknown-credential"],
    ["no colon", basic("acme"), "malformed-credential"],
    ["no user", basic(":s:ecret"), "malformed-credential"],
    ["no password", basic("acme:"), "malformed-credential"],
    ["a NUL", basic("acme:s:ecret\0"), "malformed-credential"],
    ["a line break", basic("acme:s:ecret\n"), "malformed-credential"],
    ["bytes that are no UTF-8", basic(Uint8Array.of(0x61, 0x3a, 0xff)), "malformed-credential"],
    ["the scheme alone", [["authorization", "Basic"]], "malformed-credential"],
    ["the scheme and a space", [["authorization", "Basic "]], "malformed-credential"],
    ["two spaces", [["authorization", `Basic  ${base64("acme:s:ecret")}`]], "malformed-credential"],
    ["a tab", [["authorization", `Basic\t${base64("acme:s:ecret")}`]], "malformed-credential"],
    ["no padding", [["authorization", `Basic ${base64("acme:s:ecret").replace(/=+$/, "")}-`]], "malformed-credential"],
    ["padding too much", [["authorization", `Basic ${base64("acme:s:ecret")}=`]], "malformed-credential"],
    ["base64 with trailing bits", [["authorization", "Basic YTpjZR=="]], "malformed-credential"],
    ["another scheme", [["authorization", `Bearer ${base64("acme:s:ecret")}`]], "malformed-credential"],
    ["an empty header", [["authorization", ""]], "malformed-credential"],
    ["no scheme", [["authorization", base64("acme:s:ecret")]], "malformed-credential"],
    ["two, joined", [["authorization", `Basic ${base64("acme:s:ecret")},Basic YTpi`]], "duplicate-credential"],
    ["two", [...basic("acme:s:ecret"), ...basic("acme:s:ecret")], "duplicate-credential"],
    ["5,000 bytes", basic(`acme:${"p".repeat(5000)}`), "malformed-credential"],
  ];
  test.each(refused)("%s is refused, with one answer for all", (_, headers, reason) => {
    for (const more of [{}, { optional: true }]) {
      const outcome = vmWith(configuration(policy(more))).send({ route: "r", headers });
      if (reason === "no-credential" && "optional" in more) {
        expect(outcome.properties["sluice.decision"]).toBe("people allowed anonymous");
        continue;
      }
      expect(outcome.properties).toEqual({ "sluice.decision": `people denied ${reason}` });
      expect(outcome.reply).toEqual({
        status: 401,
        grpcStatus: 16,
        details: "sluice:people",
        body: '{"type":"about:blank","title":"Unauthorized","status":401}',
        headers: [
          ["content-type", "application/problem+json"],
          ["www-authenticate", 'Basic realm="shop", charset="UTF-8"'],
        ],
      });
    }
  });

  test("it may have a realm of its own, beside a key", () => {
    const anyOf = [{ apiKey: { header: "x-api-key" } }, { basic: { realm: "people of the shop" } }];
    const vm = vmWith(configuration(policy({ anyOf })));
    expect(vm.send({ route: "r" }).reply?.headers.slice(1)).toEqual([
      ["www-authenticate", 'ApiKey realm="shop"'],
      ["www-authenticate", 'Basic realm="people of the shop", charset="UTF-8"'],
    ]);
    const decision = (headers: [string, string][]) => vm.send({ route: "r", headers }).properties["sluice.decision"];
    expect(decision([["x-api-key", "k"], ...basic("acme:s:ecret")])).toBe("people denied several-credentials");
    expect(
      decision([
        ["x-api-key", "k"],
        ["authorization", "Bearer x"],
      ]),
    ).toBe("people denied malformed-credential");
  });

  test("a password is derived once, and of those beyond the budget none", () => {
    const clock = { now: 1_000_000_000_000n };
    const vm = vmWith(configuration(policy()), { clock });
    const status = (text: string) => vm.send({ route: "r", headers: basic(text) }).reply?.status ?? 200;
    expect(status("acme:s:ecret")).toBe(200);
    // 3,000 rounds each, as the dearest verifier has: 200,000 at once.
    for (let attempt = 0; attempt < 65; attempt++) expect(status(`acme:${attempt}`)).toBe(401);
    const beyond = vm.send({ route: "r", headers: basic("acme:x") });
    expect(beyond.reply).toMatchObject({ status: 503, grpcStatus: 14 });
    expect(beyond.reply?.headers).toContainEqual(["retry-after", "1"]);
    expect(beyond.properties).toEqual({ "sluice.decision": "people denied over-budget" });
    // Nobody can tell an unknown user by it, and who is known goes on.
    expect([status("nobody:x"), status("jörg:pässwort"), status("acme:s:ecret")]).toEqual([503, 503, 200]);
    clock.now += 1_000_000_000n;
    expect(status("jörg:pässwort")).toBe(200);
    clock.now = 0n;
    expect([status("acme:s:ecret"), status("acme:y")]).toEqual([200, 503]);
  });

  test("what is known is so for one verifier only: another configuration asks again", () => {
    const vm = vmWith(configuration(policy()));
    expect(vm.send({ route: "r", headers: basic("acme:s:ecret") }).passed).toBe(true);
    const changed = [{ name: "acme", credentials: [{ basic: { user: "acme", verifier: verifierOf("new", 2000) } }] }];
    expect(vm.configure(configurationOf([policy()], { consumers: changed }))).toBe(true);
    expect(vm.send({ route: "r", headers: basic("acme:s:ecret") }).reply?.status).toBe(401);
    expect(vm.send({ route: "r", headers: basic("acme:new") }).passed).toBe(true);
  });

  test("no decoded password stays in memory", () => {
    const vm = vmWith(configuration(policy()));
    vm.send({ route: "r", headers: basic("acme:a-password-that-is-wrong") });
    vm.send({ route: "r", headers: basic("acme:s:ecret") });
    expect(vm.contains("a-password-that-is-wrong")).toBe(false);
    expect(vm.contains("acme:s:ecret")).toBe(false);
  });

  describe("lockout", () => {
    const from = (vm: ModuleVm, ip: string, text: string | undefined) =>
      vm.send({ route: "r", headers: text === undefined ? [] : basic(text), source: `${ip}:1234` });

    test("who fails too often is not listened to, over all workers, and heard again after a while", () => {
      const clock = { now: 1_000_000_000_000n };
      const shared = new SharedData();
      const [one, other] = [1, 2].map(() => vmWith(configuration(policy({ lockout })), { clock, shared }));
      if (one === undefined || other === undefined) throw new Error("two workers are needed");
      for (const worker of [one, other, one]) expect(from(worker, "192.0.2.1", "acme:x").reply?.status).toBe(401);
      for (const worker of [one, other])
        for (const text of ["acme:s:ecret", "acme:x"]) {
          const { reply, properties } = from(worker, "192.0.2.1", text);
          expect(properties).toEqual({ "sluice.decision": "people denied locked-out" });
          expect(reply).toEqual({
            status: 429,
            grpcStatus: 8,
            details: "sluice:people",
            body: '{"type":"about:blank","title":"Too Many Requests","status":429}',
            headers: [
              ["content-type", "application/problem+json"],
              ["retry-after", "20"],
            ],
          });
        }
      // Without a credential it is only asked for one, and nobody else is meant.
      expect(from(one, "192.0.2.1", undefined).reply?.status).toBe(401);
      expect(from(one, "192.0.2.2", "acme:s:ecret").passed).toBe(true);
      clock.now += 20_000_000_000n;
      expect(from(other, "192.0.2.1", "acme:s:ecret").passed).toBe(true);
      expect(from(other, "192.0.2.1", "acme:x").reply?.status).toBe(401);
      expect(from(one, "192.0.2.1", "acme:s:ecret").reply?.status).toBe(429);
    });

    test("whoever has a network of IPv6 is one caller, whichever of its addresses it takes", () => {
      const vm = vmWith(configuration(policy({ lockout })), { clock: { now: 1_000_000_000_000n } });
      for (const ip of ["[2001:db8:0:1::1]", "[2001:db8::1:ffff:0:0:9]", "[2001:db8:0:1:8000::]"])
        expect(from(vm, ip, "acme:x").reply?.status).toBe(401);
      expect(from(vm, "[2001:db8:0:1:2:3:4:5]", "acme:s:ecret").reply?.status).toBe(429);
      for (const ip of ["[2001:db8:0:2::1]", "[2001:db8::1]", "192.0.2.1"])
        expect(from(vm, ip, "acme:s:ecret").passed).toBe(true);
      // However it is written, an IPv4 address is one.
      for (const ip of ["[::ffff:192.0.2.1]", "192.0.2.1", "[::ffff:c000:201]"])
        expect(from(vm, ip, "acme:x").reply?.status).toBe(401);
      expect(from(vm, "192.0.2.1", "acme:s:ecret").reply?.status).toBe(429);
      expect(from(vm, "192.0.2.2", "acme:s:ecret").passed).toBe(true);
    });

    test("right passwords and missing ones are no failures; all other refusals are", () => {
      const vm = vmWith(configuration(policy({ lockout })), { clock: { now: 1_000_000_000_000n } });
      for (let call = 0; call < 5; call++) {
        expect(from(vm, "192.0.2.1", "acme:s:ecret").passed).toBe(true);
        expect(from(vm, "192.0.2.1", undefined).reply?.status).toBe(401);
      }
      const bad: [string, string][][] = [[["authorization", "Bearer x"]], [["authorization", "Basic !"]]];
      const send = (headers: [string, string][]) => vm.send({ route: "r", headers, source: "192.0.2.1:1" });
      const twice = [...basic("acme:s:ecret"), ...basic("acme:s:ecret")];
      for (const headers of [...bad, twice]) expect(send(headers).reply?.status).toBe(401);
      expect(send(basic("acme:s:ecret")).reply?.status).toBe(429);
    });

    test.each(["proxy_get_shared_data", "clock_time_get"])("without %s nobody is let in", (call) => {
      const failing = new Map<string, number>();
      const vm = vmWith(configuration(policy({ lockout })), { failing });
      failing.set(call, 10);
      const outcome = from(vm, "192.0.2.1", "acme:s:ecret");
      expect(outcome.reply).toMatchObject({ status: 503, grpcStatus: 14 });
      expect(outcome.properties).toEqual({ "sluice.decision": "people denied unavailable" });
    });

    test("a failure that cannot be counted is refused all the same", () => {
      const failing = new Map<string, number>();
      const vm = vmWith(configuration(policy({ lockout })), { failing });
      failing.set("proxy_set_shared_data", 10);
      expect(from(vm, "192.0.2.1", "acme:x").reply?.status).toBe(401);
    });
  });

  const verifier = verifierOf("x", 2000);
  const withUser = (user: unknown, text: unknown = verifier) =>
    configurationOf([], { consumers: [{ name: "a", credentials: [{ basic: { user, verifier: text } }] }] });
  const at = "consumers[0].credentials[0].basic";
  test.each([
    ["a colon in a user", withUser("a:b"), `${at}.user: must be without colons and control characters`],
    ["a line break in a user", withUser("a\n"), `${at}.user: must be without colons and control characters`],
    ["an empty user", withUser(""), `${at}.user: is too short`],
    ["129 characters", withUser("é".repeat(129)), `${at}.user: is too long`],
    [
      "a password",
      withUser("a", "hunter2"),
      `${at}.verifier: must be what \`sluice hash\` writes: pbkdf2-sha256$rounds$salt$hash`,
    ],
    ["few rounds", withUser("a", verifierOf("x", 1999)), `${at}.verifier: must have 2000 to 20000 rounds`],
    ["many rounds", withUser("a", verifierOf("x", 20001)), `${at}.verifier: must have 2000 to 20000 rounds`],
    [
      "an odd realm",
      configuration(policy({}, { realm: 'a"b' })),
      "policies[0].authenticate.anyOf[0].basic.realm: must be ASCII without quotes and backslashes",
    ],
    [
      "no failures",
      configuration(policy({ lockout: { ...lockout, failures: 0 } })),
      "policies[0].authenticate.lockout.failures: is too small",
    ],
    [
      "no key",
      configuration(policy({ lockout: { ...lockout, key: [] } })),
      "policies[0].authenticate.lockout.key: must not be empty",
    ],
    [
      "the caller as a key",
      configuration(policy({ lockout: { ...lockout, key: [["get", "auth.consumer"]] } })),
      "policies[0].authenticate.lockout.key[0]: is known only of whoever has signed in",
    ],
  ])("%s is no configuration", (_, document, message) => {
    const vm = new ModuleVm(module);
    expect(vm.configure(document)).toBe(false);
    expect(vm.lastError).toBe(`sluice: ${message}`);
  });

  test("a user twice is no configuration", () => {
    const twice = [1, 2].map((index) => ({ name: `c${index}`, credentials: [{ basic: { user: "a", verifier } }] }));
    const vm = new ModuleVm(module);
    expect(vm.configure(configurationOf([], { consumers: twice }))).toBe(false);
    expect(vm.lastError).toBe('sluice: consumers[1].credentials[0].basic.user: there already is a user "a"');
  });
});
