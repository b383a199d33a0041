import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

function ask(name: "mediaTypeOf" | "isUtf8Type", text: string): number {
  const bytes = Buffer.from(text, "latin1");
  return lib.call(name, lib.putLast(bytes), bytes.length);
}

const KINDS: [string, string][] = [
  ["application/json", "json"],
  ["Application/JSON ; charset=utf-8", "json"],
  [" application/problem+json", "json"],
  ["application/+json", "other"],
  ["application/json5", "other"],
  ["text/json", "other"],
  ["application/jsonx+xml", "other"],
  ["text/xml", "xml"],
  ["text/xml;charset=UTF-8", "xml"],
  ["application/xml", "xml"],
  ['application/soap+xml; charset=utf-8; action="urn:x"', "xml"],
  ["multipart/related; type=text/xml", "other"],
  ["text/html", "other"],
  ["", "other"],
  [";", "other"],
];

describe("a media type", () => {
  it.each(KINDS)("%j is %s", (text, kind) => {
    expect(["other", "json", "xml"][ask("mediaTypeOf", text)]).toBe(kind);
  });

  it.each([
    ["text/xml", true],
    ["text/xml; charset=utf-8", true],
    ['text/xml; Charset="UTF-8"', true],
    ["text/xml; charset = us-ascii ", true],
    ["text/xml; charset=utf-16", false],
    ["text/xml; a=b; charset=iso-8859-1; c=d", false],
    ["text/xml; charset=utf-8; charset=utf-16", false],
    ["text/xml; charset=", false],
    ["text/xml; charset", true],
    ["text/xml; xcharset=utf-16", true],
    ["text/xml;", true],
    ["", true],
  ])("%j is UTF-8: %s", (text, is) => {
    expect(ask("isUtf8Type", text)).toBe(Number(is));
  });
});
