import { beforeAll, describe, expect, test } from "vitest";
import { DEAD, dfaOf } from "../../test/support/dfa.js";
import { type CompiledModule, loadModule, type Request } from "../../test/support/module-host.js";
import { Conditions, type Truth } from "../../test/support/predicates.js";

// Every operation and attribute of conditions, one by one (README.md, "Predicates").

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const header = (name: string) => ["get", "request.headers", name];
/** UTF-8 as the host of the tests takes it: one character a byte. */
const bytes = (text: string): string => Buffer.from(text).toString("latin1");

function truthOf(form: unknown, headers: Request["headers"] = [], more: Omit<Request, "headers"> = {}): Truth {
  return new Conditions(guard, [form], { params: { id: 1, last: 3 } }).truth(0, { headers, ...more });
}

describe("operations", () => {
  const unknown = ["==", header("absent"), "x"];
  const loop = { states: 1, classes: 1, map: () => 0, next: [0] };
  const cases: [unknown, Truth][] = [
    [["<", 1, 2], "true"],
    [["<", 2, 2], "false"],
    [["<=", 2, 2], "true"],
    [["<=", 3, 2], "false"],
    [[">", -1, -2], "true"],
    [[">", -2, -2], "false"],
    [[">=", 9007199254740991, -9007199254740991], "true"],
    [[">=", -1, 0], "false"],
    [["<", "a", "b"], "true"],
    [["<", "a", "ab"], "true"],
    [["<", "ab", "a"], "false"],
    [["<", "abcdefgha", "abcdefghb"], "true"],
    [["<", "", "a"], "true"],
    [["<=", "a", "a"], "true"],
    [[">", "b", "abcdefghi"], "true"],
    [[">=", "a", "b"], "false"],
    // The order of code points, in which UTF-16 units are not.
    [["<", "\uff5e", "😀"], "true"],
    [["<", header("absent"), "b"], "unknown"],
    [["!=", 1, 1], "false"],
    [["!=", true, false], "true"],
    [["!=", "a", header("absent")], "unknown"],
    [["in", 2, ["list", 1, 2]], "true"],
    [["in", 3, ["list", 1, 2]], "false"],
    [["in", -9007199254740991, ["list", -9007199254740991]], "true"],
    [["in", 3, ["list"]], "false"],
    [["in", ["int", header("absent")], ["list", 1]], "unknown"],
    [["in", "a", ["get", "auth.scopes"]], "unknown"],
    [["endsWith", "abc", "bc"], "true"],
    [["endsWith", "abc", ""], "true"],
    [["endsWith", "abc", "abcd"], "false"],
    [["endsWith", "abc", "b"], "false"],
    [["contains", "abc", "b"], "true"],
    [["contains", "abc", ""], "true"],
    [["contains", "", ""], "true"],
    [["contains", "ab", "abc"], "false"],
    [["contains", "aab", "ab"], "true"],
    [["contains", `${"ab".repeat(200)}c`, `${"ab".repeat(100)}c`], "true"],
    [["contains", "ab".repeat(200), `${"ab".repeat(100)}c`], "false"],
    [["==", ["size", "ä😀"], 2], "true"],
    [["==", ["size", ""], 0], "true"],
    [["==", ["size", ["list", "a", "b"]], 2], "true"],
    [["==", ["size", ["list"]], 0], "true"],
    [["==", ["size", ["get", "auth.groups"]], 0], "unknown"],
    [["==", ["lowerAscii", "ABZ[@Ä"], "abz[@Ä"], "true"],
    [["==", ["lowerAscii", header("absent")], "a"], "unknown"],
    [["==", ["int", "-0"], 0], "true"],
    [["==", ["int", "0012"], 12], "true"],
    [["==", ["int", "9007199254740991"], 9007199254740991], "true"],
    [["==", ["int", "9007199254740992"], 1], "unknown"],
    [["==", ["int", "-9007199254740992"], 1], "unknown"],
    [["==", ["int", "99999999999999999999999999"], 1], "unknown"],
    [["==", ["int", ""], 1], "unknown"],
    [["==", ["int", "-"], 1], "unknown"],
    [["==", ["int", "--1"], 1], "unknown"],
    [["==", ["int", "+1"], 1], "unknown"],
    [["==", ["int", " 1"], 1], "unknown"],
    [["==", ["int", "1.0"], 1], "unknown"],
    [["==", ["string", 0], "0"], "true"],
    [["==", ["string", -9007199254740991], "-9007199254740991"], "true"],
    [["==", ["string", true], "true"], "true"],
    [["==", ["string", ["!", true]], "false"], "true"],
    [["==", ["string", unknown], "false"], "unknown"],
    [["?:", true, true, unknown], "true"],
    [["?:", false, unknown, ["!", true]], "false"],
    [["?:", true, unknown, true], "unknown"],
    [["?:", unknown, true, true], "unknown"],
    [["||", ["?:", unknown, true, true], true], "true"],
    [["==", ["?:", ["<", 1, 2], "a", "b"], "a"], "true"],
    [["==", ["?:", ["<", 2, 1], 1, ["?:", true, 2, 3]], 2], "true"],
    [["==", ["?:", unknown, 1, 2], ["?:", true, 1, 2]], "unknown"],
    [["has", ["get", "auth.groups"]], "false"],
    [["has", ["get", "auth.consumer"]], "false"],
    [["has", ["get", "route.name"]], "true"],
    [["has", ["get", "request.time"]], "true"],
    [["&&", unknown, false, unknown], "false"],
    [["&&", true, ["||", false, unknown, true], true], "true"],
    [["||", unknown, ["&&", true, unknown]], "unknown"],
    [["||", ["&&", true, false], ["&&", true, true, false], ["!", ["||", false, false]]], "true"],
    [["matches", "", dfaOf({ ...loop, flags: [1] })], "true"],
    [["matches", "", dfaOf({ ...loop, flags: [2] })], "true"],
    [["matches", "a", dfaOf({ ...loop, flags: [2] })], "true"],
    [["matches", "a", dfaOf({ ...loop, flags: [0] })], "false"],
    [["matches", header("absent"), dfaOf({ ...loop, flags: [1] })], "unknown"],
  ];
  test.each(cases)("%j is %s", (form, truth) => {
    expect(truthOf(form)).toBe(truth);
  });

  test("see the lists of the caller", () => {
    const forms = [
      ["==", ["size", ["get", "auth.groups"]], 2],
      ["has", ["get", "auth.groups"]],
      ["has", ["get", "auth.scopes"]],
      ["==", ["size", ["get", "auth.scopes"]], 0],
    ];
    const conditions = new Conditions(guard, forms);
    const of = (key: string) => forms.map((_, index) => conditions.truth(index, { headers: [["x-api-key", key]] }));
    expect(of("acme-key")).toEqual(["true", "true", "false", "unknown"]);
    expect(of("globex-key")).toEqual(["false", "true", "false", "unknown"]);
  });

  test("of an automaton follow the bytes", () => {
    // ^ab+$
    const next = [2, 1, DEAD, 2, DEAD, 3, 2, 2, 2, 2, DEAD, 3].map((target) => (target === 2 ? DEAD : target));
    const map = (byte: number) => (byte === 0x61 ? 1 : byte === 0x62 ? 2 : 0);
    const table = { states: 4, classes: 3, map, next, flags: [0, 0, 0, 2] };
    const conditions = new Conditions(guard, [["matches", header("x"), dfaOf(table)]]);
    const found = (text: string) => conditions.truth(0, { headers: [["x", text]] });
    for (const text of ["ab", "abbb"]) expect(found(text), text).toBe("true");
    for (const text of ["", "a", "b", "aba", "abc", "aab", "\xff\0"]) expect(found(text), text).toBe("false");
  });
});

