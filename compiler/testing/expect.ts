import { textOf } from "../host/byte-text.js";
import type { Pairs } from "../host/pairs.js";
import { mayBe } from "../plan/decisions.js";
import type { Path } from "../syntax/document.js";
import type { Exchange } from "./exchange.js";
import type { Expectation } from "./suite.js";
import { shown, textMatch } from "./text-match.js";

/** One thing that came out in another way than a test file says. */
export interface Difference {
  /** Where the file says it, from the expectation on. */
  path: Path;
  /** What is compared, such as `status` or `header retry-after`. */
  what: string;
  expected: string;
  actual: string;
}

/** What a service was asked for, of a request that a policy has converted. */
export type Asked = { operation: string; input: unknown } | undefined;

/**
 * Compares an answer, and what reached a service, with what is expected. Counters are compared by `counterDifferences`.
 *
 * @param asked reads what reached the service
 */
export function differences(expect: Expectation, exchange: Exchange, asked: () => Asked): Difference[] {
  const { status, headers = {}, body, json, problem, decidedBy, shadow, upstream } = expect;
  return [
    ...(status === undefined || status === exchange.status
      ? []
      : [{ path: ["status"], what: "status", expected: String(status), actual: String(exchange.status) }]),
    ...(decidedBy === undefined ? [] : decision(decidedBy, exchange)),
    ...(shadow === undefined ? [] : shadowDecision(shadow, exchange)),
    ...headerDifferences(headers, exchange.headers, ["headers"], "header"),
    ...(body === undefined ? [] : text(body, utf8(exchange.body), ["body"], "body")),
    ...(json === undefined ? [] : jsonBody(json, exchange.body, ["json"])),
    ...(problem === undefined ? [] : problemBody(problem, exchange)),
    ...(upstream === undefined ? [] : service(upstream, exchange, asked)),
  ];
}

/** @param grown by how much a counter grew, by its name in the test file */
export function counterDifferences(expect: Expectation, grown: (counter: string) => number): Difference[] {
  return Object.entries(expect.metrics ?? {}).flatMap(([counter, expected]) => {
    const actual = grown(counter);
    if (actual === expected) return [];
    return [
      { path: ["metrics", counter], what: `counter ${counter}`, expected: String(expected), actual: String(actual) },
    ];
  });
}

function decision(expected: string, { decision: noted, route, status }: Exchange): Difference[] {
  if (noted !== undefined && mayBe(noted).some((one) => isBy(expected, one.split(" ", 1)[0]))) return [];
  const before =
    route === undefined ? `nobody: the listener answered ${status}` : "nobody: Envoy answered before the guard";
  return [{ path: ["decidedBy"], what: "decided by", expected, actual: noted ?? before }];
}

function shadowDecision(expected: string, { shadow: noted }: Exchange): Difference[] {
  const by = noted?.split(" ", 1)[0];
  if (expected === "none" ? by === undefined : isBy(expected, by)) return [];
  return [{ path: ["shadow"], what: "refused in shadow by", expected, actual: noted ?? "none" }];
}

/** A policy alone stands for each of its rules too. */
function isBy(expected: string, by: string | undefined): boolean {
  return by === expected || (!expected.includes("/") && by?.startsWith(`${expected}/`) === true);
}

function headerDifferences(
  expected: NonNullable<Expectation["headers"]>,
  sent: Pairs,
  path: Path,
  what: string,
): Difference[] {
  return Object.entries(expected).flatMap(([name, match]) => {
    const values = sent.flatMap(([other, value]) => (other === name ? [utf8(value)] : []));
    if (isMatch(match, values)) return [];
    return [
      {
        path: [...path, name],
        what: `${what} ${name}`,
        expected: match === true ? "any value" : match === false ? "none" : match,
        actual: values.length === 0 ? "none" : values.join(" | "),
      },
    ];
  });
}

/** One line of several is enough; so are all of them joined, as many readers see them (RFC 9110, section 5.3). */
function isMatch(match: string | boolean, values: readonly string[]): boolean {
  if (typeof match === "boolean") return values.length > 0 === match;
  const matches = textMatch(match);
  return values.some(matches) || (values.length > 1 && matches(values.join(", ")));
}

function text(expected: string, actual: string, path: Path, what: string): Difference[] {
  return textMatch(expected)(actual) ? [] : [{ path, what, expected: shown(expected), actual: shown(actual) }];
}

function utf8(bytes: string): string {
  return textOf(Buffer.from(bytes, "latin1"));
}

function jsonBody(expected: unknown, body: string, path: Path): Difference[] {
  const read = readJson(utf8(body));
  if (read === undefined)
    return [
      {
        path,
        what: "body",
        expected: shown(expected),
        actual: body === "" ? "no body" : `no JSON: ${shown(utf8(body))}`,
      },
    ];
  return within(expected, read.value, path);
}

function readJson(body: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) };
  } catch {
    return undefined;
  }
}

/** What is written must be there; other members, and items behind those that are written, are not looked at. */
function within(expected: unknown, actual: unknown, path: Path): Difference[] {
  if (Array.isArray(expected) && Array.isArray(actual))
    return expected.flatMap((item, index) => within(item, actual[index], [...path, index]));
  if (isRecord(expected) && isRecord(actual))
    return Object.keys(expected).flatMap((key) =>
      within(expected[key], Object.hasOwn(actual, key) ? actual[key] : undefined, [...path, key]),
    );
  if (Object.is(expected, actual)) return [];
  return [{ path, what: path.join("."), expected: shown(expected), actual: shown(actual) }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problemBody(expected: Record<string, unknown>, { headers, body }: Exchange): Difference[] {
  const type = headers.find(([name]) => name === "content-type")?.[1] ?? "none";
  if (!/^application\/problem\+json *(;.*)?$/i.test(type))
    return [{ path: ["problem"], what: "content-type", expected: "application/problem+json", actual: type }];
  return jsonBody(expected, body, ["problem"]);
}

function service(
  expected: NonNullable<Expectation["upstream"]>,
  { service: heard }: Exchange,
  asked: () => Asked,
): Difference[] {
  const actual = heard?.name ?? "none";
  if (typeof expected === "string")
    return actual === expected ? [] : [{ path: ["upstream"], what: "service", expected, actual }];
  if (heard === undefined || actual !== expected.service)
    return [{ path: ["upstream", "service"], what: "service", expected: expected.service, actual }];
  const { method, path, headers = {}, body } = expected;
  return [
    ...(method === undefined ? [] : text(method, heard.method, ["upstream", "method"], "method at the service")),
    ...(path === undefined ? [] : text(path, heard.path, ["upstream", "path"], "path at the service")),
    ...headerDifferences(headers, heard.headers, ["upstream", "headers"], "header at the service"),
    ...(body === undefined ? [] : text(body, utf8(heard.body), ["upstream", "body"], "body at the service")),
    ...askedFor(expected, asked),
  ];
}

function askedFor(
  { operation, input }: Exclude<NonNullable<Expectation["upstream"]>, string>,
  asked: () => Asked,
): Difference[] {
  if (operation === undefined && input === undefined) return [];
  const read = asked();
  const path = ["upstream", "operation"];
  const actual = read?.operation ?? "none that can be read";
  if (read === undefined || (operation !== undefined && actual !== operation))
    return [{ path, what: "operation at the service", expected: operation ?? "any", actual }];
  return input === undefined ? [] : within(input, read.input, ["upstream", "input"]);
}
