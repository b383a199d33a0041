import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { nameOfAuthority } from "../../compiler/plan/authority.js";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

function nameIn(authority: string): string | undefined {
  const bytes = Buffer.from(authority.toLowerCase(), "latin1");
  const length = Number(lib.call("hostNameLength", lib.putLast(bytes), bytes.length));
  return length === 0 ? undefined : bytes.toString("latin1", 0, length);
}

test.each([
  ["internal.example.com", "internal.example.com"],
  ["INTERNAL.example.com:80", "internal.example.com"],
  ["a_b-c.test:", "a_b-c.test"],
  ["192.0.2.1:8080", "192.0.2.1"],
  ["[2001:DB8::1]:443", "[2001:db8::1]"],
  ["[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"],
])("the name in %s is %s", (authority, name) => {
  expect([nameIn(authority), nameOfAuthority(authority)]).toEqual([name, name]);
});

test.each([
  "",
  ":80",
  "x@internal.example.com",
  "a.test:@internal.example.com",
  "internal%2eexample.com",
  "internal.example.com;",
  "internal.example.com.",
  ".internal.example.com",
  "internal..example.com",
  "internal.example.com,other.test",
  "internal.example.com:x",
  "internal.example.com:80:80",
  "[internal.example.com]",
  "[face.cafe]",
  "[face:cafe]",
  "[fe80::1%25eth0]",
  "[::1",
  "[::1]x",
  "int\xe9rnal.example.com",
])("there is no name in %j", (authority) => {
  expect([nameIn(authority), nameOfAuthority(authority)]).toEqual([undefined, undefined]);
});

test("the guard and the expression in Envoy's routes find the same names", () => {
  const piece = fc.constantFrom("a", "Z", "7", "-", "_", ".", ".", ":", ":", "[", "]", "@", "%2e", ";", ",", "g", "::");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const authority = pieces.join("");
      expect([authority, nameIn(authority)]).toEqual([authority, nameOfAuthority(authority)]);
    }),
    { numRuns: 2_000 },
  );
});
