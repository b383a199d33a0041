import { z } from "zod";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import { type MapNode, nodeAt, type Path, toValue } from "../syntax/document.js";
import { type Fit, fittingValue, joined, leaveOut, type Renaming, renameKeys } from "./fit.js";
import { diagnosticsOf, type Issue, type Place, plainIssues, plainPath, sameLetters } from "./issues.js";
import { knownKeys, schemasAt } from "./keys.js";

/** How a part of a file is read. */
export interface Shape<Value> {
  schema: z.ZodType;
  /** Takes the value without the parts that do not fit; what is missing then is no finding of its own. */
  partial: z.ZodType<Value>;
  /** Where paths of a tree stand, of the one given or of what is left of it. */
  placesIn(root: MapNode): Place;
  /** The paths that an issue takes away; those of `unfitting` if absent. */
  unfitting?(issue: Issue): Path[];
  /** False for an issue that is not to be told. */
  isTold?(issue: Issue): boolean;
  /** Is called with each path that is left out, or that nothing stands at, and the tree that it is a path of. */
  onLeft?(path: Path, root: MapNode): void;
}

export interface Reading<Value> {
  /** As written, but for items of lists that do not fit, and with the keys that are meant. */
  root: MapNode;
  /** Absent if too little fits. */
  value?: Value;
  diagnostics: Diagnostic[];
}

/** Rounds of leaving out what does not fit, each from the inside out; a value is not deeper than this. */
const ROUNDS = 16;

/** Reads a tree of which some parts do not fit: every finding of its shape, and the rest for the later checks. */
export function readParts<Value>(root: MapNode, shape: Shape<Value>): Reading<Value> {
  const findings = new Findings(shape);
  let { fit, issues } = asMeant(root, shape, findings);
  findings.add(issues.filter(isNotMisspelt(fit)), fit);
  for (let round = 0; round < ROUNDS; round++) {
    const { fit: rest, count } = withoutUnfitting(fit, issues, shape, round === 0);
    fit = rest;
    // There can be a hundred thousand of them, so those of two rounds are not kept at once.
    issues = [];
    const read = shape.partial.safeParse(fittingValue(fit), { reportInput: true });
    if (read.success) return { root: fit.written, value: read.data, diagnostics: findings.all };
    issues = plainIssues(read.error.issues);
    // Too few of something, or nothing at all, may be because of what was left out.
    findings.add(
      issues.filter((issue) => !isAbsence(issue)),
      fit,
    );
    if (count === 0 && round > 0) break;
  }
  return { root: fit.written, diagnostics: findings.all };
}

/** @param isFirst what is missing may have a stand-in; only without one goes what it is missing in */
function withoutUnfitting<Value>(
  { written, fitting }: Fit,
  issues: readonly Issue[],
  shape: Shape<Value>,
  isFirst: boolean,
): { fit: Fit; count: number } {
  const paths = issues.flatMap(shape.unfitting ?? unfitting);
  const there = isFirst ? paths.filter((path) => nodeAt(fitting, path) !== undefined) : paths;
  const { fit, left } = leaveOut({ written, fitting }, there);
  for (const path of isFirst ? paths : left) shape.onLeft?.(path, written);
  return { fit, count: left.length };
}

/** The paths that an issue takes away: unknown keys, or the value that does not fit. */
export function unfitting(issue: Issue): Path[] {
  const path = plainPath(issue.path);
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
}

/** Keys for which a known one is looked for: as many as anybody reads. */
const MOST_GUESSES = 1_000;

/**
 * Gives misspelt keys the name that is meant. In another spelling of the same letters it can only be that, so the value is
 * read under it; a guess counts only as written, so that the key is not told to be missing too.
 */
