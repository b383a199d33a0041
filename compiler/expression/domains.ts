import { decodeUnreserved } from "../policy/path.js";
import { spellingOf } from "./cidr.js";
import { type Automaton, accepts } from "./regex/automaton.js";
import type { Effort } from "./regex/effort.js";
import { canMeet, type Demand } from "./regex/meet.js";
import { compileRegex } from "./regex/regex.js";
import type { TextTest } from "./text-test.js";

/*
 * What values an attribute can have at all, whatever a client sends. Every rule here is looser than what Envoy lets through,
 * never stricter: findings are made of it.
 */

/** One thing that holds for every value of an attribute. */
interface Rule {
  readonly found: boolean;
  readonly regex: string;
  /** Why, in words that follow a colon. */
  readonly reason: string;
}

export interface TextDomain {
  readonly rules: readonly Rule[];
  /** Some values. */
  readonly samples: readonly string[];
  /** Why, where no single rule says so. */
  readonly reason: string;
  /** The value that a text was meant for; `same` if it is that value in another spelling, in which it never comes. */
  respell(text: string): { readonly text: string; readonly same: boolean } | undefined;
}

/** Bounds of a number, both of them values. */
export interface IntDomain {
  readonly least: number;
  readonly most: number;
  readonly reason: string;
}

/** The unreserved characters, percent-encoded: RFC 3986, section 2.3. */
const ESCAPED_UNRESERVED = "%(?:2[DEde]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])";

const host: TextDomain = {
  rules: [
    { found: false, regex: "[A-Z]", reason: "it is in lower case" },
    { found: false, regex: "^[^\\[].*:|\\]:", reason: "it has no port" },
    { found: false, regex: "^$|^\\.|\\.$|\\.\\.", reason: "it is labels with a dot between each two" },
    {
      found: true,
      regex: "^([a-z0-9_-]+(\\.[a-z0-9_-]+)*|\\[[0-9a-f:.]*\\])$",
      reason: "a host has letters, digits, `-` and `_` between dots, or is an IPv6 address in brackets",
    },
  ],
  samples: ["a", "api.example.com", "10.0.0.1", "[::1]", "xn--a_b"],
  reason: "it is in lower case and without a port",
  respell(text) {
    const name = text.toLowerCase();
    const bare = name.replace(/(?<=^[^:]+|\]):[0-9]*$/, "").replace(/\.$/, "");
    return { text: bare, same: bare === name };
  },
};

