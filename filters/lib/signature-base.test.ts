import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { PUBLISHED_REQUEST, SIGNED, Signatures, type SignedRequest } from "../../test/support/signatures.js";

let signatures: Signatures;
beforeAll(async () => {
  signatures = new Signatures(await instantiateAssembly("filters/lib/auth-probe.ts"));
});

/** The base of a request under components and parameters; the signature itself is of no matter. */
function baseOf(input: string, request: Partial<SignedRequest> = {}): string | undefined {
  expect(signatures.read(`a=${input}`, "a=:YQ==:").refusal).toBe(SIGNED);
  return signatures.base({ ...PUBLISHED_REQUEST, ...request });
}

describe("a signature base", () => {
  const line = (component: string, request: Partial<SignedRequest> = {}) =>
    baseOf(`("${component}")`, request)?.split("\n")[0]?.replace(`"${component}": `, "");

  it("has the parameters in the one form that they are sent in", () => {
    expect(baseOf('( "@method"   "date" );  created=0012;flag=?1;keyid="k";x=-0;y=001.500;z=:YQ==:')).toMatch(
      /\n"@signature-params": \("@method" "date"\);created=12;flag;keyid="k";x=0;y=1\.5;z=:YQ==:$/,
    );
    expect(baseOf("(   );off=?0;t=a/b:c")).toBe('"@signature-params": ();off=?0;t=a/b:c');
  });

  it("has derived components", () => {
    expect(line("@method")).toBe("POST");
    expect(line("@method", { method: "post" })).toBe("post");
    expect(line("@scheme")).toBe("https");
    expect(line("@target-uri", { authority: "Example.com:443" })).toBe("https://example.com/foo?param=Value&Pet=dog");
    expect(line("@request-target")).toBe("/foo?param=Value&Pet=dog");
    expect(line("@request-target", { target: "*" })).toBe("*");
    const paths = { "/": "/", "/a%2Fb?x": "/a%2Fb", "/a?": "/a", "/?/b?": "/", "//x/../y;a=b": "//x/../y;a=b" };
    for (const [target, path] of Object.entries(paths)) expect(line("@path", { target })).toBe(path);
    const queries = { "/": "?", "/a?": "?", "/a?b%20=+&c": "?b%20=+&c", "/a??b": "??b", "/?a?b": "?a?b" };
    for (const [target, query] of Object.entries(queries)) expect(line("@query", { target })).toBe(query);
  });

  it("has the authority in small letters without the port of the scheme", () => {
    const authority = (text: string, scheme: "http" | "https" = "https") =>
      line("@authority", { authority: text, scheme });
    expect(authority("WWW.Example.COM")).toBe("www.example.com");
    expect(authority("example.com:443")).toBe("example.com");
    expect(authority("example.com:80")).toBe("example.com:80");
    expect(authority("example.com:80", "http")).toBe("example.com");
    expect(authority("example.com:443", "http")).toBe("example.com:443");
    expect(authority("example.com:8443")).toBe("example.com:8443");
    expect(authority("[2001:DB8::1]:443")).toBe("[2001:db8::1]");
    expect(authority("[::443]")).toBe("[::443]");
    expect(authority("1::443")).toBe("1::443");
    expect(authority("a:443")).toBe("a");
    for (const wrong of [
      "",
      ":443",
      "::443",
      "example.com:",
      "user@example.com",
      "a b",
      "a\tb",
      "ex\u00e4mple.com",
      "a\n",
    ])
      expect(authority(wrong), wrong).toBeUndefined();
  });

  it("is none where a derived component has no value", () => {
    for (const target of ["", "*", "example.com:80", "https://example.com/foo", "/a b", "/a\n", "/\u00e9", "/a\0"]) {
      for (const component of ["@path", "@target-uri"]) expect(line(component, { target }), target).toBeUndefined();
      if (!target.startsWith("/a")) continue;
      expect(line("@request-target", { target }), target).toBeUndefined();
    }
    for (const target of ["", "*", "/?a b", "/?\u00e9", "/?a\r"])
      expect(line("@query", { target }), target).toBeUndefined();
    for (const method of ["", "GET ", "GE\nT", "G\u00c9T"]) expect(line("@method", { method }), method).toBeUndefined();
  });

  it("has a field as it is, without white space around it, or none", () => {
    const value = (text: string) => line("x", { fields: { x: text } });
    for (const text of ["", "a", "a=1,    b=2;x=1;y=2,   c=(a   b   c)", '"x": y', "a\tb", "~ !"])
      expect(value(text)).toBe(text);
    expect(value(" \t a b\t ")).toBe("a b");
    expect(value(" ")).toBe("");
    for (const wrong of ["a\nb", "a\rb", "\n", "a\n", "a\0b", "\x7f", "\x1f", "caf\u00e9", "a\x0bb"])
      expect(value(wrong), wrong).toBeUndefined();
    expect(line("x", { fields: {} })).toBeUndefined();
  });

  it("is none if there is no room for it", () => {
    const base = baseOf('("@method" "date");created=1') ?? "";
    expect(signatures.base(PUBLISHED_REQUEST, base.length)).toBe(base);
    for (let room = 0; room < base.length; room++)
      expect(signatures.base(PUBLISHED_REQUEST, room), `${room}`).toBeUndefined();
  });

  it("is another for each request and each signature", () => {
    // Names, values and texts that could run into one another.
    const texts = fc.array(fc.constantFrom("a", "b", '"', ":", " ", ": ", '": ', "\t", ",", '"b": c', "?", "x"), {
      maxLength: 4,
    });
    const values = texts.map((all) => all.join("")).filter((text) => text.trim() === text);
    const names = fc.uniqueArray(fc.constantFrom("a", "b", "a-b", "ab", "@method", "@path", "@query"), {
      maxLength: 4,
    });
    const one = fc.record({
      names,
      values: fc.array(values, { minLength: 4, maxLength: 4 }),
      query: fc.constantFrom("", "?", "?a", "/b"),
      nonce: fc.constantFrom("a", "b"),
    });
    const of = ({
      names,
      values,
      query,
      nonce,
    }: {
      names: string[];
      values: string[];
      query: string;
      nonce: string;
    }) => {
      const list = names.map((name) => `"${name}"`).join(" ");
      const fields = Object.fromEntries(["a", "b", "a-b", "ab"].map((name, index) => [name, values[index] ?? ""]));
      const request = { ...PUBLISHED_REQUEST, target: `/a${query}`, fields };
      const base = baseOf(`(${list});nonce="${nonce}"`, request);
      const derived: Record<string, string> = {
        "@method": "POST",
        "@path": `/a${query}`.replace(/\?.*/, ""),
        "@query": query.startsWith("?") ? query : "?",
      };
      return { base, meaning: JSON.stringify([names.map((name) => [name, fields[name] ?? derived[name]]), nonce]) };
    };
    fc.assert(
      fc.property(one, one, (left, right) => {
        const [a, b] = [of(left), of(right)];
        expect(a.base === b.base).toBe(a.meaning === b.meaning);
      }),
      { numRuns: 1000 },
    );
  });
});
