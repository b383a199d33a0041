import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameOfAuthority } from "../plan/authority.js";
import { decodeUnreserved } from "../policy/path.js";
import { normalizePath } from "../request/path.js";
import { textDomain, whyNoPath, whyNot } from "./domains.js";

const piece = fc.constantFrom(
  ...'/.%;=:@\\ab2Ee6~_-&+ "<>^`{|}',
  "//",
  "..",
  "%2e",
  "%2F",
  "%5c",
  "%41",
  "%25",
  "%61",
  "%7E",
  "%2525",
  "?",
);
const target = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join("")}`);

describe("request.path", () => {
  it("may be whatever Envoy makes of a target", () => {
    let paths = 0;
    fc.assert(
      fc.property(target, fc.constantFrom("reject", "unescape", "keep"), (text, escapedSlashes) => {
        const normalized = normalizePath(text, escapedSlashes);
        if (!("path" in normalized)) return;
        paths++;
        expect(whyNot(textDomain("request.path"), normalized.path.split("?")[0] ?? "")).toBeUndefined();
      }),
      { numRuns: 5_000 },
    );
    expect(paths).toBeGreaterThan(1_000);
  });

  it.each([
    ["a", "a path starts with `/`"],
    ["", "a path starts with `/`"],
    ["/a?b", "it is without the query, which `request.query` has"],
    ["/a//", "Envoy merges slashes first"],
    ["/..", "Envoy resolves dot segments first"],
    ["/a/./b", "Envoy resolves dot segments first"],
    ["/%7e", "Envoy decodes letters, digits, `-`, `.`, `_` and `~` first"],
  ])("is never %s", (text, reason) => {
    expect(whyNot(textDomain("request.path"), text)).toBe(reason);
  });

  it("decodes the unreserved characters and no others", () => {
    const escapes = Array.from({ length: 256 }, (_, code) => `%${code.toString(16).padStart(2, "0")}`);
    const decoded = escapes.map(decodeUnreserved).filter((text) => text.length === 1);
    expect(decoded.join("")).toBe("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
  });
});

describe("a regular expression of paths", () => {
  const why = (regex: string) => whyNoPath(regex, { left: 1_000_000 });
  it.each(["/.*", ".*", "/a(/.*)?", "(?i)/A", "/(%2F)?", "//", "[^?]*", "/v[0-9]+/x"])("%s can match", (regex) => {
    expect(why(regex)).toBeUndefined();
  });
  it.each(["a", "/a//b", "/a\\?.*", "/(a|b)/\\.\\./c", "/%61", "[a-z]+/x"])("%s cannot", (regex) => {
    expect(why(regex)).toEqual(expect.any(String));
  });
  it("is not looked at beyond the effort", () => {
    expect(whyNoPath("a", { left: 0 })).toBeUndefined();
  });
});

const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,5}$/);
const authority = fc.oneof(
  fc
    .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), fc.constantFrom("", ":", ":80"))
    .map(([labels, port]) => labels.join(".") + port),
  fc.ipV6().map((address) => `[${address}]`),
  fc.ipV4(),
);

it("request.host may be whatever name a host has", () => {
  fc.assert(
    fc.property(authority, (text) => {
      const name = nameOfAuthority(text);
      if (name !== undefined) expect(whyNot(textDomain("request.host"), name)).toBeUndefined();
    }),
  );
});

describe("source.ip", () => {
  const domain = textDomain("source.ip");
  it("may be any address in its shortest form", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1);
        expect(whyNot(domain, shortest)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(whyNot(domain, address)).toBeUndefined();
      }),
    );
  });
  it.each(["::ffff:10.0.0.1", "::10.0.0.1", "fe80::1%2", "fe80::1%Eth:0", "::", "::1"])("may be %s", (address) => {
    expect(whyNot(domain, address)).toBeUndefined();
  });
  it.each(["2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:0db8::1", "10.0.0.256", "10.0.0.1:80", "[::1]", "10.0.0.0/8"])(
    "is never %s",
    (address) => {
      expect(whyNot(domain, address)).toEqual(expect.any(String));
    },
  );
});
