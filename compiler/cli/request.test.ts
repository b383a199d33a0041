import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "./exit.js";
import { parseRequest } from "./request.js";

const read = (text: string, more: { header?: string[]; source?: string } = {}) =>
  parseRequest(text, { ...more, time: 0 });

describe("a request in words", () => {
  it.each([
    ["GET /orders/7", { method: "GET", target: "/orders/7", host: "localhost", headers: [] }],
    ["/orders/7?x=1", { method: "GET", target: "/orders/7?x=1" }],
    ["  POST   /orders  ", { method: "POST", target: "/orders" }],
    ["get /", { method: "get", target: "/" }],
    ["OPTIONS *", { method: "OPTIONS", target: "*" }],
    ["GET / host:api.example.com", { host: "api.example.com", headers: [] }],
    ["GET / Host: api.example.com", { host: "api.example.com" }],
    ["GET / host:a host:b", { host: "a,b" }],
    ["GET / x-api-key:K", { headers: [["x-api-key", "K"]] }],
    [
      "GET / X-A: one two  x-b:3",
      {
        headers: [
          ["x-a", "one two"],
          ["x-b", "3"],
        ],
      },
    ],
    [
      "GET / x-a:http://y x-b:",
      {
        headers: [
          ["x-a", "http://y"],
          ["x-b", ""],
        ],
      },
    ],
    [
      "GET / x-a:1 x-a:2",
      {
        headers: [
          ["x-a", "1"],
          ["x-a", "2"],
        ],
      },
    ],
    ["GET https://api.example.com:8443/a//b?c=d", { host: "api.example.com:8443", target: "/a//b?c=d" }],
    ["https://api.example.com", { host: "api.example.com", target: "/" }],
    ["https://user@api.example.com?x", { host: "api.example.com", target: "/?x" }],
  ])("%s", (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  it("takes headers beside it as they are", () => {
    const { headers } = read("GET / x-a:1", { header: ["User-Agent: Mozilla (X11; rv:1)", "x-b:2"] });
    expect(headers).toEqual([
      ["x-a", "1"],
      ["user-agent", "Mozilla (X11; rv:1)"],
      ["x-b", "2"],
    ]);
  });

  it.each([
    ["", "begins with neither a method nor a path"],
    ["GET", "has no path after the method"],
    ["GET orders", "has no path after the method"],
    ["1GET /", "begins with neither"],
    ["GET / x-api-key SECRET", "has no colon in header 1"],
    ["GET / x y:1", "has no colon in header 1"],
    ["GET https://a.example/ host:b", "has a URL and a host"],
  ])("%s is refused with an example", (text, message) => {
    const error = refusal(() => read(text)) ?? "";
    expect(error).toContain(message);
    expect(error).not.toContain("SECRET");
    expect(error).toContain("example: sluice explain --request");
  });

  it("needs an IP address for the source", () => {
    expect(refusal(() => read("GET /", { source: "nowhere" }))).toContain("--source");
    expect(read("GET /", { source: "2001:db8::1" }).source).toBe("2001:db8::1");
  });

  it("is read or refused, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const error = refusal(() => read(text));
        if (error === undefined) expect(read(text).target).not.toBe("");
      }),
    );
  });
});

function refusal(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}
