import type { z } from "zod";
import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import type { Path } from "../syntax/document.js";
import { scalarText } from "../syntax/edits.js";
import type { Span } from "../syntax/source.js";
import { HEADER_NAME, HTTP_METHOD } from "./values.js";

export type Issue = z.core.$ZodIssue;
export type Place = (path: Path, part?: "key" | "value") => Span;

/**
 * Findings of a schema as diagnostics at the key or value concerned.
 *
 * @param place where a path of the checked value stands in the file
 * @param known the keys that a mapping at a path may have, for "did you mean"
 */
export function issuesToDiagnostics(
  issues: readonly Issue[],
  place: Place,
  known: (path: Path) => string[],
): Diagnostic[] {
  return diagnosticsOf(plainIssues(issues), place, known);
}

/** The same for issues that `plainIssues` gave. */
export function diagnosticsOf(issues: readonly Issue[], place: Place, known: (path: Path) => string[]): Diagnostic[] {
  return issues.flatMap((issue) => convert(issue, place, known));
}

/** Each issue at its own place: those of alternatives are those of the one that the author most likely meant. */
export function plainIssues(issues: readonly Issue[], base: Path = []): Issue[] {
  return issues.flatMap((issue) => {
    const meant = alternative(issue);
    if (meant !== undefined) return plainIssues(meant, [...base, ...plainPath(issue.path)]);
    return [base.length === 0 ? issue : { ...issue, path: [...base, ...issue.path] }];
  });
}

/** What an issue consists of, if it is made of others. */
function alternative(issue: Issue): readonly Issue[] | undefined {
  if (issue.code === "invalid_element") return issue.issues;
  return issue.code === "invalid_union" ? likeliest(issue) : undefined;
}

type Union = Extract<Issue, { code: "invalid_union" }>;

/** Of several alternatives, the one that fits furthest into the value; none if the value has the type of none. */
function likeliest(issue: Union): Issue[] | undefined {
  // What is no word at all was not meant as one.
  const [best] = ofItsType(issue)
    .filter((branch) => !branch.every(isOtherWord))
    .toSorted((a, b) => a.length - b.length);
  return best;
}

function ofItsType({ errors }: Union): Issue[][] {
  return errors.filter((branch) => !branch.some((inner) => inner.code === "invalid_type" && inner.path.length === 0));
}

function isOtherWord(issue: Issue): boolean {
  return issue.code === "invalid_value" && issue.path.length === 0;
}

/** Unknown keys of one mapping for which a known one is looked for: as many as anybody reads. */
const MOST_GUESSES = 1_000;

function convert(issue: Issue, place: Place, known: (path: Path) => string[]): Diagnostic[] {
  const path = plainPath(issue.path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const taken = known(path);
      return issue.keys.map((key, index) => unknownKey(key, path, place, index < MOST_GUESSES ? taken : []));
    }
    case "invalid_type":
      if (issue.input === undefined) return [missing(path, place)];
      return [diagnose("SL0103", { expected: typeName(issue.expected), found: describe(issue.input) }, place(path))];
    case "invalid_value":
      if (issue.input === undefined) return [missing(path, place)];
      return [notOneOf(issue.values.map(String), issue.input, path, place)];
    case "invalid_union":
      return [union(issue, path, place)];
    case "invalid_key":
      return [wrongKey(issue, place(path, "key"))];
    case "invalid_element":
      return plainIssues([issue]).flatMap((inner) => convert(inner, place, known));
    case "too_big":
      return [diagnose("SL0104", { reason: `at most ${amount(issue.maximum, issue)}` }, place(path))];
    case "too_small":
      return [diagnose("SL0104", { reason: `at least ${amount(issue.minimum, issue)}` }, place(path))];
    case "custom":
      if (issue.params?.privateKey === true) return [diagnose("SL0623", {}, place(path))];
      if (issue.params?.tokenKey === true) return [diagnose("SL0493", {}, place(path))];
      if (issue.params?.password === true) return [diagnose("SL0207", {}, place(path))];
      if (issue.params?.verifier === true) return [diagnose("SL0232", {}, place(path))];
      if (issue.params?.literalSecret === true) return [diagnose("SL0204", {}, place(path))];
      return [diagnose("SL0104", { reason: issue.message }, place(path))];
    case "invalid_format":
      if (isEveryMethod(issue)) return [diagnose("SL0104", { reason: EVERY_METHOD }, place(path))];
      return [diagnose("SL0104", { reason: issue.message }, place(path), otherCase(issue, place(path)))];
    case "not_multiple_of":
      return [diagnose("SL0104", { reason: issue.message }, place(path))];
  }
}

const EVERY_METHOD = "`*` is no method; a route without `methods` takes all of them";

/** Among the methods of a route: elsewhere, to leave them out does not mean all. */
function isEveryMethod({ input, path }: Extract<Issue, { code: "invalid_format" }>): boolean {
  return input === "*" && path.at(-2) === "methods" && path.at(-3) === "match";
}

