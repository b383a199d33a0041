import type { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { compileRe2 } from "../envoy/re2.js";
import { fittingValue, leaveOut } from "../policy/fit.js";
import { issuesToDiagnostics, type Place } from "../policy/issues.js";
import { knownKeys } from "../policy/keys.js";
import { locate, type MapNode, type Node, nodeAt, type Path, toValue } from "../syntax/document.js";
import { callersIn } from "./spans/callers.js";
import { CALLER } from "./spans/expected.js";
import { type Case, type Expectation, type Request, type Suite, suiteSchema } from "./suite.js";

/** A test file that fits its schema, with the places of everything. */
export interface CheckedSuite {
  root: MapNode;
  suite: Suite;
  place: Place;
}

/**
 * Checks a test file by itself: its shape, then what the cases say. What the policy file has to say about it is for
 * `checkReferences`. A case that does not fit is left out of all that comes after its shape.
 */
export function checkSuite(root: MapNode): { checked?: CheckedSuite; diagnostics: Diagnostic[] } {
  const { checked, diagnostics } = readShape(root);
  if (checked === undefined) return { diagnostics };
  const cases = checked.suite.cases.flatMap((one, index) => checkCase(one, index, checked));
  return { checked, diagnostics: [...diagnostics, ...sameNames(checked), ...cases, ...checkPatterns(checked)] };
}

function readShape(root: MapNode): { checked?: CheckedSuite; diagnostics: Diagnostic[] } {
  const whole = suiteSchema.safeParse(toValue(root), { reportInput: true });
  if (whole.success) return { checked: { root, suite: whole.data, place: placesIn(root) }, diagnostics: [] };
  const { issues } = whole.error;
  const diagnostics = issuesToDiagnostics(issues, placesIn(root), (path) => knownKeys(suiteSchema, path));
  const { fit } = leaveOut({ written: root, fitting: root }, issues.flatMap(unfitting));
  const rest = suiteSchema.safeParse(fittingValue(fit));
  if (!rest.success) return { diagnostics };
  return { checked: { root: fit.written, suite: rest.data, place: placesIn(fit.written) }, diagnostics };
}

function placesIn(root: Node): Place {
  return (path, part = "value") => locate(root, path, part);
}

/** Where a case does not fit, all of it is left out, elsewhere the smallest part. */
function unfitting(issue: z.core.$ZodIssue): Path[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? part.toString() : part));
  if (path[0] === "cases" && path.length > 1) return [path.slice(0, 2)];
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
}

function sameNames({ suite, place }: CheckedSuite): Diagnostic[] {
  const seen = new Map<string, number>();
  return suite.cases.flatMap(({ name }, index) => {
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, index);
      return [];
    }
    const related = [{ message: "first defined here", span: place(["cases", first, "name"]) }];
    return [diagnose("SL0202", { what: "case", name }, place(["cases", index, "name"]), { related })];
  });
}

/** Keys of a request that stand where there is none. */
const ABOUT_A_REQUEST = ["repeat", "expect"];

function checkCase(one: Case, index: number, { root, place }: CheckedSuite): Diagnostic[] {
  const base = ["cases", index];
  const diagnostics: Diagnostic[] = [];
  if ((one.request === undefined) === (one.steps === undefined))
    diagnostics.push(diagnose("SL0803", { case: one.name }, place([...base, "name"])));
  if (one.request === undefined && one.steps !== undefined)
    diagnostics.push(...misplaced(ABOUT_A_REQUEST, "steps", base, root, place));
  for (const [position, step] of (one.steps ?? []).entries()) {
    const path = [...base, "steps", position];
    if ((step.request === undefined) === (step.wait === undefined))
      diagnostics.push(diagnose("SL0804", {}, place(path)));
    else if (step.wait !== undefined)
      diagnostics.push(...misplaced([...ABOUT_A_REQUEST, "as"], "wait", path, root, place));
  }
  const expected = expectations(one, index).some(({ expect }) => Object.keys(expect).length > 0);
  if (!expected && diagnostics.length === 0)
    diagnostics.push(diagnose("SL0806", { case: one.name }, place([...base, "name"])));
  return [...diagnostics, ...tooSlow(one, index, place), ...callerless(one, index, place)];
}

