import { isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import { z } from "zod";
import { type Block, inBlock, parseBlock } from "../../expression/cidr.js";
import { type AddressPlan, takesAddress } from "../../plan/native.js";
import { authorization } from "./addresses.js";

// What Envoy makes of the rules, for addresses as it writes them. That it reads expressions so, the translated policies show.

const shape = z.strictObject({
  rules: z.array(
    z.strictObject({
      action: z.enum(["Allow", "Deny"]),
      cel: z.string().max(4_096).optional(),
      principal: z.strictObject({ clientCIDRs: z.array(z.string()).min(1) }).optional(),
    }),
  ),
  defaultAction: z.enum(["Allow", "Deny"]),
});

function block(text: string): Block {
  const parsed = parseBlock(text);
  if ("reason" in parsed) throw new Error(`${text}: ${parsed.reason}`);
  return parsed;
}

function lets(policies: readonly AddressPlan[], isByHops: boolean, address: string): boolean {
  const { rules, defaultAction } = shape.parse(authorization(policies, isByHops));
  const fits = rules.find(({ cel, principal }) =>
    cel === undefined ? isWithin(principal?.clientCIDRs ?? [], address) : isTrue(cel, address),
  );
  return (fits?.action ?? defaultAction) === "Allow";
}

function isWithin(blocks: readonly string[], address: string): boolean {
  // Envoy keeps it apart from IPv4, and a block of IPv6 holds it: it must be decided before.
  if (isIPv6(address) && address.includes(".")) throw new Error(`${address} gets as far as blocks`);
  return blocks.some((text) => inBlock(address, block(text)));
}

function isTrue(cel: string, address: string): boolean {
  return cel.split(" || ").some((one) => {
    const [, regex] = /^source\.address\.matches\("([^"]+)"\)$/.exec(one) ?? [];
    if (regex === undefined) throw new Error(`an unknown expression: ${one}`);
    const written = isIPv6(address) ? `[${address}]:0` : `${address}:0`;
    return new RegExp(regex.replaceAll("[]]", "\\]")).test(written);
  });
}

/** Few numbers, so that blocks and addresses meet. */
const octet = fc.constantFrom(0, 1, 7, 8, 9, 10, 99, 100, 101, 127, 128, 129, 199, 200, 250, 255);
const four = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
const six = fc
  .tuple(fc.constantFrom("2001:db8", "::", "::ffff:1:2", "8000"), octet)
  .map(([start, last]) =>
    start === "::"
      ? `::${last.toString(16)}`
      : start.includes("::")
        ? `${start}:${last.toString(16)}`
        : `${start}::${last.toString(16)}`,
  );

const anyBlock = fc
  .oneof(fc.tuple(four, fc.integer({ min: 0, max: 32 })), fc.tuple(six, fc.integer({ min: 0, max: 128 })))
  .map(([address, length]) => {
    const parsed = parseBlock(`${address}/${length}`);
    return "reason" in parsed ? block(parsed.instead ?? "") : parsed;
  });
const list = fc.array(anyBlock, { minLength: 1, maxLength: 5 });
const policy = fc
  .tuple(fc.option(list, { nil: undefined }), fc.option(list, { nil: undefined }))
  .map(
    ([allow, deny]): AddressPlan => ({ filter: "rbac", ...(allow === undefined ? {} : { allow }), deny: deny ?? [] }),
  );

it("who may call is who every policy lets, also as an address that a hop has written", () => {
  fc.assert(
    fc.property(fc.array(policy, { minLength: 1, maxLength: 3 }), four, six, (policies, v4, v6) => {
      for (const address of [v4, v6]) {
        const may = policies.every((one) => takesAddress(one, address));
        expect(lets(policies, false, address), address).toBe(may);
        expect(lets(policies, true, address), address).toBe(may);
      }
      const mapped = `::ffff:${v4}`;
      expect(lets(policies, true, mapped), mapped).toBe(policies.every((one) => takesAddress(one, mapped)));
    }),
    { numRuns: 2_000 },
  );
});

it("expressions of many blocks are several, none of them too long", () => {
  const deny = Array.from({ length: 256 }, (_, index) => block(`10.${index}.0.128/25`));
  const { rules } = shape.parse(authorization([{ filter: "rbac", deny }], true));
  expect(rules.length).toBeGreaterThan(3);
  expect(lets([{ filter: "rbac", deny }], true, "::ffff:10.255.0.128")).toBe(false);
  expect(lets([{ filter: "rbac", deny }], true, "::ffff:10.255.1.128")).toBe(true);
});
