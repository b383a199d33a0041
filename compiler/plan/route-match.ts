import type { HeaderMatch, RoutePlan } from "./plan.js";

/** A header with what the file says of its value: a text, `~regex`, whether it is there. */
export function headerMatch(name: string, value: string | boolean): HeaderMatch {
  if (typeof value === "boolean") return { name, form: "present", present: value };
  return value.startsWith("~") ? { name, form: "regex", regex: value.slice(1) } : { name, form: "exact", value };
}

/** A cookie with what the file says of its value: a text, or that it is there. */
export function cookieMatch(cookie: string, value: string | true): HeaderMatch {
  return { name: "cookie", form: "cookie", cookie, ...(value === true ? {} : { value }) };
}

/** What a route wants of headers and of the query, which is the client's word too: a parameter as a header named `?name`. */
export function conditionsOf({ match }: RoutePlan): readonly HeaderMatch[] {
  const { headers, query } = match;
  if (query === undefined) return headers;
  return [...headers, ...query.map((one) => ({ ...one, name: `?${one.name}` }))];
}

/** Whether a request that has the one surely has the other. */
export function implies(one: HeaderMatch, other: HeaderMatch): boolean {
  if (one.name !== other.name) return false;
  switch (other.form) {
    case "present":
      // A header that is absent has no value that could match.
      return other.present === (one.form !== "present" || one.present);
    case "exact":
      return one.form === "exact" && one.value === other.value;
    case "contains":
      return one.form === "contains" && one.text === other.text;
    case "regex":
      return one.form === "regex" && one.regex === other.regex;
    case "unlike":
      return one.form === "unlike" && one.regex === other.regex;
    case "cookie":
      return (
        one.form === "cookie" && one.cookie === other.cookie && (other.value === undefined || one.value === other.value)
      );
  }
}

/** Whether headers of the one list suffice for the other. */
export function sufficient(headers: readonly HeaderMatch[], others: readonly HeaderMatch[]): boolean {
  return others.every((other) => headers.some((one) => implies(one, other)));
}

/** Whether surely no request has the headers of both. */
function exclude(a: readonly HeaderMatch[], b: readonly HeaderMatch[]): boolean {
  return a.some((one) =>
    b.some((other) => {
      if (one.name !== other.name) return false;
      if (one.form === "exact" && other.form === "exact") return one.value !== other.value;
      const absent = (header: typeof one) => header.form === "present" && !header.present;
      return absent(one) !== absent(other);
    }),
  );
}

/** False if surely no request is taken by both of two routes whose paths meet. */
export function meet(a: RoutePlan, b: RoutePlan): boolean {
  const methods =
    a.match.methods.length === 0 ||
    b.match.methods.length === 0 ||
    a.match.methods.some((method) => b.match.methods.includes(method));
  return methods && !exclude(conditionsOf(a), conditionsOf(b));
}
