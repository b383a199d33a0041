import { beforeAll, expect, test } from "vitest";
import { DEAD, type Dfa, dfaBytes, dfaOf } from "../../test/support/dfa.js";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { allowing, configurationOf } from "../../test/support/module-policies.js";

// What the module refuses of conditions when it reads its configuration: nothing can go wrong when they run.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const names = ["request.headers", "request.query", "request.cookies", "route.params"];
const conditions: [string, unknown, string][] = [
  ["a string", "x", ": must be a condition"],
  ["null", null, ": must be a string, an integer, true, false or an operation"],
  ["an empty operation", [], ": is not a known operation"],
  ["an unknown operation", ["match", "a", "b"], "[0]: is not a known operation"],
  ["an unknown attribute", ["==", ["get", "request.body"], "a"], "[1][1]: is not a known attribute"],
  ["no attribute", ["==", ["get"], "a"], "[1]: must not be empty"],
  ["an attribute that is a number", ["==", ["get", 1], "a"], '[1]: must be ["get", attribute]'],
  ["an argument too many", ["==", ["get", "request.path", "x"], "a"], "[1][2]: is one argument too many"],
  ["a header without name", ["==", ["get", "request.headers"], "a"], "[1]: must name a header"],
  [
    "an upper-case header",
    ["==", ["get", "request.headers", "X-A"], "a"],
    "[1][2]: must be a header name in lower case",
  ],
  ["one operand too few", ["==", "a"], ": has the wrong number of operands"],
  ["one operand too many", ["!", true, true], ": has the wrong number of operands"],
  ["different types", ["==", "a", 1], ": compares values of different types"],
  ["a list as a value", ["==", ["list", "a"], "a"], ": compares values of different types"],
  ["a list as a condition", ["list", true], "[1]: must be a constant of one type with the others"],
  ["groups as a value", ["==", ["get", "auth.groups"], ["get", "auth.groups"]], ": compares values of different types"],
  ["groups as a condition", ["get", "auth.groups"], ": must be a condition"],
  ["in of a condition", ["in", true, ["list", "a"]], ": looks for strings and integers only"],
  ["in of a number in texts", ["in", 1, ["list", "a"]], ": looks in a list of another type"],
  ["in of a text in numbers", ["in", "a", ["list", 1]], ": looks in a list of another type"],
  ["in of a number in groups", ["in", 1, ["get", "auth.groups"]], ": looks in a list of another type"],
  ["in of a list", ["in", ["list", "a"], ["list", "a"]], ": looks for strings and integers only"],
  ["in of no list", ["in", "a", "b"], ": looks in a list only"],
  ["a list of two types", ["in", "a", ["list", "a", 1]], "[2][2]: must be a constant of one type with the others"],
  [
    "a list of attributes",
    ["in", "a", ["list", ["get", "request.path"]]],
    "[2][1]: must be a constant of one type with the others",
  ],
  ["startsWith of numbers", ["startsWith", 1, "a"], ": compares strings only"],
  ["contains in a list", ["contains", ["list", "a"], "a"], ": compares strings only"],
  ["an order of conditions", ["<", true, false], ": compares two strings or two integers"],
  ["an order of two types", [">=", 1, "a"], ": compares two strings or two integers"],
  ["an order of lists", ["<", ["list", "a"], ["list", "b"]], ": compares two strings or two integers"],
  ["and of a string", ["&&", true, "a"], "[2]: must be a condition"],
  ["and of one", ["&&", true], ": has the wrong number of operands"],
  ["or of none", ["||"], ": has the wrong number of operands"],
  ["not of a string", ["!", "a"], ": negates conditions only"],
  ["size of a number", ["==", ["size", 1], 1], "[1]: takes a string or a list"],
  ["lowerAscii of a number", ["==", ["lowerAscii", 1], "1"], "[1]: takes a string"],
  ["int of a number", ["==", ["int", 1], 1], "[1]: takes a string"],
  ["string of a string", ["==", ["string", "a"], "a"], "[1]: takes an integer or a condition"],
  ["has of a constant", ["has", "a"], "[1]: must be an attribute"],
  ["has of an operation", ["has", ["!", true]], '[1]: must be ["get", attribute]'],
  ["has of two", ["has", ["get", "request.path"], true], ": has too many entries"],
  ["a choice by a string", ["?:", "a", true, false], "[1]: must be a condition"],
  ["a choice between types", ["?:", true, true, 1], ": chooses between values of different types"],
  [
    "a choice between lists",
    ["in", "a", ["?:", true, ["get", "auth.groups"], ["list"]]],
    "[2][2]: must be a condition, a string or an integer",
  ],
  ["a choice of two", ["?:", true, true], ": has the wrong number of operands"],
  ["a choice of four", ["?:", true, true, true, true], ": has the wrong number of operands"],
  ["a range that is an attribute", ["cidr", "a", ["get", "request.path"]], "[2]: must be a string"],
  ["no range", ["cidr", "a"], ": has the wrong number of operands"],
  ["two ranges", ["cidr", "a", "10.0.0.0/8", "11.0.0.0/8"], ": has the wrong number of operands"],
  ["a range for a number", ["cidr", 1, "10.0.0.0/8"], ": takes a string"],
  ["no operand", ["matches"], ": has the wrong number of operands"],
  ["a parameter without name", ["has", ["get", "request.query"]], "[1]: must have a name"],
  ["a name of no length", ["has", ["get", "request.query", ""]], "[1][2]: is too short"],
  ["a name that is too long", ["has", ["get", "request.cookies", "x".repeat(65)]], "[1][2]: is too long"],
  ["a name with a space", ["has", ["get", "route.params", "a b"]], "[1][2]: must be visible ASCII"],
  ["too many operations", ["||", ...Array<boolean>(4096).fill(true)], "[4096]: has too many operations"],
  ["too many elements", ["in", "a", ["list", ...Array<string>(4094).fill("a")]], "[2][4094]: has too many operations"],
  [
    "too many names",
    ["||", ...Array.from({ length: 257 }, (_, n) => ["has", ["get", names[n % 4], `n${n}`]])],
    "[257][1][2]: is one name too many",
  ],
];
test.each(conditions)("is refused for a condition with %s", (_name, condition, message) => {
  const vm = new ModuleVm(guard);
  expect(vm.configure(configurationOf([allowing(condition)]))).toBe(false);
  expect(vm.lastError).toBe(`sluice: policies[0].authorize.rules[0].allow${message}`);
});

