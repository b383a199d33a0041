import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SHORT = "8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const NEXT = 0x00f0_67aa_0ba9_02b7n;
const NEXT_TEXT = "00f067aa0ba902b7";

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

/** Whether a reader takes a text that ends with the memory; a state that is not empty stands for what was there before. */
function reads(name: string, text: string): boolean {
  lib.call("clearTraceContext");
  const bytes = Buffer.from(text, "latin1");
  return lib.call(name, lib.putLast(bytes), bytes.length) === 1;
}

/** As `reads`, for `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled`, `x-b3-flags`. */
function readsB3Multi(...values: readonly (string | undefined)[]): boolean {
  lib.call("clearTraceContext");
  const address = lib.putLast(Buffer.from(values.join(""), "latin1"));
  let at = address;
  const args = values.flatMap((value) => {
    const place = [at, value?.length ?? -1];
    at += value?.length ?? 0;
    return place;
  });
  return lib.call("readB3Multi", ...args) === 1;
}

function hex(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, "0");
}

/** Trace, span and decision, `-` where there is none. */
function context(): string {
  const ids =
    lib.call("hasTraceIds") === 1
      ? `${hex(lib.callLong("traceIdHigh"))}${hex(lib.callLong("traceIdLow"))} ${hex(lib.callLong("parentSpanId"))}`
      : "- -";
  return `${ids} ${["-", "0", "1"][lib.call("decided") + 1]}`;
}

function written(name: string): string {
  lib.put(lib.free, new Uint8Array(96).fill(0xa5));
  const length = name === "writeTraceId" ? lib.call(name, lib.free + 8) : lib.call(name, lib.free + 8, NEXT);
  expect(lib.bytes(lib.free, 8).every((byte) => byte === 0xa5)).toBe(true);
  expect(lib.bytes(lib.free + 8 + length, 16).every((byte) => byte === 0xa5)).toBe(true);
  return lib.text(lib.free + 8, length);
}

