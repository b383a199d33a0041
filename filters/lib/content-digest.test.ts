import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

const [NONE, SHA_256, SHA_512, BOTH, ERROR] = [0, 1, 2, 3, -1];
const FENCE = 0xa5;

let lib: Assembly;
let expected: number;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/auth-probe.ts");
  lib.ensure(1 << 20);
  expected = lib.free + 1024;
});

/** Which digests a field has. */
function read(field: string): number {
  lib.put(expected, new Uint8Array(104).fill(FENCE));
  const bytes = Buffer.from(field, "latin1");
  const digests = lib.call("readContentDigest", lib.putLast(bytes), bytes.length, lib.free, expected);
  expect(lib.bytes(expected + 96, 8)).toEqual(new Uint8Array(8).fill(FENCE));
  return digests;
}

const holds = (digests: number, body: string | Uint8Array) =>
  lib.call("contentDigestHolds", digests, expected, lib.putLast(Buffer.from(body)), Buffer.byteLength(body)) === 1;

const digest = (hash: "sha256" | "sha512", body: string | Uint8Array) =>
  `${hash.replace("sha", "sha-")}=:${createHash(hash).update(body).digest("base64")}:`;

describe("a content digest", () => {
  // RFC 9530, appendices B.1 to B.3; RFC 9421, appendix B.2.
  it.each([
    ['{"hello": "world"}\n', "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"],
    ["", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"],
    ['"world"}\n', "sha-256=:jjcgBDWNAtbYUXI37CVG3gRuGOAjaaDRGpIUFsdyepQ=:"],
    [
      '{"hello": "world"}',
      "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
    ],
  ])("of %j is %s", (body, field) => {
    const digests = read(field);
    expect(digests).toBe(field.startsWith("sha-256") ? SHA_256 : SHA_512);
    expect(holds(digests, body)).toBe(true);
    expect(holds(digests, `${body} `)).toBe(false);
  });

  it("may be two, and then both have to be right", () => {
    const [short, long] = [digest("sha256", "body"), digest("sha512", "body")];
    for (const field of [`${short}, ${long}`, `${long},${short}`, `md5=:YQ==:, ${short}, x;a=1, ${long}`]) {
      expect(read(field), field).toBe(BOTH);
      expect(holds(BOTH, "body")).toBe(true);
      expect(holds(BOTH, "bode")).toBe(false);
    }
    expect(read(`${short}, ${digest("sha512", "other")}`)).toBe(BOTH);
    expect([holds(BOTH, "body"), holds(BOTH, "other")]).toEqual([false, false]);
    expect(read(`${digest("sha256", "other")}, ${long}`)).toBe(BOTH);
    expect([holds(BOTH, "body"), holds(BOTH, "other")]).toEqual([false, false]);
  });

  it("of none that is known holds for nothing", () => {
    for (const field of [
      "",
      "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:",
      "sha=:YQ==:",
      "sha-1, sha-384=:YQ==:",
      "sha256=:YQ==:",
      "*=1",
    ]) {
      expect(read(field), field).toBe(NONE);
      expect(holds(NONE, "")).toBe(false);
    }
    expect(holds(ERROR, "")).toBe(false);
  });

  const good = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  it.each([
    "sha-256",
    "sha-256=?1",
    "sha-256=1",
    `sha-256="${good}"`,
    `sha-256=${good}`,
    `sha-256=(:${good}:)`,
    `sha-256=:${good}`,
    `sha-256=:${good.slice(0, -1)}:`,
    `sha-256=:${good.replace("U=", "V=")}:`,
    `sha-256=: ${good}:`,
    `SHA-256=:${good}:`,
    `sha-256=:${good}:,`,
    `sha-256=:${good}:, sha-256=:${good}:`,
    "sha-256=::",
    "sha-256=:YQ==:",
    `sha-256=:${Buffer.alloc(33).toString("base64")}:`,
    `sha-256=:${Buffer.alloc(64).toString("base64")}:`,
    `sha-512=:${good}:`,
    `sha-512=:${Buffer.alloc(65).toString("base64")}:`,
    `sha-512=:${Buffer.alloc(70).toString("base64")}:`,
    `sha-256=:${good}:\r\n`,
    `sha-256=:${good}:\u00e9`,
    Array.from({ length: 40 }, (_, index) => `a${index}`).join(),
  ])("is refused: %s", (field) => {
    expect(read(field)).toBe(ERROR);
  });

  it("agrees with node:crypto", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ maxLength: 500 }), (body, other) => {
        const same = Buffer.from(body).equals(other);
        for (const hash of ["sha256", "sha512"] as const) {
          const digests = read(digest(hash, body));
          expect([holds(digests, body), holds(digests, other)]).toEqual([true, same]);
        }
      }),
    );
  });
});
