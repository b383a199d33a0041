import { BlockList, isIPv4, isIPv6 } from "node:net";
import { type CelInput, CelScalar, celEnv, celFunc, isCelError, listType, mapType, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { written } from "../../compiler/expression/attributes.js";
import { AMBIGUOUS, type Environment } from "../../compiler/expression/evaluate.js";
import { NAMED, PROVIDED } from "./random-expressions.js";

// Where the language and CEL differ on purpose, why, and what stands in for CEL here. All else is CEL as its public
// implementation has it; in particular an attribute that is missing is an error there, which is _unknown_ here.
//
// - `has()` takes brackets, and is asked of what is missing or ambiguous: CEL's macro takes a field only, and a request
//   can give a value twice, which no map can. Here: `present`, the list of the attributes that are there.
// - An ambiguous value is unknown: two services may read two values of it. Here: it is left out, as a missing one.
// - `int()` takes -?[0-9]+ within ±(2^53 - 1): every reader of JSON agrees on these (RFC 8259, section 6). CEL's takes
//   64 bits and a plus sign. Here: a function of our own.
// - Strings are ordered by code points, as the specification of CEL says; this implementation compares UTF-16 code
//   units. Here: no request or literal has characters on which the two differ.
// - `cidr()`: CEL has no such function. Here: node:net's BlockList.

const { STRING, INT, BOOL, DYN } = CelScalar;

const int = celFunc("int", [STRING], INT, (text) => {
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(Number(text))) throw new Error("no int");
  return BigInt(text);
});

const cidr = celFunc("cidr", [STRING, STRING], BOOL, (text, block) => {
  // An address of IPv4 in one of IPv6 is that of IPv4: RFC 4291, section 2.5.5.2.
  const address = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
  if (!isIPv4(address) && !isIPv6(address)) throw new Error("no address");
  const [network = "", bits] = block.split("/");
  const family = isIPv4(network) ? "ipv4" : "ipv6";
  if (isIPv4(address) !== (family === "ipv4")) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
});

const map = mapType(STRING, DYN);
const environment = celEnv({
  funcs: [...strings, int, cidr],
  variables: { request: map, source: map, auth: map, route: map, present: listType(STRING) },
});

export type CelValue = string | number | boolean | undefined;

/** The value that CEL gives an expression (`Sample.cel`) for a request; undefined if that is an error. */
export function celValue(text: string, values: Environment): CelValue {
  const value = plan(environment, parse(text))(bindingsOf(values));
  if (isCelError(value)) return undefined;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  throw new Error(`CEL gives a value of no type of the language: ${String(value)}`);
}

function bindingsOf(values: Environment) {
  const groups = { request: new Map<string, CelInput>(), source: new Map(), auth: new Map(), route: new Map() };
  const present: string[] = [];
  const put = (into: Map<string, CelInput>, name: string, argument: string | undefined, key: string, path: string) => {
    const value = values(name, argument);
    if (value !== undefined) present.push(path);
    if (value !== undefined && value !== AMBIGUOUS) into.set(key, inCel(name, value));
  };
  const named = new Set(NAMED.map(([name]) => name));
  for (const name of PROVIDED) {
    const [group = "", key = ""] = name.split(".");
    const into = groupNamed(groups, group);
    if (!named.has(name)) put(into, name, undefined, key, name);
    else {
      const inner = new Map<string, CelInput>();
      for (const [attribute, argument] of NAMED)
        if (attribute === name) put(inner, name, argument, argument, written(name, argument));
      into.set(key, inner);
    }
  }
  return { ...groups, present };
}

function groupNamed<T>(groups: Readonly<Record<string, T>>, name: string): T {
  const group = groups[name];
  if (group === undefined) throw new Error(`no group of attributes: ${name}`);
  return group;
}

function inCel(name: string, value: string | number | boolean | readonly (string | number)[]): CelInput {
  if (name === "request.time") return timestampFromMs(Number(value));
  if (typeof value === "number") return BigInt(value);
  return typeof value === "object" ? [...value] : value;
}
