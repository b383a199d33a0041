import { createHmac } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { base64url, signed, Tokens, VALID } from "../../test/support/tokens.js";

const KEY = Buffer.alloc(32, "a key of 32 bytes");
const HEADER = '{"alg":"HS256"}';
const EXP = 4_000_000_000;

let tokens: Tokens;
beforeAll(async () => {
  tokens = new Tokens(await instantiateAssembly("filters/lib/auth-probe.ts"));
});

/** What becomes of a token whose header is this text. */
const ofHeader = (header: string | Uint8Array) => tokens.readAll(signed(header, `{"exp":${EXP}}`, KEY));

describe("a token", () => {
  // RFC 7515, appendix A.1.
  const PUBLISHED = {
    token:
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    key: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
  };

  it("of RFC 7515 is read and right", () => {
    const read = tokens.read(PUBLISHED.token);
    expect(read).toMatchObject({ refusal: VALID, algorithm: "HS256", kid: undefined, type: "JWT" });
    expect(read.signed).toBe(PUBLISHED.token.slice(0, PUBLISHED.token.lastIndexOf(".")));
    expect(tokens.matches(Buffer.from(PUBLISHED.key, "base64url"), "HS256")).toBe(true);
    expect([tokens.readPayload(), tokens.readClaims()]).toEqual([VALID, VALID]);
    expect(tokens.claims()).toMatchObject({ iss: "joe", exp: 1_300_819_380, sub: undefined });
    expect(tokens.claim("http://example.com/is_root", "\0")).toBe(true);
    expect(tokens.timesHold(1_300_819_379, 0)).toBe(VALID);
    expect(tokens.timesHold(1_300_819_380, 0)).toBe("token-expired");
  });

  it.each(["HS256", "HS384", "HS512"] as const)("under %s is right under its own key and hash alone", (algorithm) => {
    const others = (["HS256", "HS384", "HS512"] as const).filter((other) => other !== algorithm);
    expect(tokens.read(signed(`{"alg":"${algorithm}"}`, "{}", KEY, algorithm))).toMatchObject({ algorithm });
    expect(tokens.matches(KEY, algorithm)).toBe(true);
    expect(tokens.matches(Buffer.alloc(32, "another key"), algorithm)).toBe(false);
    for (const other of others) expect(tokens.matches(KEY, other)).toBe(false);
  });

  it("has any of the algorithms, and what else its header says is passed over", () => {
    for (const algorithm of ["RS256", "RS384", "RS512", "ES256", "ES384"])
      expect(tokens.read(signed(`{"alg":"${algorithm}"}`, "{}", KEY))).toMatchObject({ refusal: VALID, algorithm });
    const keys = `"jwk":{"kty":"oct","k":"AA"},"jku":"http://x","x5u":"http://x","x5c":["AA"],"x5t":"AA","cty":"JWT","x":null`;
    const read = tokens.read(signed(`{${keys},"kid":"\\u0041","typ":"at+jwt","alg":"HS256","critical":[]}`, "{}", KEY));
    expect(read).toMatchObject({ refusal: VALID, algorithm: "HS256", kid: Buffer.from("A"), type: "at+jwt" });
  });

  it.each([
    ["token-parts", ""],
    ["token-parts", "."],
    ["token-parts", ".."],
    ["token-parts", "a.b"],
    ["token-parts", "a..c"],
    ["token-parts", ".b.c"],
    ["token-parts", "a.b."],
    ["token-parts", "a.b.c.d"],
    ["token-parts", "a.b.c."],
    ["token-parts", "a.b.c.d.e"],
    ["token-parts", '{"payload":"e30","signatures":[]}'],
  ])("is refused for %s: %j", (refusal, token) => {
    expect(tokens.readAll(token)).toBe(refusal);
  });

  it("is refused unless each part is base64url as an encoder writes it", () => {
    const [header = "", payload = "", signature = ""] = signed(HEADER, `{"exp":${EXP}}  `, KEY).split(".");
    expect(tokens.readAll(`${header}.${payload}.${signature}`)).toBe(VALID);
    for (const change of [
      (part: string) => `${part}=`,
      (part: string) => `${part}==`,
      (part: string) => ` ${part}`,
      (part: string) => `${part} `,
      (part: string) => `${part}\n`,
      (part: string) => `${part.slice(0, 4)}\r\n${part.slice(4)}`,
      (part: string) => part.replace(/.$/, "+"),
      (part: string) => part.replace(/.$/, "/"),
      // A length that no encoder makes.
      (part: string) => `${part}${"A".repeat((5 - (part.length % 4)) % 4)}`,
      (part: string) => `${part}\0`,
      (part: string) => `${part}\u00e9`,
    ])
      for (const parts of [
        [change(header), payload, signature],
        [header, change(payload), signature],
        [header, payload, change(signature)],
      ])
        expect(tokens.readAll(parts.join(".")), parts.join(".")).toBe("token-encoding");
    // 32 bytes leave two bits of the last character unused, 15 bytes none: an encoder makes them 0.
    for (const last of "BCD")
      expect(tokens.readAll(`${header}.${payload}.${"A".repeat(42)}${last}`)).toBe("token-encoding");
    expect(tokens.readAll(`${header}.${payload}.${"A".repeat(43)}`)).toBe(VALID);
  });

  it("is refused if it is longer than 16 KiB, and read up to there", () => {
    const spaces = (count: number) => signed(HEADER, `{"exp":${EXP}}${" ".repeat(count)}`, KEY);
    const least = spaces(0).length;
    const most = Math.floor(((16_384 - least) * 3) / 4);
    expect(spaces(most).length).toBeGreaterThan(16_380);
    expect(tokens.readAll(spaces(most))).toBe(VALID);
    expect(tokens.readAll(spaces(most + 4))).toBe("token-too-long");
    expect(tokens.readAll("a".repeat(1 << 17))).toBe("token-too-long");
  });
});

