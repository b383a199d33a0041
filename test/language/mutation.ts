import * as fc from "fast-check";
import type { Value } from "../../compiler/syntax/document.js";

/** Values that are right somewhere in some file, and a few that are right nowhere. */
const VALUES: readonly Value[] = [
  ...["", "orders", "limit", "GET", "/orders", "~/a+", "10s", "365d", "127.0.0.1:1", "[::1]:65535", "api.example.com"],
  ...["env:KEY", "100/minute", "10/second burst 20", "x-a", "none", "limit/rule", "https://example.com", "reject"],
  ...["*.example.com", "a.b.c:80", "1.40", "request.method == 'GET'", "auth.consumer", "envoy", "a text"],
  ...[0, 1, 1.5, -1, 200, 302, 599, 1024, 1e9, true, false, null, [], {}],
];

const KEYS: readonly string[] = [
  ...["description", "timeout", "except", "respond", "redirect", "to", "methods", "headers", "host", "status", "body"],
  ...["tier", "groups", "credentials", "dns", "endpoints", "connectTimeout", "trustedHops", "weight", "optional"],
  ...["rate", "key", "store", "authorize", "rateLimit", "as", "repeat", "expect", "steps", "wait", "json", "upstream"],
  ...["include", "x-a", "engine", "metrics", "problem", "decidedBy", "query", "source", "scheme", "constructor"],
];

/** One change of a file: what stands at a random place is removed, replaced, or gets a member beside it. */
export interface Mutation {
  place: number;
  change: { what: "remove" } | { what: "replace"; by: Value } | { what: "add"; key: string; value: Value };
}

/** One to three changes, with values and keys of a sort of file. */
export function mutationsWith(values: readonly Value[], keys: readonly string[]): fc.Arbitrary<Mutation[]> {
  return fc.array(
    fc.record<Mutation>({
      place: fc.nat(),
      change: fc.oneof(
        fc.constant({ what: "remove" as const }),
        fc.record({ what: fc.constant("replace" as const), by: fc.constantFrom(...values) }),
        fc.record({
          what: fc.constant("add" as const),
          key: fc.constantFrom(...keys),
          value: fc.oneof(
            fc.constantFrom(...values),
            fc.constantFrom(...values).map((value) => [value]),
            fc.tuple(fc.constantFrom(...keys), fc.constantFrom(...values)).map(([key, value]) => ({ [key]: value })),
          ),
        }),
      ),
    }),
    { minLength: 1, maxLength: 3 },
  );
}

export const mutations: fc.Arbitrary<Mutation[]> = mutationsWith(VALUES, KEYS);

/** The value after some changes. */
export function mutated(value: Value, changes: readonly Mutation[]): Value {
  return changes.reduce((before, { place, change }) => {
    const all = places(before);
    return changeAt(before, all[place % all.length] ?? [], change);
  }, value);
}

type Place = readonly (string | number)[];

function places(value: Value, at: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [at];
  const members: [string | number, Value][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [at, ...members.flatMap(([key, member]) => places(member, [...at, key]))];
}

function changeAt(value: Value, [key, ...rest]: Place, change: Mutation["change"]): Value {
  if (key === undefined) return changed(value, change);
  const removes = rest.length === 0 && change.what === "remove";
  if (Array.isArray(value))
    return value.flatMap((item, index) => (index !== key ? [item] : removes ? [] : [changeAt(item, rest, change)]));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, member]): [string, Value][] =>
    name !== key ? [[name, member]] : removes ? [] : [[name, changeAt(member, rest, change)]],
  );
  return Object.fromEntries(entries);
}

function changed(value: Value, change: Mutation["change"]): Value {
  switch (change.what) {
    case "remove":
      return value;
    case "replace":
      return change.by;
    case "add":
      if (Array.isArray(value)) return [...value, change.value];
      return typeof value === "object" && value !== null ? { ...value, [change.key]: change.value } : value;
  }
}