describe("traceparent", () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, `${TRACE} ${SPAN} 1`],
    [`00-${TRACE}-${SPAN}-00`, `${TRACE} ${SPAN} 0`],
    [`00-${TRACE}-${SPAN}-02`, `${TRACE} ${SPAN} 0`],
    [`00-${TRACE}-${SPAN}-ff`, `${TRACE} ${SPAN} 1`],
    [` \t00-${TRACE}-${SPAN}-01\t `, `${TRACE} ${SPAN} 1`],
    [`fe-${TRACE}-${SPAN}-01`, `${TRACE} ${SPAN} 1`],
    [`01-${TRACE}-${SPAN}-01-`, `${TRACE} ${SPAN} 1`],
    [`01-${TRACE}-${SPAN}-01-x y,Z`, `${TRACE} ${SPAN} 1`],
    [`00-${"0".repeat(31)}1-${"0".repeat(15)}1-01`, `${"0".repeat(31)}1 ${"0".repeat(15)}1 1`],
    [`00-1${"0".repeat(31)}-1${"0".repeat(15)}-01`, `1${"0".repeat(31)} 1${"0".repeat(15)} 1`],
  ])("%s is %s", (text, expected) => {
    expect(reads("readTraceparent", text)).toBe(true);
    expect(context()).toBe(expected);
  });

  it.each([
    ["nothing", ""],
    ["white space", " ".repeat(60)],
    ["the version that is forbidden", `ff-${TRACE}-${SPAN}-01`],
    ["a version in capital letters", `0A-${TRACE}-${SPAN}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["capital letters in the trace id", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["capital letters in the span id", `00-${TRACE}-${SPAN.toUpperCase()}-01`],
    ["capital letters in the flags", `00-${TRACE}-${SPAN}-0A`],
    ["something behind version 00", `00-${TRACE}-${SPAN}-01-`],
    ["no dash behind a later version", `01-${TRACE}-${SPAN}-01.`],
    ["one flag", `00-${TRACE}-${SPAN}-1`],
    ["one flag of a later version", `01-${TRACE}-${SPAN}-1`],
    ["a sign for a dash", `00_${TRACE}-${SPAN}-01`],
    ["a sign for the second dash", `00-${TRACE}_${SPAN}-01`],
    ["a sign for the third dash", `00-${TRACE}-${SPAN}_01`],
    ["two, joined", `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`],
    ["white space inside", `00-${TRACE}- ${SPAN.slice(1)}-01`],
    ["a byte above ASCII", `00-${TRACE}-${SPAN.slice(1)}\xb1-01`],
  ])("refuses %s", (_, text) => {
    expect(reads("readTraceparent", text)).toBe(false);
    expect(context()).toBe("- - -");
  });

  it("takes no digit but those of the specification, wherever it stands", () => {
    const good = `00-${TRACE}-${SPAN}-01`;
    for (let place = 0; place < good.length; place++)
      for (let byte = 0; byte < 256; byte++) {
        const text = `${good.slice(0, place)}${String.fromCharCode(byte)}${good.slice(place + 1)}`;
        expect(reads("readTraceparent", text), text).toBe(
          /^(?!ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text),
        );
      }
  });
});

describe("b3", () => {
  it.each([
    [`${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90`, `${TRACE} ${SPAN} 1`],
    [`${TRACE}-${SPAN}-0`, `${TRACE} ${SPAN} 0`],
    [`${TRACE}-${SPAN}-d`, `${TRACE} ${SPAN} 1`],
    [`${TRACE}-${SPAN}`, `${TRACE} ${SPAN} -`],
    [`${SHORT}-${SPAN}-1`, `${"0".repeat(16)}${SHORT} ${SPAN} 1`],
    [`${SHORT}-${SPAN}-d-${"0".repeat(16)}`, `${"0".repeat(16)}${SHORT} ${SPAN} 1`],
    ["0", "- - 0"],
    ["1", "- - 1"],
    ["d", "- - 1"],
    [" 0\t", "- - 0"],
  ])("%s is %s", (text, expected) => {
    expect(reads("readB3", text)).toBe(true);
    expect(context()).toBe(expected);
  });

  it("of many headers", () => {
    expect(readsB3Multi(TRACE, SPAN, "1", undefined)).toBe(true);
    expect(context()).toBe(`${TRACE} ${SPAN} 1`);
    expect(readsB3Multi(SHORT, SPAN, undefined, undefined)).toBe(true);
    expect(context()).toBe(`${"0".repeat(16)}${SHORT} ${SPAN} -`);
    expect(readsB3Multi(undefined, undefined, "False", undefined)).toBe(true);
    expect(context()).toBe("- - 0");
    expect(readsB3Multi(TRACE, SPAN, "0", "1")).toBe(true);
    expect(context()).toBe(`${TRACE} ${SPAN} 1`);
    expect(readsB3Multi(undefined, undefined, undefined, undefined)).toBe(false);
    expect(readsB3Multi(TRACE, undefined, "1", undefined)).toBe(false);
    expect(readsB3Multi(undefined, SPAN, "1", undefined)).toBe(false);
    expect(readsB3Multi(TRACE, SPAN, "", undefined)).toBe(false);
    expect(context()).toBe("- - -");
  });
});

describe("uber-trace-id", () => {
  it.each([
    [`${TRACE}:${SPAN}:0:1`, `${TRACE} ${SPAN} 1`],
    [`${TRACE}%3A${SPAN}%3a0:1`, `${TRACE} ${SPAN} 1`],
    ["1:2:0:0", `${"0".repeat(31)}1 ${"0".repeat(15)}2 0`],
    [`${TRACE}:${SPAN}:${SPAN}:02`, `${TRACE} ${SPAN} 1`],
    [`${TRACE.toUpperCase()}:${SPAN}:0:4`, `${TRACE} ${SPAN} 0`],
  ])("%s is %s", (text, expected) => {
    expect(reads("readUberTraceId", text)).toBe(true);
    expect(context()).toBe(expected);
  });
});

describe("what is written", () => {
  it("is the context under another span", () => {
    expect(reads("readTraceparent", `00-${TRACE}-${SPAN}-03`)).toBe(true);
    expect(written("writeTraceparent")).toBe(`00-${TRACE}-${NEXT_TEXT}-03`);
    expect(written("writeB3")).toBe(`${TRACE}-${NEXT_TEXT}-1`);
    expect(written("writeUberTraceId")).toBe(`${TRACE}:${NEXT_TEXT}:0:1`);
    expect(written("writeTraceId")).toBe(TRACE);
    expect(written("writeSpanId")).toBe(NEXT_TEXT);
  });
});
