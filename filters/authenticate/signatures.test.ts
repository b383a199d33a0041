import { createHmac } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { type CompiledModule, loadModule, ModuleVm, SharedData } from "../../test/support/module-host.js";
import { configurationOf, type Policy } from "../../test/support/module-policies.js";
import { PUBLISHED_REQUEST } from "../../test/support/signatures.js";

// HTTP message signatures through the module that ships.

let auth: CompiledModule;
beforeAll(async () => {
  auth = await loadModule("auth");
});

const PUBLISHED_SECRET = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
const CREATED = 1_618_884_473;
const SECRETS = { ACME: "secret-of-acme-and-nobody-else", GLOBEX: `base64:${PUBLISHED_SECRET}` };
const consumers = [
  { name: "acme", credentials: [{ hmac: { keyId: "acme-1", secret: "env:ACME" } }] },
  { name: "globex", credentials: [{ hmac: { keyId: "test-shared-secret", secret: "env:GLOBEX" } }] },
];

interface Spec {
  components?: readonly string[];
  maxAge?: number;
  nonces?: number;
}

const signed = ({ components = ["@method", "@path", "@query"], maxAge = 300, nonces = 1000 }: Spec = {}): Policy => ({
  name: "signed",
  authenticate: { realm: "shop", anyOf: [{ hmac: { components, maxAge, nonces } }] },
});

interface World {
  spec?: Spec;
  /** Seconds since 1970. */
  now?: number;
  shared?: SharedData;
  failing?: Map<string, number>;
  optional?: boolean;
}

function gateway({ spec, now = CREATED, shared = new SharedData(), failing = new Map() }: World = {}) {
  const wallClock = { now: BigInt(now) * 1_000_000_000n };
  const vm = new ModuleVm(auth, { environment: SECRETS, wallClock, shared, failing });
  expect(vm.configure(configurationOf([signed(spec)], { consumers, results: "headers" })), vm.lastError).toBe(true);
  return { vm, wallClock };
}

type Line = readonly [string, string];

const REQUEST: readonly Line[] = [
  [":method", "POST"],
  [":path", "/orders/7?x=1"],
  [":authority", "shop.test"],
  ["x-forwarded-proto", "https"],
  ["date", "Tue, 20 Apr 2021 02:07:55 GMT"],
];

const VALUES: Readonly<Record<string, string>> = {
  "@method": "POST",
  "@path": "/orders/7",
  "@query": "?x=1",
  "@authority": "shop.test",
  "@scheme": "https",
  "@request-target": "/orders/7?x=1",
  "@target-uri": "https://shop.test/orders/7?x=1",
  date: "Tue, 20 Apr 2021 02:07:55 GMT",
};

interface Signing {
  covered?: readonly string[];
  parameters?: string;
  secret?: string;
  label?: string;
  values?: Readonly<Record<string, string>>;
}

const PARAMETERS = `;created=${CREATED};keyid="acme-1";nonce="n1"`;

function signatureOf({
  covered = ["@method", "@path", "@query"],
  parameters = PARAMETERS,
  secret = SECRETS.ACME,
  label = "sig1",
  values = VALUES,
}: Signing = {}): Line[] {
  const list = `(${covered.map((name) => `"${name}"`).join(" ")})${parameters}`;
  const lines = covered.map((name) => `"${name}": ${values[name] ?? ""}\n`).join("");
  const tag = createHmac("sha256", secret).update(`${lines}"@signature-params": ${list}`).digest("base64");
  return [
    ["signature-input", `${label}=${list}`],
    ["signature", `${label}=:${tag}:`],
  ];
}

function decisionOf(world: World, ...headers: readonly Line[]): string | undefined {
  const { properties } = gateway(world).vm.send({ route: "r", headers: [...REQUEST, ...headers] });
  return properties["sluice.decision"];
}

