import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { type Json, signed, Tokens, VALID } from "../../test/support/tokens.js";

const KEY = Buffer.alloc(32, "a key of 32 bytes");
const HEADER = '{"alg":"HS256"}';
const EXP = 4_000_000_000;

let tokens: Tokens;
beforeAll(async () => {
  tokens = new Tokens(await instantiateAssembly("filters/lib/auth-probe.ts"));
});

/** What becomes of a token whose payload is this text. */
const ofPayload = (payload: string | Uint8Array) => tokens.readAll(signed(HEADER, payload, KEY));
const withClaim = (member: string) => ofPayload(`{"exp":${EXP},${member}}`);

describe("a payload", () => {
  it.each([
    ["token-payload", "null"],
    ["token-payload", "[]"],
    ["token-payload", '"text"'],
    ["token-payload", "1"],
    ["token-payload", `{"exp":${EXP}`],
    ["token-payload", `{"exp":${EXP},}`],
    ["token-payload", `{"exp":${EXP}}x`],
    ["token-payload", `{"exp":1,"exp":${EXP}}`],
    ["token-payload", `{"exp":${EXP},"e\\u0078p":${EXP}}`],
    ["token-payload", `{"exp":${EXP},"a":{"b":[{"c":1,"c":1}]}}`],
    ["token-payload", `{"exp":0${EXP}}`],
    ["token-payload", `{"exp":${EXP}.}`],
    ["token-payload", '{"exp":NaN}'],
    ["token-payload", '{"exp":Infinity}'],
    ["token-payload", '{"exp":1e999}'],
    ["token-payload", `{"exp":${EXP},"x":1e308}`],
    ["token-payload", `{"exp":${EXP},"x":"\\ud800"}`],
    ["token-payload", `{"exp":${EXP},"x":"\n"}`],
    [VALID, `{"exp":${EXP},"x":[9.9e307,1e-999,-0,0e99999999999999999999]}`],
    [VALID, `\n{ "exp" : ${EXP} , "" : "\\u0000\\udbff\\udfff" }\n`],
  ])("makes it %s: %s", (refusal, payload) => {
    expect(ofPayload(payload)).toBe(refusal);
  });

  it("is bounded in its depth, in its nodes and in its numbers", () => {
    const nested = (depth: number) => withClaim(`"x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}`);
    expect([nested(32), nested(33), nested(5000)]).toEqual([VALID, "token-payload", "token-payload"]);
    const many = (elements: number) => withClaim(`"x":[${Array(elements).fill(1).join()}]`);
    expect([many(2043), many(2044), many(5000)]).toEqual([VALID, "token-payload", "token-payload"]);
    const long = (digits: number) => withClaim(`"x":[-${"9".repeat(digits)}]`);
    expect([long(308), long(309)]).toEqual([VALID, "token-payload"]);
  });

  it("that is another token is refused", () => {
    expect(tokens.readAll(signed('{"alg":"HS256","cty":"JWT"}', signed(HEADER, "{}", KEY), KEY))).toBe("token-payload");
  });
});

