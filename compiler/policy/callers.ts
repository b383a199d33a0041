import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import { compileRe2, MAX_REGEX_PROGRAM } from "../envoy/re2.js";
import { type Node, nodeAt, type Path } from "../syntax/document.js";
import { removal, removeListed, scalarText } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { type Destination, destination } from "./destinations.js";
import type { Gateway } from "./gateway.js";
import { escapeRegex } from "./path.js";
import { oneOrMore } from "./values.js";
import { versionName } from "./versions.js";

/** By what callers can be told apart, in the words of the file, and the attribute that says it. */
export const CALLER_ATTRIBUTES = { consumers: "auth.consumer", tiers: "auth.tier", groups: "auth.groups" } as const;

export type CallerKey = keyof typeof CALLER_ATTRIBUTES;

/** In the order of the file format. */
export const CALLER_KEYS = ["consumers", "tiers", "groups"] as const satisfies readonly CallerKey[];

const names = oneOrMore(
  z.string().regex(/^[!-+\--~]{1,256}$/, "a name has up to 256 visible ASCII characters, and no comma"),
);

const some = z
  .strictObject({
    consumers: names
      .optional()
      .describe("Names of consumers, one of which calls.")
      .meta({ examples: ["acme"] }),
    tiers: names
      .optional()
      .describe("Tiers, one of which the caller has.")
      .meta({ examples: [["gold", "silver"]] }),
    groups: names
      .optional()
      .describe("Groups, of one of which the caller is.")
      .meta({ examples: ["testers"] }),
    to: destination,
  })
  .meta({ anyOf: CALLER_KEYS.map((key) => ({ required: [key] })) });

/** Callers whose requests do not go where those of all others go. */
export const callers = z
  .array(some)
  .min(1)
  .max(64)
  .describe(
    "Callers whose requests go elsewhere, by who they are and by nothing that they send. The first entry that fits decides; of its keys all must fit. Everybody else, strangers among them, goes to `to`.",
  )
  .meta({
    examples: [[{ groups: "testers", to: "orders-v2" }], [{ tiers: ["gold"], consumers: "acme", to: "orders-v2" }]],
  });

type Callers = z.output<typeof some>;

/** Entries that fit nobody, that never decide, or that change nothing. Who must be known by then is told by the plan. */
export function checkCallers(checked: CheckedGateway): Diagnostic[] {
  return checked.gateway.routes.flatMap(({ to = [], callers = [] }, index) => {
    const whole = callers.map((one, at) => isWhole(one, nodeAt(checked.root, ["routes", index, "callers", at])));
    return callers.flatMap((one, position) => {
      const path = ["routes", index, "callers", position];
      if (saysNobody(nodeAt(checked.root, path))) return [diagnose("SL0356", {}, checked.place(path))];
      const unknown = unknownNames(one, path, checked);
      const large = tooMany(one, path, checked);
      if (unknown.length > 0 || large.length > 0 || !whole[position]) return [...unknown, ...large];
      const fix = removal(
        "remove it",
        false,
        removeListed(nodeAt(checked.root, ["routes", index]), "callers", position),
      );
      const span = checked.place(path);
      if (!fitsAnybody(one, checked.gateway)) return [diagnose("SL0352", {}, span, fix)];
      const before = callers.findIndex((other, at) => at < position && whole[at] && covers(other, one));
      if (before >= 0) {
        const related = [{ message: "this one decides", span: checked.place(["routes", index, "callers", before]) }];
        return [diagnose("SL0353", {}, span, { related, ...fix })];
      }
      const isLast = position === callers.length - 1;
      return isLast && isSame(one.to, to, checked.gateway)
        ? [diagnose("SL0354", {}, checked.place([...path, "to"]), fix)]
        : [];
    });
  });
}

/** Whether nothing of an entry was left out: what is left of one may be about more callers. */
function isWhole(one: Callers, node: Node | undefined): boolean {
  return node?.kind === "map" && node.entries.length === Object.keys(one).length;
}

/** As written: a key that does not fit has a finding of its own. */
function saysNobody(node: Node | undefined): boolean {
  return node?.kind === "map" && node.entries.every(({ key }) => key.value === "to");
}

/** Names that no consumer of the file has. */
function unknownNames(one: Callers, path: Path, { gateway, root, place }: CheckedGateway): Diagnostic[] {
  const consumers = Object.entries(gateway.consumers);
  const known: Record<CallerKey, string[]> = {
    consumers: consumers.map(([name]) => name),
    tiers: consumers.flatMap(([, { tier }]) => tier ?? []),
    groups: consumers.flatMap(([, { groups }]) => groups),
  };
  return CALLER_KEYS.flatMap((key) =>
    (one[key] ?? []).flatMap((name, position) => {
      if (known[key].includes(name)) return [];
      const isText = nodeAt(root, [...path, key])?.kind === "scalar";
      const span = place(isText ? [...path, key] : [...path, key, position]);
      const suggestion = nearest(name, known[key]);
      const parameters = { what: WORDS[key], name };
      if (suggestion === undefined) return [diagnose("SL0351", { ...parameters, hint: "" }, span)];
      const fix = { title: `write \`${suggestion}\``, safe: false, edits: [{ span, newText: scalarText(suggestion) }] };
      return [diagnose("SL0351", { ...parameters, hint: `; did you mean \`${suggestion}\`?` }, span, { fix })];
    }),
  );
}

const WORDS = { consumers: "name", tiers: "tier", groups: "group" } as const;

/** Envoy compares several names by one expression. */
function tooMany(one: Callers, path: Path, { place }: CheckedGateway): Diagnostic[] {
  return CALLER_KEYS.flatMap((key) => {
    const compiled = compileRe2(namesRegex(key, one[key] ?? []));
    if (!compiled.ok || compiled.size <= MAX_REGEX_PROGRAM) return [];
    return [diagnose("SL0355", { count: one[key]?.length ?? 0, what: key }, place([...path, key], "key"))];
  });
}

/** Some consumer has all that an entry wants, as far as consumers are named in it. */
function fitsAnybody({ consumers, tiers, groups }: Callers, gateway: Gateway): boolean {
  if (consumers === undefined) return true;
  return consumers.some((name) => {
    const consumer = gateway.consumers[name];
    if (consumer === undefined) return false;
    const hasTier = tiers === undefined || (consumer.tier !== undefined && tiers.includes(consumer.tier));
    return hasTier && (groups === undefined || consumer.groups.some((group) => groups.includes(group)));
  });
}

/** Whoever fits the second fits the first. */
function covers(first: Callers, second: Callers): boolean {
  return CALLER_KEYS.every((key) => {
    const [wide, narrow] = [first[key], second[key]];
    return wide === undefined || narrow?.every((name) => wide.includes(name)) === true;
  });
}

function isSame(one: Destination, other: Destination, gateway: Gateway): boolean {
  const shown = (all: Destination) => JSON.stringify(all.map((each) => [versionName(gateway, each), each.weight]));
  return shown(one) === shown(other);
}

/** What the result of the guard is, for one of the names: a name, or in a list of groups one between commas. */
export function namesRegex(key: CallerKey, all: readonly string[]): string {
  const one = all.length === 1 ? all.map(escapeRegex).join("") : `(${all.map(escapeRegex).join("|")})`;
  return key === "groups" ? `(.*,)?${one}(,.*)?` : one;
}