test("the bounds of conditions can be reached", () => {
  const vm = new ModuleVm(guard);
  const nested = (condition: unknown, depth: number): unknown =>
    depth === 0 ? condition : ["!", nested(condition, depth - 1)];
  const widest = ["||", ...Array<boolean>(4094).fill(false), true];
  expect(vm.configure(configurationOf([allowing(widest)]))).toBe(true);
  expect(vm.send({ route: "r" }).passed).toBe(true);
  const deepest = nested(["has", ["get", "request.path"]], 56);
  expect([vm.configure(configurationOf([allowing(deepest)])), vm.lastError]).toEqual([true, undefined]);
  expect(vm.send({ route: "r", headers: [[":path", "/"]] }).passed).toBe(true);
  expect(new ModuleVm(guard).configure(configurationOf([allowing(nested(deepest, 10))]))).toBe(false);
  const all = ["||", ...Array.from({ length: 256 }, (_, n) => ["has", ["get", names[n % 4], `n${n}`]])];
  // Headers that carry an attribute of their own are not among them.
  const own = ["request.path", "request.host", "request.id", "request.size", "request.scheme", "request.method"];
  const more = own.map((name) => ["has", ["get", name]]);
  expect(vm.configure(configurationOf([allowing(["||", all, ...more])]))).toBe(true);
  expect(vm.send({ route: "r", headers: [["n0", ""]] }).passed).toBe(true);
  expect(vm.send({ route: "r", headers: [["cookie", "n254="]] }).passed).toBe(true);
  expect(vm.send({ route: "r", ends: false }).passed).toBe(false);
});