describe("a header", () => {
  it.each([
    ["token-algorithm", "{}"],
    ...["none", "None", "nOnE", "NONE", "", "hs256", "HS256 ", " HS256", "HS255", "HS2566", "HS", "HS256\\u0000"].map(
      (alg): [string, string] => ["token-algorithm", `{"alg":"${alg}"}`],
    ),
    ...["PS256", "ES512", "ES521", "EdDSA", "ES256K", "Ed25519", "dir", "A128KW", "RS1", "HS512/256"].map(
      (alg): [string, string] => ["token-algorithm", `{"alg":"${alg}"}`],
    ),
    ...["null", "256", "true", '["HS256"]', '{"HS256":1}'].map((alg): [string, string] => [
      "token-algorithm",
      `{"alg":${alg}}`,
    ]),
    ["token-algorithm", '{"ALG":"HS256"}'],
    ["token-algorithm", '{"alg\\u0000":"HS256"}'],
    ["token-algorithm", '{"":{"alg":"HS256"}}'],
    ["token-header", '{"alg":"none","alg":"HS256"}'],
    ["token-header", '{"alg":"HS256","\\u0061lg":"HS256"}'],
    ["token-header", '{"alg":"HS256","x":{"a":1,"a":2}}'],
    ["token-header", "null"],
    ["token-header", '"HS256"'],
    ["token-header", '[{"alg":"HS256"}]'],
    ["token-header", '{"alg":"HS256"} {}'],
    ["token-header", '{"alg":"HS256",}'],
    ["token-header", '{"alg":"HS256"'],
    ["token-header", "{alg:'HS256'}"],
    ["token-header", '\ufeff{"alg":"HS256"}'],
    ["token-header", '{"alg":"HS256","x":1e999}'],
    ["token-header", '{"alg":"HS256","kid":1}'],
    ["token-header", '{"alg":"HS256","kid":null}'],
    ["token-header", '{"alg":"HS256","kid":["a"]}'],
    ["token-header", '{"alg":"HS256","typ":1}'],
    ["token-extension", '{"alg":"HS256","crit":["exp"],"exp":1}'],
    ["token-extension", '{"alg":"HS256","crit":[]}'],
    ["token-extension", '{"alg":"HS256","crit":"b64"}'],
    ["token-extension", '{"crit":null,"alg":"HS256"}'],
    ["token-extension", '{"alg":"HS256","\\u0063rit":["x"]}'],
    ["token-extension", '{"alg":"HS256","b64":false,"crit":["b64"]}'],
    ["token-extension", '{"alg":"HS256","b64":true}'],
    ["token-extension", '{"alg":"HS256","zip":"DEF"}'],
    [VALID, ' {"alg":"HS256"}\r\n\t'],
    [VALID, '{"\\u0061l\\u0067":"H\\u0053256"}'],
    [VALID, '{"alg":"HS256","kid":""}'],
    [VALID, '{"alg":"HS256","crit\\u0000":[],"CRIT":[],"cri":1,"b64\\u0000":1}'],
    [VALID, '{"alg":"HS256","kid":"../../etc/passwd\' OR 1=1 --"}'],
  ])("makes it %s: %s", (refusal, header) => {
    expect(ofHeader(header)).toBe(refusal);
  });

  it("is bounded in its depth, in its nodes and in its kid", () => {
    const nested = (depth: number) => ofHeader(`{"alg":"HS256","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`);
    expect([nested(32), nested(33)]).toEqual([VALID, "token-header"]);
    const many = (elements: number) => ofHeader(`{"alg":"HS256","x":[${Array(elements).fill(1).join()}]}`);
    expect([many(123), many(124)]).toEqual([VALID, "token-header"]);
    const named = (bytes: number) => ofHeader(`{"alg":"HS256","kid":"${"k".repeat(bytes)}"}`);
    expect([named(256), named(257), named(10_000)]).toEqual([VALID, "token-header", "token-header"]);
  });

  it("that is not UTF-8 is refused", () => {
    for (const bytes of ["c1a1", "ff", "eda080", "f4908080", "c3"])
      expect(
        ofHeader(Buffer.concat([Buffer.from('{"alg":"HS256","x":"'), Buffer.from(bytes, "hex"), Buffer.from('"}')])),
      ).toBe("token-header");
  });

  // RFC 7797, section 4.2.
  it("of an unencoded payload is refused", () => {
    const token =
      "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.JC4wMg.A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    expect(tokens.read(token).refusal).toBe("token-extension");
  });
});

