import { beforeAll, describe, expect, it } from "vitest";
import { TraceLibrary } from "../../test/support/trace-library.js";

let lib: TraceLibrary;
beforeAll(async () => {
  lib = await TraceLibrary.load();
});

function members(count: number): string {
  return Array.from({ length: count }, (_, index) => `k${index}=v`).join(",");
}

describe("tracestate", () => {
  it.each([
    ["one member", "congo=t61rcWkgMzE"],
    ["white space around members", " \trojo=00f067aa0ba902b7 \t,\t congo=t61rcWkgMzE\t"],
    ["keys that begin with a digit, of all that may follow", "0=1,9az_-*/@=2"],
    ["keys of many tenants", "fw529a3039@dt=FfAAAAAAAAAAAA,a@@b=1,a@=2"],
    ["values of all that they may be", `a= !"#$%&'()*+-./0123456789:;<>?@AZ[\\]^_\`az{|}~`],
    ["a key twice", "a=1,a=2"],
    ["empty members", ",a=1,, \t,b=2,"],
    ["32 members", members(32)],
    ["32 members and empty ones", `,${members(32)},,`],
    ["a key of 256 bytes", `${"z".repeat(256)}=1`],
    ["a value of 256 bytes", `z=${"1".repeat(256)}`],
    ["512 bytes", `a=${"1".repeat(253)},b=${"2".repeat(254)}`],
    ["512 bytes between white space", `  a=${"1".repeat(253)},b=${"2".repeat(254)} `],
  ])("with %s is taken", (_, text) => {
    expect(lib.tracestate(text)).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["white space and commas", " ,\t, "],
    ["a member without a value", "a"],
    ["an empty value", "a=,b=1"],
    ["a value of white space", "a=  ,b=1"],
    ["an empty key", "=1"],
    ["white space behind a key", "a =1"],
    ["a capital letter", "aB=1"],
    ["a dot in a key", "a.b=1"],
    ["a key that begins with a sign", "_a=1"],
    ["a key that begins with an at", "@a=1"],
    ["an equals sign in a value", "a=b=c"],
    ["a tab in a value", "a=b\tc"],
    ["a line break", "a=1\r\nx-admin: 1"],
    ["a NUL", "a=\0"],
    ["DEL", "a=\x7f"],
    ["a byte above ASCII", "a=\xe9"],
    ["33 members", members(33)],
    ["a key of 257 bytes", `${"z".repeat(257)}=1`],
    ["a value of 257 bytes", `z=${"1".repeat(257)}`],
    ["513 bytes", `a=${"1".repeat(254)},b=${"2".repeat(254)}`],
    ["one bad member among good ones", "a=1,b,c=3"],
  ])("of %s is dropped", (_, text) => {
    expect(lib.tracestate(text)).toBe(false);
  });
});