function wrongKey(issue: Extract<Issue, { code: "invalid_key" }>, span: Span): Diagnostic {
  const [first] = issue.issues;
  if (first === undefined) return diagnose("SL0104", { reason: issue.message }, span);
  return diagnose("SL0104", { reason: first.message }, span, otherCase(first, span));
}

/** A value that has the type of no alternative, or is another word than all of them. */
function union(issue: Union, path: Path, place: Place): Diagnostic {
  if (issue.input === undefined) return missing(path, place);
  const inner = issue.errors.flat();
  if (ofItsType(issue).length > 0) {
    const values = inner.flatMap((one) => (one.code === "invalid_value" ? one.values.map(String) : []));
    return notOneOf(values, issue.input, path, place);
  }
  const types = inner.flatMap((one) => (one.code === "invalid_type" ? [typeName(one.expected)] : []));
  const expected = [...new Set(types)].join(" or ");
  return diagnose("SL0103", { expected, found: describe(issue.input) }, place(path));
}

function missing(path: Path, place: Place): Diagnostic {
  return diagnose("SL0102", { key: String(path.at(-1) ?? "") }, place(path.slice(0, -1), "key"));
}

/** A key that the mapping at a path does not take, with the nearest one that it does. */
export function unknownKey(key: string, path: Path, place: Place, known: string[]): Diagnostic {
  const span = place([...path, key], "key");
  const suggestion = nearest(key, known);
  if (suggestion === undefined)
    return diagnose(
      "SL0101",
      { key, hint: known.length === 0 ? "" : `; known here: ${known.toSorted().join(", ")}` },
      span,
    );
  const parameters = { key, hint: `; did you mean \`${suggestion}\`?` };
  const stands = place([...path, suggestion], "key");
  const around = place(path, "key");
  // Renamed, it would be a second key of that name.
  if (stands.start !== around.start || stands.end !== around.end) return diagnose("SL0101", parameters, span);
  return diagnose("SL0101", parameters, span, {
    fix: {
      title: `rename it to \`${suggestion}\``,
      safe: sameLetters(key, suggestion),
      edits: [{ span, newText: scalarText(suggestion) }],
    },
  });
}

/** The same word but for case, `-` and `_`: of the words of the language, there is only one such. */
export function sameLetters(one: string, other: string): boolean {
  const letters = (word: string) => word.toLowerCase().replace(/[-_]/g, "");
  return letters(one) === letters(other);
}

/** A spelling in the letter case that the schema wants, where letter case has no meaning of its own. */
function otherCase(issue: Issue, span: Span): { fix?: Fix } {
  if (issue.code !== "invalid_format" || typeof issue.input !== "string") return {};
  const wanted =
    issue.pattern === String(HEADER_NAME)
      ? issue.input.toLowerCase()
      : issue.pattern === String(HTTP_METHOD)
        ? issue.input.toUpperCase()
        : issue.input;
  const form = issue.pattern === String(HEADER_NAME) ? HEADER_NAME : HTTP_METHOD;
  if (wanted === issue.input || !form.test(wanted)) return {};
  const newText = scalarText(wanted);
  return { fix: { title: `write \`${newText}\``, safe: true, edits: [{ span, newText }] } };
}

function notOneOf(values: string[], input: unknown, path: Path, place: Place): Diagnostic {
  const span = place(path);
  const suggestion = typeof input === "string" ? nearest(input, values) : undefined;
  const parameters = { found: describe(input), values: values.join(", ") };
  if (suggestion === undefined) return diagnose("SL0105", parameters, span);
  return diagnose("SL0105", parameters, span, {
    fix: {
      title: `write \`${suggestion}\``,
      safe: typeof input === "string" && sameLetters(input, suggestion),
      edits: [{ span, newText: scalarText(suggestion) }],
    },
  });
}

export function plainPath(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((part) => (typeof part === "symbol" ? part.toString() : part));
}

function typeName(expected: string): string {
  switch (expected) {
    case "object":
    case "record":
      return "a mapping";
    case "array":
      return "a list";
    case "int":
    case "number":
      return "a whole number";
    case "boolean":
      return "true or false";
    case "string":
      return "a text";
    default:
      return expected;
  }
}

/** A bound with its unit, and what was found instead: `1 item, found none`. */
function amount(bound: number | bigint, { origin, input }: Extract<Issue, { code: "too_big" | "too_small" }>): string {
  const unit = origin === "string" ? "character" : origin === "array" ? "item" : undefined;
  const found = typeof input === "string" || Array.isArray(input) ? input.length : input;
  if (typeof found !== "number") return String(bound);
  const wanted = unit === undefined ? `${bound}` : `${bound} ${unit}${Number(bound) === 1 ? "" : "s"}`;
  return `${wanted}, found ${found === 0 && unit !== undefined ? "none" : found}`;
}

function describe(input: unknown): string {
  if (input === null) return "nothing";
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object") return "a mapping";
  const text = JSON.stringify(input) ?? String(input);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