function asMeant<Value>(root: MapNode, shape: Shape<Value>, findings: Findings): { fit: Fit; issues: Issue[] } {
  let fit: Fit = { written: root, fitting: root };
  let issues = issuesOf(shape.schema, fit);
  for (let round = 0; round < ROUNDS; round++) {
    const guesses = issues.flatMap((issue) => guessesOf(issue, shape.schema)).slice(0, MOST_GUESSES);
    if (guesses.length === 0) return { fit, issues };
    for (const { path, meant } of guesses) shape.onLeft?.([...path.slice(0, -1), meant], fit.written);
    const renamings = free(guesses, fit.written);
    const certain = renamings.filter(({ path, meant }) => sameLetters(String(path.at(-1)), meant));
    findings.add(
      issues.filter((issue) => issue.code === "unrecognized_keys"),
      fit,
    );
    const guessed = renamings.filter((renaming) => !certain.includes(renaming));
    const rest = leaveOut(
      { written: renameKeys(fit.written, certain), fitting: renameKeys(fit.fitting, certain) },
      guessed.map(({ path }) => path),
    ).fit;
    const written = beside(guesses, renamings).reduce(joined, renameKeys(rest.written, guessed));
    fit = { written, fitting: rest.fitting };
    issues = [];
    issues = issuesOf(shape.schema, fit);
    if (certain.length === 0) return { fit, issues };
  }
  return { fit, issues };
}

/** Of the keys that are meant, those that do not stand beside their misspelling, each once. */
function free(guesses: readonly Renaming[], root: MapNode): Renaming[] {
  const taken = new Set<string>();
  return guesses.filter(({ path, meant }) => {
    const target = [...path.slice(0, -1), meant];
    const key = JSON.stringify(target);
    if (taken.has(key) || nodeAt(root, target) !== undefined) return false;
    taken.add(key);
    return true;
  });
}

/** Misspelt sections of a file that also has the right one: what they name is named. */
function beside(guesses: readonly Renaming[], renamings: readonly Renaming[]): Renaming[] {
  return guesses.filter((guess) => guess.path.length === 1 && !renamings.includes(guess));
}

function guessesOf(issue: Issue, schema: z.ZodType): Renaming[] {
  if (issue.code !== "unrecognized_keys") return [];
  const path = plainPath(issue.path);
  const known = knownKeys(schema, path);
  return issue.keys.slice(0, MOST_GUESSES).flatMap((key) => {
    const meant = nearest(key, known);
    return meant === undefined ? [] : [{ path: [...path, key], meant }];
  });
}

function issuesOf(schema: z.ZodType, fit: Fit): Issue[] {
  return issuesAt([schema], fittingValue(fit), [], schema, fit);
}

/** Issues of a value. That of an entry whose key does not fit is not looked at by the schema, so it is here. */
function issuesAt(
  schemas: readonly z.core.$ZodType[],
  value: unknown,
  base: Path,
  whole: z.ZodType,
  fit: Fit,
): Issue[] {
  const [schema] = schemas;
  if (schema === undefined) return [];
  const result = z.safeParse(schema, value, { reportInput: true });
  if (result.success) return [];
  return plainIssues(result.error.issues, base).flatMap((issue): Issue[] => {
    if (issue.code !== "invalid_key") return [issue];
    const path = plainPath(issue.path);
    const entry = nodeAt(fit.fitting, path);
    if (entry === undefined) return [issue];
    return [issue, ...issuesAt(schemasAt(whole, path), toValue(entry), path, whole, fit)];
  });
}

/** Nothing stands there, or too little of it. */
function isAbsence(issue: Issue): boolean {
  return issue.input === undefined || issue.code === "too_small" || issue.code === "unrecognized_keys";
}

function isNotMisspelt({ written }: Fit): (issue: Issue) => boolean {
  return (issue) => issue.input !== undefined || nodeAt(written, plainPath(issue.path)) === undefined;
}

/** Findings of several rounds, each once. */
class Findings {
  readonly all: Diagnostic[] = [];
  private readonly seen = new Set<string>();
  private readonly shape: Pick<Shape<unknown>, "schema" | "placesIn" | "isTold">;

  constructor(shape: Pick<Shape<unknown>, "schema" | "placesIn" | "isTold">) {
    this.shape = shape;
  }

  add(issues: readonly Issue[], { written }: Fit): void {
    const { schema, placesIn, isTold = () => true } = this.shape;
    const known = (path: Path) => knownKeys(schema, path);
    const found = diagnosticsOf(issues.filter(isTold), placesIn(written), known);
    const fresh = found.filter((finding) => !this.seen.has(keyOf(finding)));
    for (const finding of fresh) {
      this.seen.add(keyOf(finding));
      this.all.push(finding);
    }
  }
}

function keyOf({ code, span }: Diagnostic): string {
  return `${span.source.path} ${span.start} ${code}`;
}