test("the signature of RFC 9421, B.2.5, is that of who has the secret", () => {
  const { vm } = gateway({ spec: { components: ["@authority", "date"], nonces: 0 } });
  const { method, target, authority, scheme, fields } = PUBLISHED_REQUEST;
  const input = `("date" "@authority" "content-type");created=${CREATED};keyid="test-shared-secret"`;
  const send = (tag: string) =>
    vm.send({
      route: "r",
      headers: [
        [":method", method],
        [":path", target],
        [":authority", authority],
        ["x-forwarded-proto", scheme],
        ...Object.entries(fields),
        ["signature-input", `sig-b25=${input}`],
        ["signature", `sig-b25=:${tag}:`],
      ],
    });
  const right = send("pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
  expect(right).toMatchObject({ passed: true, properties: { "sluice.consumer": "globex" } });
  const names = right.headers.map(([name]) => name);
  expect([names.includes("signature"), names.includes("signature-input")]).toEqual([false, false]);
  expect(send("qxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=")).toMatchObject({
    passed: false,
    reply: {
      status: 401,
      headers: [
        ["content-type", "application/problem+json"],
        ["www-authenticate", 'Signature realm="shop"'],
      ],
    },
  });
});

test.each(Object.keys(VALUES))("what is signed of %s is what the request has", (name) => {
  const world = { spec: { components: [name] } };
  expect(decisionOf(world, ...signatureOf({ covered: [name] }))).toBe("signed allowed authenticated");
  const values = { ...VALUES, [name]: `${VALUES[name]}/` };
  expect(decisionOf(world, ...signatureOf({ covered: [name], values }))).toBe("signed denied unknown-credential");
});

describe("what no signature may be", () => {
  const [input, tag] = signatureOf();
  const both = input === undefined || tag === undefined ? [] : [input, tag];
  const more = (parameters: string) => signatureOf({ parameters: `${PARAMETERS}${parameters}` });
  const instead = (parameters: string) => signatureOf({ parameters });

  test.each<readonly [string, string, readonly Line[]]>([
    ["none", "no-credential", []],
    ["an input alone", "malformed-credential", both.slice(0, 1)],
    ["a tag alone", "malformed-credential", both.slice(1)],
    ["two lines of the input", "duplicate-credential", [...both, ...both.slice(0, 1)]],
    ["two lines of the tag", "duplicate-credential", [...both, ...both.slice(1)]],
    [
      "two labels",
      "duplicate-credential",
      [
        ["signature-input", `${input?.[1]}, b=()`],
        ["signature", tag?.[1] ?? ""],
      ],
    ],
    [
      "a label twice",
      "duplicate-credential",
      [
        ["signature-input", `${input?.[1]}, ${input?.[1]}`],
        ["signature", tag?.[1] ?? ""],
      ],
    ],
    [
      "a tag under another label",
      "malformed-credential",
      [
        ["signature-input", input?.[1] ?? ""],
        ["signature", "b=:YQ==:"],
      ],
    ],
    [
      "no dictionary",
      "malformed-credential",
      [
        ["signature-input", "("],
        ["signature", "("],
      ],
    ],
    [
      "a component that is not known",
      "malformed-credential",
      signatureOf({ covered: ["@method", "@path", "@query", "@status"] }),
    ],
    ["a component twice", "malformed-credential", signatureOf({ covered: ["@method", "@path", "@query", "@path"] })],
    [
      "a header that is not there",
      "malformed-credential",
      signatureOf({ covered: ["@method", "@path", "@query", "x-none"] }),
    ],
    [
      "a header that is there twice",
      "malformed-credential",
      [["x-two", "1"], ["x-two", "1"], ...signatureOf({ covered: ["@method", "@path", "@query", "x-two"] })],
    ],
    ["a component left out", "uncovered-component", signatureOf({ covered: ["@method", "@path"] })],
    ["nothing covered", "uncovered-component", signatureOf({ covered: [] })],
    ["no key", "malformed-credential", instead(`;created=${CREATED};nonce="n"`)],
    ["no time", "malformed-credential", instead(';keyid="acme-1";nonce="n"')],
    ["no nonce", "malformed-credential", instead(`;created=${CREATED};keyid="acme-1"`)],
    ["an empty nonce", "malformed-credential", instead(`;created=${CREATED};keyid="acme-1";nonce=""`)],
    ["another algorithm", "malformed-credential", more(';alg="rsa-v1_5-sha256"')],
    ["too old", "expired-credential", instead(`;created=${CREATED - 301};keyid="acme-1";nonce="n"`)],
    ["ahead of time", "expired-credential", instead(`;created=${CREATED + 6};keyid="acme-1";nonce="n"`)],
    ["run out", "expired-credential", more(`;expires=${CREATED - 5}`)],
    ["a key that is nobody's", "unknown-credential", instead(`;created=${CREATED};keyid="acme-2";nonce="n"`)],
    [
      "the key of another one",
      "unknown-credential",
      instead(`;created=${CREATED};keyid="test-shared-secret";nonce="n"`),
    ],
    ["another secret", "unknown-credential", signatureOf({ secret: "guessed" })],
    [
      "a part of the tag",
      "unknown-credential",
      [
        ["signature-input", input?.[1] ?? ""],
        ["signature", "sig1=:YQ==:"],
      ],
    ],
  ])("%s", (_, reason, headers) => {
    const { vm } = gateway();
    const outcome = vm.send({ route: "r", headers: [...REQUEST, ...headers] });
    expect(outcome.properties["sluice.decision"]).toBe(`signed denied ${reason}`);
    expect(outcome.reply?.status).toBe(401);
    expect(JSON.stringify(vm.log)).not.toMatch(/secret/);
    expect(decisionOf({}, ...signatureOf())).toBe("signed allowed authenticated");
  });

  test.each([
    ["the algorithm that it has to be", more(';alg="hmac-sha256"')],
    ["an end that has not come", more(`;expires=${CREATED + 1}`)],
    ["the last second of its time", instead(`;created=${CREATED - 300};keyid="acme-1";nonce="n"`)],
    ["a clock that is a little ahead", instead(`;created=${CREATED + 5};keyid="acme-1";nonce="n"`)],
    ["parameters that nobody knows", more(';tag="t";x;y=2')],
  ])("but it may have %s", (_, headers) => {
    expect(decisionOf({}, ...headers)).toBe("signed allowed authenticated");
  });
});

describe("a nonce", () => {
  const send = (vm: ModuleVm, headers: readonly Line[]) =>
    vm.send({ route: "r", headers: [...REQUEST, ...headers] }).properties["sluice.decision"];
  const withNonce = (nonce: string, created = CREATED) =>
    signatureOf({ parameters: `;created=${created};keyid="acme-1";nonce="${nonce}"` });

  test("is good once, whichever worker it comes to, and for each key by itself", () => {
    const shared = new SharedData();
    const [first, second] = [gateway({ shared }).vm, gateway({ shared }).vm];
    expect(send(first, withNonce("a"))).toBe("signed allowed authenticated");
    expect(send(first, withNonce("a"))).toBe("signed denied replayed-credential");
    expect(send(second, withNonce("a"))).toBe("signed denied replayed-credential");
    expect(send(second, withNonce("a", CREATED - 10))).toBe("signed denied replayed-credential");
    expect(send(second, withNonce("b"))).toBe("signed allowed authenticated");
    const parameters = `;created=${CREATED};keyid="test-shared-secret";nonce="a"`;
    const list = `("@method" "@path" "@query")${parameters}`;
    const base = `"@method": POST\n"@path": /orders/7\n"@query": ?x=1\n"@signature-params": ${list}`;
    const tag = createHmac("sha256", Buffer.from(PUBLISHED_SECRET, "base64")).update(base).digest("base64");
    const others: Line[] = [
      ["signature-input", `s=${list}`],
      ["signature", `s=:${tag}:`],
    ];
    expect(send(first, others)).toBe("signed allowed authenticated");
  });

  test("is taken by no signature that is wrong", () => {
    const { vm } = gateway();
    expect(send(vm, signatureOf({ secret: "guessed" }))).toBe("signed denied unknown-credential");
    expect(send(vm, signatureOf())).toBe("signed allowed authenticated");
  });

  test("is remembered until its signature is too old, and not longer", () => {
    const { vm, wallClock } = gateway({ spec: { maxAge: 60 } });
    expect(send(vm, withNonce("a"))).toBe("signed allowed authenticated");
    wallClock.now += 60_000_000_000n;
    expect(send(vm, withNonce("a"))).toBe("signed denied replayed-credential");
    wallClock.now += 1_000_000_000n;
    expect(send(vm, withNonce("a"))).toBe("signed denied expired-credential");
    expect(send(vm, withNonce("a", CREATED + 61))).toBe("signed allowed authenticated");
  });

  test("that another worker takes at the same time is taken by one of them", () => {
    const shared = new SharedData();
    const { vm } = gateway({ shared });
    const other = gateway({ shared }).vm;
    let decided: string | undefined;
    shared.beforeWrite = (key) => {
      if (decided !== undefined || !key.startsWith("sluice.nonces")) return;
      decided = "";
      decided = send(other, withNonce("a"));
    };
    expect(send(vm, withNonce("a"))).toBe("signed denied replayed-credential");
    expect(decided).toBe("signed allowed authenticated");
  });

  test("finds no room in a table that is full: then nobody can tell, and none that was used is forgotten", () => {
    const { vm } = gateway({ spec: { nonces: 32 } });
    const decisions = Array.from({ length: 66 }, (_, index) => send(vm, withNonce(`n${index}`)));
    expect(new Set(decisions.slice(0, 64))).toEqual(new Set(["signed allowed authenticated"]));
    expect(decisions.slice(64)).toEqual(["signed denied unavailable", "signed denied unavailable"]);
    expect(send(vm, withNonce("n0"))).toBe("signed denied replayed-credential");
    const refused = vm.send({ route: "r", headers: [...REQUEST, ...withNonce("more")] });
    expect(refused.reply).toMatchObject({ status: 503, grpcStatus: 14 });
  });

  test.each([["proxy_get_shared_data"], ["proxy_set_shared_data"]])("without %s answers 503", (name) => {
    expect(decisionOf({ failing: new Map([[name, 10]]) }, ...signatureOf())).toBe("signed denied unavailable");
  });

  test("does not matter where none are remembered", () => {
    const { vm } = gateway({ spec: { nonces: 0 } });
    const headers = signatureOf({ parameters: `;created=${CREATED};keyid="acme-1"` });
    expect([send(vm, headers), send(vm, headers)]).toEqual([
      "signed allowed authenticated",
      "signed allowed authenticated",
    ]);
  });
});

test.each([
  [{ components: [], maxAge: 1, nonces: 0 }, "components: must not be empty"],
  [{ components: ["@status"], maxAge: 1, nonces: 0 }, "must be a header in small letters or one of"],
  [{ components: ["Date"], maxAge: 1, nonces: 0 }, "must be a header in small letters or one of"],
  [{ components: ["@path"], maxAge: 0, nonces: 0 }, "is too small"],
  [{ components: ["@path"], maxAge: 1, nonces: -1 }, "is too small"],
  [{ components: ["@path"], maxAge: 1 }, "nonces"],
])("%j is no method", (spec, problem) => {
  const vm = new ModuleVm(auth, { environment: SECRETS });
  const policy = { name: "signed", authenticate: { realm: "shop", anyOf: [{ hmac: spec }] } };
  expect(vm.configure(configurationOf([policy], { consumers }))).toBe(false);
  expect(vm.lastError).toContain(problem);
});

test("a digest of the body may be signed only where somebody behind can compare it", () => {
  const policies = [signed({ components: ["@method", "content-digest"] })];
  const configured = (results: string) => {
    const vm = new ModuleVm(auth, { environment: SECRETS });
    return [vm.configure(configurationOf(policies, { consumers, results })), vm.lastError ?? ""];
  };
  expect(configured("filterState")).toEqual([true, ""]);
  expect(configured("headers")).toEqual([
    false,
    expect.stringContaining('results: must be "filterState" where a signature covers content-digest'),
  ]);
});

test("a signed digest is that of the field; a field twice, or none, is no signature", () => {
  const spec = { components: ["@method", "content-digest"] };
  const digest = PUBLISHED_REQUEST.fields["content-digest"] ?? "";
  const field: Line = ["content-digest", digest];
  const own = signatureOf({ covered: spec.components, values: { ...VALUES, "content-digest": digest } });
  const vm = new ModuleVm(auth, { environment: SECRETS, wallClock: { now: BigInt(CREATED) * 1_000_000_000n } });
  expect(vm.configure(configurationOf([signed({ ...spec, nonces: 0 })], { consumers })), vm.lastError).toBe(true);
  const decided = (...headers: readonly Line[]) =>
    vm.send({ route: "r", headers: [...REQUEST, ...headers] }).properties["sluice.decision"];
  expect(decided(field, ...own)).toBe("signed allowed authenticated");
  expect(decided(...own)).toBe("signed denied malformed-credential");
  expect(decided(field, field, ...own)).toBe("signed denied malformed-credential");
  expect(decided(["content-digest", "sha-256=:AAAA:"], ...own)).toBe("signed denied unknown-credential");
  expect(decided(field, ...signatureOf())).toBe("signed denied uncovered-component");
});

test.each([
  ["base64:", "must have base64 with its padding"],
  ["base64:YQ", "must have base64 with its padding"],
])("%s is no secret, and is told to nobody", (value, problem) => {
  const vm = new ModuleVm(auth, { environment: { ...SECRETS, ACME: value } });
  const configured = vm.configure(configurationOf([signed()], { consumers }));
  if (value === "base64:") expect(configured).toBe(true);
  else {
    expect(configured).toBe(false);
    expect(vm.lastError).toContain(problem);
  }
});