describe("claims", () => {
  it.each([
    ["token-without-expiry", "{}"],
    ["token-without-expiry", '{"EXP":4000000000}'],
    ["token-without-expiry", '{"x":{"exp":4000000000}}'],
    ["token-without-expiry", '{"exp\\u0000":4000000000}'],
    ...['"4000000000"', "null", "true", "[4000000000]", '{"exp":1}'].map((exp): [string, string] => [
      "token-claim",
      `{"exp":${exp}}`,
    ]),
    ...["-1", "-0.5", "253402300800", "1e12", "4000000000000", "99999999999999999999999", "1e307"].map(
      (exp): [string, string] => ["token-claim", `{"exp":${exp}}`],
    ),
  ])("are %s: %s", (refusal, payload) => {
    expect(ofPayload(payload)).toBe(refusal);
  });

  it("have one type each, and null is none of them", () => {
    for (const name of ["nbf", "iat"])
      for (const value of ["null", '"1"', "-1", "true", "[]", "{}", "1e15"])
        expect(withClaim(`"${name}":${value}`), name).toBe("token-claim");
    for (const name of ["iss", "sub", "jti"]) {
      for (const value of ["null", "1", "true", '["a"]', "{}"])
        expect(withClaim(`"${name}":${value}`), name).toBe("token-claim");
      expect(withClaim(`"${name}":""`)).toBe(VALID);
    }
    for (const name of ["aud", "scope", "scp"]) {
      for (const value of ["null", "1", "false", "{}", "[1]", '["a",1]', "[null]", '[["a"]]', '[{"a":1}]'])
        expect(withClaim(`"${name}":${value}`), name).toBe("token-claim");
      for (const value of ['""', '"a"', "[]", '["a"]', '["a","b"]'])
        expect(withClaim(`"${name}":${value}`)).toBe(VALID);
    }
    // What is not registered, may be anything.
    expect(withClaim('"azp":1,"scopes":{},"audience":null,"nonce":[]')).toBe(VALID);
  });

  it("tell times in whole seconds, however the number is written", () => {
    const times = (number: string) => {
      expect(ofPayload(`{"exp":${number},"nbf":${number},"iat":${number}}`)).toBe(VALID);
      const { exp, nbf, iat } = tokens.claims();
      expect(nbf).toBe(iat);
      return [exp, nbf];
    };
    for (const number of [
      "1700000000",
      "1.7e9",
      "17E8",
      "1700000000.0",
      "1700000000.000e0",
      "0.17e+10",
      "17000000000e-1",
    ])
      expect(times(number), number).toEqual([1_700_000_000, 1_700_000_000]);
    for (const number of ["1700000000.5", "1700000000.000000000000000000001", "17000000009e-1"])
      expect(times(number), number).toEqual([1_700_000_000, 1_700_000_001]);
    for (const number of ["0", "-0", "0.0", "0e5", "-0e-5"]) expect(times(number), number).toEqual([0, 0]);
    for (const number of ["0.001", "1e-300"]) expect(times(number), number).toEqual([0, 1]);
    expect(times("253402300799")).toEqual([253_402_300_799, 253_402_300_799]);
    expect(ofPayload(`{"exp":1,"nbf":253402300799.1}`)).toBe("token-claim");
  });

  it("agree with arithmetic on random times", () => {
    const fraction = fc.integer({ min: 0, max: 999 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_798 }), fraction, fc.nat(5), (whole, thousandths, zeros) => {
        const digits = `${thousandths}`.padStart(3, "0") + "0".repeat(zeros);
        const scaled = `${BigInt(`${whole}${digits}`)}e-${digits.length}`;
        expect(ofPayload(`{"exp":${scaled},"nbf":${whole}.${digits},"iat":${scaled}}`)).toBe(VALID);
        const up = thousandths === 0 ? whole : whole + 1;
        expect(tokens.claims()).toMatchObject({ exp: whole, nbf: up, iat: up });
      }),
    );
  });

  it("hold from nbf and iat on until exp, with a skew, to the second", () => {
    const [now, skew] = [1_700_000_000, 60];
    const at = (payload: object) => {
      expect(ofPayload(JSON.stringify(payload))).toBe(VALID);
      return tokens.timesHold(now, skew);
    };
    expect([-61, -60, -59, 0].map((ahead) => at({ exp: now + ahead }))).toEqual([
      "token-expired",
      "token-expired",
      VALID,
      VALID,
    ]);
    const exp = now + 1000;
    expect([59, 60, 61].map((ahead) => at({ exp, nbf: now + ahead }))).toEqual([VALID, VALID, "token-not-yet-valid"]);
    expect([59, 60, 61].map((ahead) => at({ exp, iat: now + ahead }))).toEqual([VALID, VALID, "token-issued-ahead"]);
    expect(at({ exp: now - 59.5 })).toBe("token-expired");
    expect(at({ exp: now - 59 + 0.5 })).toBe(VALID);
    expect(at({ exp, nbf: now + 60.5 })).toBe("token-not-yet-valid");
    expect(at({ exp: 0 })).toBe("token-expired");
    expect(at({ exp: 253_402_300_799, nbf: 0, iat: 0 })).toBe(VALID);
  });

  it("are never taken where Envoy's jwt_authn refuses them", () => {
    // As its source says: numbers cut off at the point; `exp` 0 is none; nothing else of a time is looked at.
    const refusedByEnvoy = (exp: number, nbf: number, now: number, skew: number) =>
      now + skew < Math.trunc(nbf) || (Math.trunc(exp) !== 0 && now > Math.trunc(exp) + skew);
    const times = fc.integer({ min: 0, max: 800 }).map((quarters) => quarters / 4);
    fc.assert(
      fc.property(times, times, times, fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 60 }), (...args) => {
        const [exp, nbf, iat, now, skew] = args;
        expect(ofPayload(JSON.stringify({ exp, nbf, iat }))).toBe(VALID);
        const taken = tokens.timesHold(now, skew) === VALID;
        expect(taken && refusedByEnvoy(exp, nbf, now, skew)).toBe(false);
        expect(taken).toBe(Math.floor(exp) + skew > now && nbf <= now + skew && iat <= now + skew);
      }),
      { numRuns: 500 },
    );
  });

  it("name audiences, each compared byte for byte", () => {
    const isFor = (aud: string, audience: string) => {
      expect(withClaim(`"aud":${aud}`)).toBe(VALID);
      return tokens.isFor(audience);
    };
    expect(isFor('"orders"', "orders")).toBe(true);
    expect(isFor('["a","orders","b"]', "orders")).toBe(true);
    expect(isFor('"\\u006frders"', "orders")).toBe(true);
    for (const aud of [
      '"Orders"',
      '"orders "',
      '"order"',
      '"orders/"',
      '"https://orders"',
      '""',
      "[]",
      '["a","b"]',
      '"a orders"',
    ])
      expect(isFor(aud, "orders"), aud).toBe(false);
    expect(isFor('["orders"]', "")).toBe(false);
    expect(withClaim('"x":1')).toBe(VALID);
    expect(tokens.isFor("orders")).toBe(false);
  });

  it("are strings byte for byte", () => {
    expect(withClaim('"iss":"https://id.example.com","n":1,"l":["a"]')).toBe(VALID);
    expect(tokens.claimIs("iss", "https://id.example.com")).toBe(true);
    for (const other of ["https://id.example.com/", "https://id.example.co", "HTTPS://id.example.com", ""])
      expect(tokens.claimIs("iss", other), other).toBe(false);
    expect([tokens.claimIs("n", "1"), tokens.claimIs("l", "a"), tokens.claimIs("none", "")]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("name scopes in one text or in a list", () => {
    const scopes = (members: string, most = 64) => {
      expect(withClaim(members)).toBe(VALID);
      return tokens.scopes(most);
    };
    expect(scopes('"scope":"read write"')).toEqual(["read", "write"]);
    expect(scopes('"scope":" read  write "')).toEqual(["read", "write"]);
    expect(scopes('"scope":"read\\twrite"')).toEqual(["read\twrite"]);
    expect(scopes('"scope":["read all","write"]')).toEqual(["read all", "write"]);
    expect(scopes('"scp":"read"')).toEqual(["read"]);
    expect(scopes('"scp":["a","b"],"scope":"c d"')).toEqual(["c", "d", "a", "b"]);
    for (const none of ['"scope":""', '"scope":" "', '"scp":[]', '"x":1', '"scopes":"a"'])
      expect(scopes(none)).toEqual([]);
    expect(scopes('"scope":"a b c","scp":["d"]', 4)).toEqual(["a", "b", "c", "d"]);
    expect(scopes('"scope":"a b c","scp":["d"]', 3)).toBeUndefined();
    expect(scopes('"scope":"a b c"', 2)).toBeUndefined();
    expect(scopes('"scp":["a","b","c"]', 2)).toBeUndefined();
    expect(scopes(`"scope":"${"a ".repeat(5000)}"`)).toBeUndefined();
  });

  it("are found by a path", () => {
    expect(withClaim('"a":{"b":{"c":[1,"x"],"":true},"b.c":2},"a.b":3,"t":"text","n":-1.5,"f":false,"z":null')).toBe(
      VALID,
    );
    expect(tokens.claim("a.b.c")).toEqual([1, "x"]);
    expect(tokens.claim("a.b.")).toBe(true);
    expect(tokens.claim("a\0b.c", "\0")).toBe(2);
    expect(tokens.claim("a.b", "\0")).toBe(3);
    expect(tokens.claim("a/b/c", "/")).toEqual([1, "x"]);
    expect([tokens.claim("t"), tokens.claim("n"), tokens.claim("f"), tokens.claim("z")]).toEqual([
      "text",
      -1.5,
      false,
      null,
    ]);
    for (const path of ["", ".", "b", "a.c", "a.b.c.d", "a.b.c.0", "t.e", "z.z", "A", "a.b.c."])
      expect(tokens.claim(path), path).toBeUndefined();
  });

  it("that are lists of texts are slices", () => {
    expect(withClaim('"g":["a","","b\\n"],"s":"one","m":["a",1],"o":{},"n":1,"e":[]')).toBe(VALID);
    expect([tokens.texts("g"), tokens.texts("s"), tokens.texts("e")]).toEqual([["a", "", "b\n"], ["one"], []]);
    for (const path of ["m", "o", "n", "none"]) expect(tokens.texts(path), path).toBeUndefined();
    expect([tokens.texts("g", 3)?.length, tokens.texts("g", 2), tokens.texts("s", 0)]).toEqual([
      3,
      undefined,
      undefined,
    ]);
  });
});

describe("random payloads", () => {
  const names = fc
    .stringMatching(/^[a-z_]{1,8}$/)
    .filter((name) => !/^(exp|nbf|iat|iss|sub|aud|jti|scope|scp)$/.test(name));
  const numbers = fc.oneof(fc.integer(), fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e300, max: 1e300 }));
  const leaves = fc.oneof(fc.string({ unit: "grapheme" }), numbers, fc.boolean(), fc.constant(null));
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaves,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(names, tie("value"), { maxKeys: 4 }),
    ),
  }));

  it("say what their JSON says", () => {
    fc.assert(
      fc.property(fc.dictionary(names, value, { maxKeys: 6 }), fc.string(), fc.string(), (custom, iss, sub) => {
        const payload = { ...custom, exp: EXP, iss, sub };
        const token = signed(HEADER, JSON.stringify(payload), KEY);
        expect(tokens.readAll(token)).toBe(VALID);
        expect(tokens.claims()).toMatchObject({ exp: EXP, iss, sub });
        // As JSON, for which -0 is 0.
        const plain = JSON.parse(JSON.stringify(custom));
        for (const name of Object.keys(custom)) expect(tokens.claim(name)).toEqual(plain[name]);
      }),
    );
  });
});