function misplaced(keys: string[], other: string, base: Path, root: Node, place: Place): Diagnostic[] {
  return keys
    .filter((key) => nodeAt(root, [...base, key]) !== undefined)
    .map((key) => diagnose("SL0805", { key, other }, place([...base, key], "key")));
}

/** The longest time that a case may wait on a real Envoy, whose clock is the real one. */
export const LONGEST_REAL_WAIT_MS = 5_000;

/** Milliseconds that a case waits, all together. */
export function waitOf({ steps = [] }: Case): number {
  return steps.reduce((sum, step) => sum + (step.wait ?? 0), 0);
}

function tooSlow(one: Case, index: number, place: Place): Diagnostic[] {
  const waits = waitOf(one);
  if (one.engine !== "envoy" || waits <= LONGEST_REAL_WAIT_MS) return [];
  const parameters = { case: one.name, waits: waits / 1_000, most: LONGEST_REAL_WAIT_MS / 1_000 };
  return [diagnose("SL0807", parameters, place(["cases", index, "engine"]))];
}

/** No span can stand under that of a caller which the request does not name. */
function callerless(one: Case, index: number, place: Place): Diagnostic[] {
  return expectations(one, index).flatMap(({ expect: { spans = [] }, path, request }) => {
    if (spans === "none" || request === undefined || callersIn(request.headers).length > 0) return [];
    return spans.flatMap(({ name, parent }, position) =>
      parent === CALLER ? [diagnose("SL0811", { span: name }, place([...path, "spans", position, "parent"]))] : [],
    );
  });
}

/** Every expectation of a case, with its path in the file and the request that it is about. */
export function expectations(
  one: Case,
  index: number,
): { expect: Expectation; path: Path; request: Request | undefined }[] {
  const base = ["cases", index];
  const steps = (one.steps ?? []).map((step, position) => ({ ...step, path: [...base, "steps", position] }));
  return [{ ...one, path: base }, ...steps].flatMap(({ expect, request, path }) =>
    expect === undefined ? [] : [{ expect, path: [...path, "expect"], request }],
  );
}

/** Texts that begin with `~` are regular expressions, of the same dialect as those of the policy file. */
function checkPatterns({ suite, place }: CheckedSuite): Diagnostic[] {
  return suite.cases
    .flatMap(expectations)
    .flatMap(({ expect, path }) => patterns(expect).map(([inner, text]) => ({ text, at: place([...path, ...inner]) })))
    .flatMap(({ text, at }) => {
      const reason = text === "~" ? "it is empty" : faultOf(text.slice(1));
      return text.startsWith("~") && reason !== undefined ? [diagnose("SL0303", { reason }, at)] : [];
    });
}

function faultOf(regex: string): string | undefined {
  const compiled = compileRe2(regex);
  return compiled.ok ? undefined : compiled.error.replace(/^error parsing regexp: /, "");
}

function patterns(expect: Expectation): [Path, string][] {
  const { spans = [] } = expect;
  const forwarded = typeof expect.upstream === "object" ? expect.upstream : undefined;
  return [
    ...texts(["headers"], expect.headers ?? {}),
    ...texts([], { body: expect.body }),
    ...texts(["upstream"], { path: forwarded?.path, body: forwarded?.body }),
    ...texts(["upstream", "headers"], forwarded?.headers ?? {}),
    ...(spans === "none" ? [] : spans).flatMap(({ name, tags = {} }, index) => [
      ...texts(["spans", index], { name }),
      ...texts(["spans", index, "tags"], tags),
    ]),
  ];
}

function texts(base: Path, values: Readonly<Record<string, string | boolean | undefined>>): [Path, string][] {
  return Object.entries(values).flatMap(([key, value]): [Path, string][] =>
    typeof value === "string" ? [[[...base, key], value]] : [],
  );
}
