import { type Block, liesIn, MAPPED_V4, mappedBlock } from "../../expression/cidr.js";
import type { AddressPlan } from "../../plan/native.js";
import type { JsonObject } from "../../plan/plan.js";

/**
 * Who may call, by all policies of a route. Of the rules the first one that fits decides, and there is none of what an address is not:
 * so what any policy denies stands first, then what all of them allow, and the default is for the rest.
 *
 * @param isByHops whether an address may be what a proxy in front has written, and not that of a connection
 */
export function authorization(policies: readonly AddressPlan[], isByHops: boolean): JsonObject {
  const deny = unlike(policies.flatMap((policy) => policy.deny));
  const allow = allowedByAll(policies);
  const otherwise = allow === undefined ? "Allow" : "Deny";
  return {
    rules: [
      ...(isByHops ? ofMapped(deny, allow ?? [], otherwise) : []),
      ...within(deny, "Deny"),
      ...within(allow ?? [], "Allow"),
    ],
    defaultAction: otherwise,
  };
}

type Action = "Allow" | "Deny";

function within(blocks: readonly Block[], action: Action): JsonObject[] {
  return blocks.length === 0 ? [] : [{ action, principal: { clientCIDRs: blocks.map(({ text }) => text) } }];
}

/** The blocks whose addresses every policy allows; undefined if none of them says who may. Of two blocks one is in the other, or they have nothing in common. */
function allowedByAll(policies: readonly AddressPlan[]): readonly Block[] | undefined {
  const lists = policies.flatMap(({ allow }) => (allow === undefined ? [] : [allow]));
  const [first, ...others] = lists;
  if (first === undefined) return undefined;
  const common = (one: readonly Block[], other: readonly Block[]) =>
    one.filter((inner) => other.some((outer) => liesIn(inner, outer)));
  return unlike(others.reduce((one, other) => [...common(one, other), ...common(other, one)], first));
}

function unlike(blocks: readonly Block[]): Block[] {
  return [...new Map(blocks.map((block) => [block.text, block])).values()];
}

/**
 * The rules of addresses of IPv4 that a hop writes as `::ffff:10.0.0.1`: they stand first, as blocks of IPv6 hold them too. Envoy Gateway makes
 * another block of one that is written so, hence the expressions.
 */
function ofMapped(deny: readonly Block[], allow: readonly Block[], otherwise: Action): JsonObject[] {
  return [
    ...expressions(deny.flatMap(mappedRegex)).map((cel) => ({ action: "Deny", cel })),
    ...expressions(allow.flatMap(mappedRegex)).map((cel) => ({ action: "Allow", cel })),
    ...expressions([ANY_MAPPED]).map((cel) => ({ action: otherwise, cel })),
  ];
}

/** The longest expression of a rule. */
const LONGEST = 4_096;

/** Few expressions of CEL that are true of the addresses that one of the regular ones fits. */
function expressions(regexes: readonly string[]): string[] {
  const texts: string[] = [];
  for (const regex of regexes) {
    const one = `source.address.matches("${regex}")`;
    const longer = texts.length === 0 ? one : `${texts.at(-1)} || ${one}`;
    if (texts.length > 0 && longer.length <= LONGEST) texts[texts.length - 1] = longer;
    else texts.push(one);
  }
  return texts;
}

// Envoy writes an address with a port, one of IPv6 in brackets. Without an escape there is one way to read what follows, in YAML and CEL.

const MAPPED = "^[[]::ffff:";
const ANY = "[0-9]+";
const ANY_MAPPED = `${MAPPED}${ANY}[.]`;

/** What fits the addresses of a block of IPv4 that are written as ones of IPv6; nothing for a block of IPv6. */
function mappedRegex(block: Block): string[] {
  if (mappedBlock(block) === undefined) return [];
  const octets = block.address.slice(12).flatMap((octet, index) => {
    const fixed = block.bits - MAPPED_V4.bits - 8 * index;
    if (fixed <= 0) return index === 0 ? [ANY] : [];
    return [fixed >= 8 ? String(octet) : numbers(octet, octet + 2 ** (8 - fixed) - 1)];
  });
  const end = octets.length === 4 ? "[]]" : "[.]";
  return [`${MAPPED}${octets.join("[.]")}${end}`];
}

/** The decimal numbers from one to another, by their tens: Envoy takes no large expressions. */
function numbers(first: number, last: number): string {
  const tens: string[] = [];
  for (let ten = Math.floor(first / 10); ten <= Math.floor(last / 10); ten++) {
    const [from, to] = [Math.max(first - 10 * ten, 0), Math.min(last - 10 * ten, 9)];
    tens.push(`${ten === 0 ? "" : ten}[${from}-${to}]`);
  }
  return `(${tens.join("|")})`;
}