test.each([
  "10.0.0.0",
  "10.0.0.0/",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/08",
  "10.0.0.1/8",
  "10.0.0/8",
  "010.0.0.0/8",
  "256.0.0.0/8",
  "10.0.0.0.0/8",
  " 10.0.0.0/8",
  "2001:db8::/129",
  "2001:db8::1/32",
  "2001:db8::/32/32",
  "2001:db8:::/32",
  "1:2:3:4:5:6:7/128",
  "1:2:3:4:5:6:7:8:9/128",
  "::1::/128",
  "fe80::%1/10",
  "::ffff:10.0.0.0/95",
  "::ffff:10.0.0.1/104",
  "g::/16",
  "12345::/16",
  "/8",
  "",
])("%j is no range of addresses", (range) => {
  const vm = new ModuleVm(guard);
  expect(vm.configure(configurationOf([allowing(["cidr", ["get", "source.ip"], range])]))).toBe(false);
  expect(vm.lastError).toContain("rules[0].allow[2]: ");
});

const plain: Dfa = { states: 2, classes: 2, map: (byte) => byte & 1, next: [0, 1, 1, DEAD], flags: [0, 3] };

test.each<[string, Uint8Array]>([
  ["nothing", new Uint8Array(0)],
  ["only a head", dfaBytes(plain).subarray(0, 264)],
  ["a byte less", dfaBytes(plain).subarray(0, -1)],
  ["a byte more", Uint8Array.of(...dfaBytes(plain), 0)],
  ["another version", dfaBytes(plain).with(0, 2)],
  ["a second byte", dfaBytes(plain).with(1, 1)],
  ["no states", dfaBytes({ ...plain, states: 0, next: [], flags: [] })],
  ["no classes", dfaBytes({ ...plain, classes: 0, next: [] })],
  ["a start outside", dfaBytes({ ...plain, start: 2 })],
  ["a class outside", dfaBytes({ ...plain, map: (byte) => (byte === 255 ? 2 : 0) })],
  ["a target outside", dfaBytes({ ...plain, next: [0, 1, 1, 2] })],
  ["an unknown flag", dfaBytes({ ...plain, flags: [0, 4] })],
  [
    "too many states",
    dfaBytes({ states: 4097, classes: 1, map: () => 0, next: Array(4097).fill(0), flags: Array(4097).fill(0) }),
  ],
  ["too many classes", dfaBytes({ states: 1, classes: 257, map: () => 0, next: Array(257).fill(0), flags: [0] })],
  [
    "too many bytes",
    dfaBytes({ states: 256, classes: 128, map: () => 0, next: Array(32768).fill(0), flags: Array(256).fill(0) }),
  ],
])("an automaton with %s is refused", (_name, bytes) => {
  const vm = new ModuleVm(guard);
  const text = Buffer.from(bytes).toString("base64");
  expect(vm.configure(configurationOf([allowing(["matches", "a", text])]))).toBe(false);
  expect(vm.lastError).toMatch(/rules\[0\]\.allow\[2\]: (must be an automaton in base64|is too short|is too long)$/);
});

test("an automaton is base64 without a fault", () => {
  const good = dfaOf(plain);
  for (const text of [`${good}=`, `${good.slice(0, -4)}`, good.replace("A", "-"), ` ${good}`])
    expect(new ModuleVm(guard).configure(configurationOf([allowing(["matches", "a", text])])), text.slice(-8)).toBe(
      false,
    );
  expect(new ModuleVm(guard).configure(configurationOf([allowing(["matches", "a", good])]))).toBe(true);
});