/** What the listeners leave of a path: compiler/request/path.ts. Two slashes alone are the one path that keeps them. */
const path: TextDomain = {
  rules: [
    { found: true, regex: "^/", reason: "a path starts with `/`" },
    { found: false, regex: "\\?", reason: "it is without the query, which `request.query` has" },
    { found: false, regex: "#", reason: "Envoy refuses a path with `#`" },
    { found: false, regex: "(?s:.)//|//(?s:.)", reason: "Envoy merges slashes first" },
    { found: false, regex: "/\\.\\.?(/|$)", reason: "Envoy resolves dot segments first" },
    { found: false, regex: ESCAPED_UNRESERVED, reason: "Envoy decodes letters, digits, `-`, `.`, `_` and `~` first" },
  ],
  samples: ["/", "/a", "/a/b.c/~d_e-f", "/%2F;x=y", "//", "/Z/"],
  reason: "a path is normalised first",
  respell(text) {
    const decoded = decodeUnreserved(text);
    if (decoded !== text) return { text: decoded, same: true };
    return /^[^/?#]/.test(text) ? { text: `/${text}`, same: false } : undefined;
  },
};

const protocol: TextDomain = {
  rules: [{ found: true, regex: "^HTTP/(1\\.0|1\\.1|2|3)$", reason: "it is HTTP/1.0, HTTP/1.1, HTTP/2 or HTTP/3" }],
  samples: ["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"],
  reason: "",
  respell(text) {
    const capitals = text.toUpperCase();
    const spelled = capitals.replace(/^(HTTP\/[23])\.0$/, "$1").replace(/^(?:H|HTTP)([23])C?$/, "HTTP/$1");
    return { text: spelled, same: true };
  },
};

/** Without a port; IPv6 as inet_ntop writes it, with a zone at most. */
const address: TextDomain = {
  rules: [
    { found: false, regex: "/", reason: "it is an address; a block of them is asked for by `cidr`" },
    { found: false, regex: "^[^%]*[A-F]", reason: "IPv6 addresses are in lower case" },
    {
      found: false,
      regex: "^[^%]*([^%:]{5}:|:::|::[^%]*::)|^([^%]*:)?0[0-9a-f]",
      reason: "IPv6 addresses are in their shortest form",
    },
    {
      found: true,
      regex:
        "^(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}$|^[0-9a-f]*:[0-9a-f:.]*(%(?s:.)*)?$",
      reason: "it is an IP address",
    },
  ],
  samples: ["10.1.2.3", "192.168.0.1", "127.0.0.1", "2001:db8::1", "fe80::1", "::1"],
  reason: "it is an IP address in its shortest form",
  respell(text) {
    const spelled = spellingOf(text);
    return spelled === undefined ? undefined : { text: spelled, same: true };
  },
};

/** The methods that are built; `decide` of the kind that authenticates is held to them by a test. */
const method: TextDomain = {
  rules: [
    {
      found: true,
      regex: "^(apiKey|basic|hmac|introspect|jwt|mtls)$",
      reason: "the methods of this version are `apiKey`, `basic`, `hmac`, `introspect`, `jwt` and `mtls`",
    },
  ],
  samples: ["apiKey", "basic", "hmac", "introspect", "jwt", "mtls"],
  reason: "",
  respell: (text) => {
    if (/^api[-_]?key$/i.test(text)) return { text: "apiKey", same: true };
    return /^(basic|hmac|introspect|jwt|mtls)$/i.test(text) ? { text: text.toLowerCase(), same: true } : undefined;
  },
};

const anything: TextDomain = { rules: [], samples: ["", "a", "A", "~", "0 9"], reason: "", respell: () => undefined };

const TEXTS: ReadonlyMap<string, TextDomain> = new Map([
  ["auth.method", method],
  ["request.host", host],
  ["request.path", path],
  ["request.protocol", protocol],
  ["source.ip", address],
]);

export function textDomain(attribute: string): TextDomain {
  return TEXTS.get(attribute) ?? anything;
}

const INTS: ReadonlyMap<string, IntDomain> = new Map([
  ["request.size", { least: 0, most: Number.MAX_SAFE_INTEGER, reason: "a length counts from zero" }],
  ["source.port", { least: 0, most: 65_535, reason: "a port is a number up to 65535" }],
]);

export function intDomain(attribute: string): IntDomain | undefined {
  return INTS.get(attribute);
}

/** Attributes that every request has, with one value that is no matter of reading. */
export const ALWAYS_KNOWN: ReadonlySet<string> = new Set([
  "request.method",
  "request.path",
  "request.protocol",
  "route.name",
  "source.ip",
]);

/** Those, and what every request has without its value being known. */
export const ALWAYS_THERE: ReadonlySet<string> = new Set([
  ...ALWAYS_KNOWN,
  "request.host",
  "request.id",
  "request.scheme",
]);

/**
 * Why no path of a request is matched by a regular expression, whole; undefined if one may be.
 *
 * @param effort what may be spent; where it does not suffice, one may be
 */
export function whyNoPath(regex: string, effort: Effort): string | undefined {
  const automaton = compileRegex(`^(?:${regex})$`, effort);
  if ("reason" in automaton) return undefined;
  const holds = (text: string) => accepts(automaton, Buffer.from(text));
  return whyNever(path, { text: undefined, holds, demand: () => ({ automaton, found: true }) }, effort);
}

type Test = Pick<TextTest, "text" | "holds" | "demand">;

/** Why no value of a domain passes a test; undefined if one may. */
export function whyNever(domain: TextDomain, test: Test, effort: Effort): string | undefined {
  // Most tests are passed by some simple value, which costs nothing to try.
  const { text } = test;
  const likely = text === undefined ? [] : [text, `/${text}`, `/a${text}`, `a${text}`, `${text}a`];
  const simple = likely.filter((value) => whyNot(domain, value) === undefined);
  if ([...domain.samples, ...simple].some((value) => test.holds(value))) return undefined;
  const demand = test.demand(effort);
  if (demand === undefined) return undefined;
  const rules = demandsOf(domain);
  if (!canMeet([demand], effort)) return "no text does";
  if (canMeet([demand, ...rules], effort)) return undefined;
  const alone = rules.findIndex((rule) => !canMeet([demand, rule], effort));
  return domain.rules[alone]?.reason ?? domain.reason;
}

/** True if surely every value of a domain passes a test. */
export function isAlways(domain: TextDomain, test: Test, effort: Effort): boolean {
  if (!domain.samples.every((text) => test.holds(text))) return false;
  const demand = test.demand(effort);
  if (demand === undefined) return false;
  return !canMeet([{ automaton: demand.automaton, found: !demand.found }, ...demandsOf(domain)], effort);
}

/** Why a text is no value of a domain; undefined if it may be one. */
export function whyNot(domain: TextDomain, text: string): string | undefined {
  const broken = demandsOf(domain).findIndex((demand) => !meets(text, demand));
  if (broken >= 0) return domain.rules[broken]?.reason;
  const meant = domain.respell(text);
  return meant?.same && meant.text !== text ? domain.reason : undefined;
}

function meets(text: string, { automaton, found }: Demand): boolean {
  return accepts(automaton, Buffer.from(text)) === found;
}

const compiled = new WeakMap<TextDomain, Demand[]>();

function demandsOf(domain: TextDomain): Demand[] {
  const known =
    compiled.get(domain) ?? domain.rules.map(({ regex, found }) => ({ automaton: automatonOf(regex), found }));
  compiled.set(domain, known);
  return known;
}

/** Enough for every expression of this file. */
const STEPS = 1_000_000;

function automatonOf(regex: string): Automaton {
  const automaton = compileRegex(regex, { left: STEPS });
  if ("reason" in automaton) throw new Error(`${regex}: ${automaton.reason}`);
  return automaton;
}