describe("addresses", () => {
  const inRange: [string, string, Truth][] = [
    ["10.1.2.3", "10.0.0.0/8", "true"],
    ["11.1.2.3", "10.0.0.0/8", "false"],
    ["10.1.2.3", "0.0.0.0/0", "true"],
    ["10.1.2.3", "10.1.2.3/32", "true"],
    ["10.1.2.2", "10.1.2.3/32", "false"],
    ["255.255.255.255", "255.255.255.254/31", "true"],
    ["::ffff:10.1.2.3", "10.0.0.0/8", "true"],
    ["::FFFF:a01:203", "10.0.0.0/8", "true"],
    ["10.1.2.3", "::ffff:10.0.0.0/104", "true"],
    ["::10.1.2.3", "10.0.0.0/8", "false"],
    ["10.1.2.3", "::/0", "false"],
    ["::ffff:1.2.3.4", "::/0", "false"],
    ["::", "::/0", "true"],
    ["::1", "::/127", "true"],
    ["::2", "::/127", "false"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8::/32", "true"],
    ["2001:DB8::", "2001:db8::/32", "true"],
    ["2001:db9::", "2001:db8::/32", "false"],
    ["2001:db8:0:1::1", "2001:db8:0:1::/64", "true"],
    ["2001:db8:0:2::1", "2001:db8:0:1::/64", "false"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0/128", "true"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8/128", "true"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304/128", "true"],
    ["1:2::1.2.3.4", "1:2::/32", "true"],
    ["fe80::1%eth0", "fe80::/10", "unknown"],
    ["", "10.0.0.0/8", "unknown"],
    ["10.1.2", "10.0.0.0/8", "unknown"],
    ["10.1.2.3.4", "10.0.0.0/8", "unknown"],
    ["10.1.2.03", "10.0.0.0/8", "unknown"],
    ["10.1.2.256", "10.0.0.0/8", "unknown"],
    ["10.1.2.3 ", "10.0.0.0/8", "unknown"],
    ["10.1.2.", "10.0.0.0/8", "unknown"],
    [":", "::/0", "unknown"],
    [":::", "::/0", "unknown"],
    ["1:", "::/0", "unknown"],
    [":1", "::/0", "unknown"],
    ["1::2::3", "::/0", "unknown"],
    ["1:2:3:4:5:6:7", "::/0", "unknown"],
    ["1:2:3:4:5:6:7:8:9", "::/0", "unknown"],
    ["1:2:3:4:5:6:7:8::", "::/0", "unknown"],
    ["1:2:3:4:5:6:7:1.2.3.4", "::/0", "unknown"],
    ["1.2.3.4::", "::/0", "unknown"],
    ["::1.2.3", "::/0", "unknown"],
    ["[::1]", "::/0", "unknown"],
    ["1".repeat(60000), "::/0", "unknown"],
    [":".repeat(60000), "::/0", "unknown"],
  ];
  test.each(inRange)("%.40s in %s is %s", (address, range, truth) => {
    expect(truthOf(["cidr", header("x"), range], [["x", address]])).toBe(truth);
  });
});

describe("attributes", () => {
  const line = (text: string): Request["headers"] => [[":path", bytes(text)]];
  const query = (name: string, value: string) => ["==", ["get", "request.query", name], value];

  test.each<[string, string, Truth, Truth]>([
    ["/a?x=1", "1", "true", "true"],
    ["/a?x=2", "1", "false", "true"],
    ["/a?y=1", "1", "unknown", "false"],
    ["/a", "1", "unknown", "false"],
    ["/a?", "1", "unknown", "false"],
    ["/a?x", "", "true", "true"],
    ["/a?x=", "", "true", "true"],
    ["/a?&&=&x=1&", "1", "true", "true"],
    ["/a?x=1=2", "1=2", "true", "true"],
    ["/a?x=1?x=2", "1?x=2", "true", "true"],
    ["/a?x=a+b%2B%c3%A4", "a b+ä", "true", "true"],
    ["/a?x=ä", "ä", "true", "true"],
    ["/a?%78=1", "1", "true", "true"],
    ["/a?x=1&x=1", "1", "unknown", "true"],
    ["/a?x=1&%78=2", "1", "unknown", "true"],
    ["/a?x=1&x", "1", "unknown", "true"],
    ["/a?x=%", "1", "unknown", "true"],
    ["/a?x=%4", "1", "unknown", "true"],
    ["/a?x=%4g", "1", "unknown", "true"],
    ["/a?x=%u0031", "1", "unknown", "true"],
    ["/a?x=%ff", "1", "unknown", "true"],
    ["/a?x=%c0%b1", "1", "unknown", "true"],
    ["/a?x=%ed%a0%80", "1", "unknown", "true"],
    // A name that cannot be decoded may be any name to the server.
    ["/a?x=1&%u0078=2", "1", "unknown", "true"],
    ["/a?%zz=2", "1", "unknown", "true"],
    ["/a?x=1&y=%zz", "1", "true", "true"],
    ["/a?x=1&%ff=2", "1", "unknown", "true"],
    ["/a?%c1%b8=1", "1", "unknown", "true"],
    [`/a?x=1&${"%e4".repeat(70)}=2`, "1", "unknown", "true"],
    ["/a?X=1", "1", "unknown", "false"],
    ["/a?xx=1", "1", "unknown", "false"],
    [`/a?${"%61".repeat(70)}=2&x=1`, "1", "true", "true"],
    ["/a?x=%00", "\0", "true", "true"],
  ])("the query of %s", (path, value, truth, there) => {
    expect(truthOf(query("x", value), line(path))).toBe(truth);
    expect(truthOf(["has", ["get", "request.query", "x"]], line(path))).toBe(there);
  });

  test("query parameters of other names do not hide each other", () => {
    const form = ["&&", query("a", "1"), query("bb", "2"), query("a-name-of-more-than-8", "3"), query("a[]", "4")];
    expect(truthOf(form, line("/?bb=2&a=1&a%5b%5d=4&a-name-of-more-than-8=3"))).toBe("true");
    expect(truthOf(form, line("/?bb=2&a=1&a%5b%5d=4&a-name-of-more-than-9=3"))).toBe("unknown");
  });

  const cookie = ["==", ["get", "request.cookies", "c"], "1"];
  test.each<[string[], Truth, Truth]>([
    [["c=1"], "true", "true"],
    [["a=2; c=1"], "true", "true"],
    [["a=2;c=1;"], "true", "true"],
    [["a=2 ;\t c=1 ; d=c=2"], "true", "true"],
    [["c=2"], "false", "true"],
    [['c="1"'], "false", "true"],
    [["c=%31"], "false", "true"],
    [["c=1=1"], "false", "true"],
    [["C=1"], "unknown", "false"],
    [["d=1"], "unknown", "false"],
    [[], "unknown", "false"],
    [[""], "unknown", "false"],
    [["; ;;=;=c"], "unknown", "false"],
    [["c=1; c=1"], "unknown", "true"],
    [["c=1; c"], "unknown", "true"],
    [["c"], "unknown", "true"],
    [["c =1"], "unknown", "true"],
    [["c= 1"], "unknown", "true"],
    [["c=1", "d=1"], "unknown", "true"],
    [["d=1", "e=1"], "unknown", "true"],
  ])("the cookies of %j", (lines, truth, there) => {
    const headers = lines.map((text): [string, string] => ["cookie", text]);
    expect(truthOf(cookie, headers)).toBe(truth);
    expect(truthOf(["has", ["get", "request.cookies", "c"]], headers)).toBe(there);
  });

  const param = (name: string, value: string) => ["==", ["get", "route.params", name], value];
  test.each<[string, string, string, Truth]>([
    ["/a/7/b/c", "id", "7", "true"],
    ["/a/7/b/c?x=/8", "id", "7", "true"],
    ["/a/7/b/c", "last", "c", "true"],
    ["/a/7", "last", "c", "unknown"],
    ["/a/", "id", "", "true"],
    ["/a", "id", "", "unknown"],
    ["/", "id", "", "unknown"],
    ["a/7", "id", "7", "unknown"],
    ["*", "id", "", "unknown"],
    ["/a/%37", "id", "7", "true"],
    ["/a/a+b", "id", "a+b", "true"],
    ["/a/%2f", "id", "/", "true"],
    ["/a/%", "id", "", "unknown"],
    ["/a/%ff", "id", "", "unknown"],
    ["/a/7", "other", "7", "unknown"],
  ])("the parameters of %s", (path, name, value, truth) => {
    expect(truthOf(param(name, value), line(path))).toBe(truth);
  });

  test.each<[string[], Truth]>([
    [["5"], "true"],
    [["005"], "true"],
    [["6"], "false"],
    [["-5"], "unknown"],
    [["5x"], "unknown"],
    [["5", "5"], "unknown"],
    [["9007199254740992"], "unknown"],
  ])("a size of %j", (lines, truth) => {
    const headers = lines.map((text): [string, string] => ["content-length", text]);
    for (const ends of [true, false])
      expect(truthOf(["==", ["get", "request.size"], 5], headers, { ends })).toBe(truth);
  });

  test("without a size there is no body if nothing follows the headers, else it is not known", () => {
    const length = header("content-length");
    const parts = [
      ["has", ["get", "request.size"]],
      ["==", ["get", "request.size"], 0],
      ["!", ["has", length]],
    ];
    for (const form of [parts, parts.toReversed()]) expect(truthOf(["&&", ...form])).toBe("true");
    expect(truthOf(["==", ["get", "request.size"], 0], [], { ends: false })).toBe("unknown");
    expect(truthOf(["has", ["get", "request.size"]], [], { ends: false })).toBe("false");
  });

  test("the time, in milliseconds, and unknown without a clock", () => {
    const form = ["==", ["get", "request.time"], 1700000000123];
    expect(truthOf(form)).toBe("true");
    expect(new Conditions(guard, [form], { wallClock: 0n }).truth(0, {})).toBe("unknown");
  });

  test("what Envoy tells of the connection", () => {
    const protocol = ["==", ["get", "request.protocol"], "HTTP/2"];
    expect(truthOf(protocol, [], { protocol: "HTTP/2" })).toBe("true");
    expect(truthOf(protocol, [], { protocol: "HTTP/1.1" })).toBe("false");
    expect(truthOf(protocol)).toBe("unknown");
    const port = ["==", ["get", "source.port"], 443];
    expect(truthOf(port, [], { source: "[2001:db8::1]:443" })).toBe("true");
    expect(truthOf(port, [], { source: "192.0.2.1:80" })).toBe("false");
    expect(truthOf(port, [], { source: "/run/a:443" })).toBe("unknown");
    expect(truthOf(["==", ["get", "request.id"], "r-1"], [["x-request-id", "r-1"]])).toBe("true");
  });

  test("two names of one header both have its value", () => {
    const pairs: [name: string, value: string, attribute: string[]][] = [
      ["x-request-id", "1", ["get", "request.id"]],
      ["x-forwarded-proto", "https", ["get", "request.scheme"]],
    ];
    for (const [name, value, attribute] of pairs)
      for (const form of [
        ["&&", ["==", header(name), value], ["==", attribute, value]],
        ["&&", ["==", attribute, value], ["==", header(name), value]],
      ])
        expect(truthOf(form, [[name, value]]), name).toBe("true");
    const size = ["&&", ["==", header("content-length"), "1"], ["==", ["get", "request.size"], 1]];
    expect(truthOf(size, [["content-length", "1"]])).toBe("true");
    const both = ["&&", ["==", header("cookie"), "c=1"], cookie];
    expect(truthOf(both, [["cookie", "c=1"]])).toBe("true");
    expect(truthOf(["&&", cookie, ["==", header("cookie"), "c=1"]], [["cookie", "c=1"]])).toBe("true");
  });

  test("nothing of a request is left for the next", () => {
    const forms = [query("x", "1"), cookie, param("id", "7"), ["==", ["get", "request.protocol"], "HTTP/2"]];
    const conditions = new Conditions(guard, [["||", ...forms]], { params: { id: 1 } });
    const full: Omit<Request, "route">[] = [
      { headers: [[":path", "/?x=1"]] },
      { headers: [["cookie", "c=1"]] },
      { headers: [[":path", "/a/7"]] },
      { protocol: "HTTP/2" },
    ];
    for (const request of full) {
      expect(conditions.truth(0, request)).toBe("true");
      expect(conditions.truth(0, {})).toBe("unknown");
    }
  });
});