describe("random tokens", () => {
  it("are right as they were signed, and wrong with any byte changed", () => {
    const token = signed(HEADER, JSON.stringify({ exp: EXP, sub: "alice", groups: ["a", "b"] }), KEY);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const bytes = Buffer.from(token);
        bytes[place] = (bytes[place] ?? 0) ^ change;
        const read = tokens.read(bytes);
        expect(read.refusal === VALID && tokens.matches(KEY, "HS256")).toBe(false);
      }),
      { numRuns: 1000 },
    );
    expect(tokens.read(token).refusal).toBe(VALID);
    expect(tokens.matches(KEY, "HS256")).toBe(true);
  });

  it("of any bytes are read or refused, and nothing else happens", () => {
    const pieces = fc.constantFrom(
      ...[
        '{"alg":"HS256"',
        ',"kid":"',
        "\\u00",
        '"',
        "}",
        "{",
        "[",
        ",",
        ":",
        '"exp":',
        "1e9",
        "\\ud8",
        "null",
        '"aud":[',
        "é",
        "\0",
      ],
    );
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(pieces, { maxLength: 12 }).map((all) => Buffer.from(all.join(""))),
    );
    fc.assert(
      fc.property(text, text, fc.uint8Array({ maxLength: 70 }), fc.boolean(), (header, payload, signature, whole) => {
        const first = whole ? Buffer.from(HEADER) : header;
        const token = [first, payload, signature].map((part) => base64url(part)).join(".");
        expect(tokens.readAll(token)).toMatch(/^token-/);
        expect(tokens.readAll(Buffer.concat([Buffer.from(payload), Buffer.from("."), Buffer.from(header)]))).toMatch(
          /^token-/,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it("are compared whole: a signature of another length is wrong", () => {
    const text = `${base64url(HEADER)}.${base64url("{}")}`;
    const tag = createHmac("sha256", KEY).update(text).digest();
    for (const signature of [tag.subarray(0, 31), Buffer.concat([tag, Buffer.of(0)]), Buffer.concat([tag, tag])]) {
      expect(tokens.read(`${text}.${base64url(signature)}`).refusal).toBe(VALID);
      expect(tokens.matches(KEY, "HS256")).toBe(false);
    }
  });
});
