import { at, isTest, type Source } from "./sources.js";
import type { Token } from "./tokens.js";

/** The most lines of a file; about 300 is the aim. */
const MOST_LINES = 400;

/** Signs and words before which, or after which, `any` is a type and not a name. */
const BEFORE_TYPE = new Set([":", "<", "|", "&", "=>", "as", "is", "extends", "satisfies", "keyof"]);
/** Words that end nothing, so that a `!` behind them denies what follows. */
const NO_VALUE = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "void",
  "await",
  "yield",
  "throw",
  "else",
  "do",
  "if",
  "while",
]);

export function typeHoles(source: Source): string[] {
  const { tokens } = source;
  const clauses = renamingClauses(tokens);
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (isWord(token, "any") && isType(before, after)) return [at(source, token.line, "the type `any`")];
    if (isWord(token, "as") && !clauses.has(index) && isOperator(before, after) && !isWord(after, "const"))
      return [at(source, token.line, "`as`, which is not `as const`")];
    if (isNonNull(token, before, after)) return [at(source, token.line, "`!`, which claims that a value is there")];
    return [];
  });
}

/** Comments that turn the type checker off. `@ts-expect-error` fails when there is no error, so it may stay. */
export function silencedChecks(source: Source): string[] {
  return linesWith(source, /@ts-(ignore|nocheck)\b/).map(({ line, found }) => at(source, line, found));
}

/** Places where a module could trap: a trap answers every request of the worker with 503. */
export function traps(source: Source): string[] {
  const { tokens } = source;
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (isWord(token, "throw")) return [at(source, token.line, "`throw`")];
    const called = isSign(after, "(") || isSign(after, "<");
    if (
      token.kind === "word" &&
      ["assert", "abort", "unreachable"].includes(token.value) &&
      called &&
      !isSign(before, ".")
    )
      return [at(source, token.line, `a call of \`${token.value}\``)];
    if (isNonNull(token, before, after)) return [at(source, token.line, "`!`, which traps on null")];
    return [];
  });
}

/** Reads and writes of bare memory outside the two folders where all of them are. */
export function bareMemory(source: Source): string[] {
  if (/^filters\/(lib|proxy-wasm)\//.test(source.path)) return [];
  const { tokens } = source;
  return tokens.flatMap((token, index) => {
    if (token.kind !== "word") return [];
    const after = tokens[index + 1];
    const member = isSign(tokens[index - 1], ".") ? tokens[index - 2]?.value : undefined;
    const cast = token.value === "changetype" && isSign(after, "<");
    const scalar =
      /^(load|store)/.test(token.value) && (isSign(after, "<") || /^([iuf]\d+|v128|atomic)$/.test(member ?? ""));
    const bulk = member === "memory" && ["copy", "fill", "init"].includes(token.value);
    const shown = member === undefined ? token.value : `${member}.${token.value}`;
    return cast || scalar || bulk ? [at(source, token.line, `\`${shown}\``)] : [];
  });
}

/** What would make code of `filters/lib` ask its host for something. */
export function hostCalls(source: Source): string[] {
  const { tokens } = source;
  const hosts = ["trace", "console", "process", "crypto", "performance", "Date"];
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (isSign(before, "@") && isWord(token, "external")) return [at(source, token.line, "`@external`")];
    if (isWord(token, "declare") && after?.kind === "word")
      return [at(source, token.line, `\`declare ${after.value}\``)];
    const used = (isSign(after, ".") || isSign(after, "(")) && !isSign(before, ".");
    if (token.kind === "word" && hosts.includes(token.value) && used)
      return [at(source, token.line, `\`${token.value}\``)];
    if (isWord(token, "random") && tokens[index - 2]?.value === "Math")
      return [at(source, token.line, "`Math.random`")];
    return [];
  });
}

/** Words that do what the locale or the time zone of a machine says. */
const LOCAL = /^(localeCompare|toLocale[A-Z]\w*|getTimezoneOffset|get(FullYear|Month|Date|Day|Hours|Minutes|Seconds))$/;
/** Of `Intl`, what cuts texts the same way under every locale. */
const NEUTRAL = new Set(["Segmenter"]);

/** What makes an output differ from machine to machine. */
export function localHabits(source: Source): string[] {
  const { tokens } = source;
  return tokens.flatMap((token, index) => {
    if (token.kind !== "word") return [];
    const member = isSign(tokens[index - 1], ".");
    if (member && LOCAL.test(token.value)) return [at(source, token.line, `\`${token.value}\``)];
    const used = tokens[index + 2]?.value ?? "";
    if (token.value === "Intl" && !member && isSign(tokens[index + 1], ".") && !NEUTRAL.has(used))
      return [at(source, token.line, `\`Intl.${used}\``)];
    return [];
  });
}

/** What makes the stages of the compiler differ from run to run: the clock, chance, the environment. */
export function momentaryValues(source: Source): string[] {
  const { tokens } = source;
  return tokens.flatMap((token, index) => {
    const [before, after] = [tokens[index - 1], tokens[index + 1]];
    if (token.kind !== "word" || isSign(before, ".")) return [];
    const member = isSign(after, ".") ? (tokens[index + 2]?.value ?? "") : "";
    const called = isSign(tokens[index + 2], ")") && isSign(after, "(");
    const clock = (token.value === "Date" && (member === "now" || called)) || token.value === "performance";
    const chance = token.value === "Math" && member === "random";
    const surroundings = token.value === "process" && member !== "";
    return clock || chance || surroundings ? [at(source, token.line, `\`${token.value}\``)] : [];
  });
}

/** The one place that may skip, with a word on it: where there is no Docker daemon, and CI is not true. */
const MAY_SKIP = "test/containers/daemon.ts";

/** Tests that do not run, or that keep others from running. */
export function sleepingTests(source: Source): string[] {
  if (!isTest(source) || source.path === MAY_SKIP) return [];
  const words = ["only", "skip", "todo", "skipIf", "runIf", "fails"];
  return source.tokens.flatMap((token, index) => {
    const after = source.tokens[index + 1];
    const member = isSign(source.tokens[index - 1], ".") && (isSign(after, "(") || isSign(after, "."));
    // As a test gets it: `({ skip }) => skip()`.
    const called = token.value === "skip" && isSign(after, "(");
    return token.kind === "word" && (member || called) && words.includes(token.value)
      ? [at(source, token.line, `\`.${token.value}\``)]
      : [];
  });
}

/** Notes of work that was left; they belong into the log of decisions or into an issue. */
export function leftNotes(source: Source): string[] {
  return linesWith(source, /\b(TO(?:DO)|FIX(?:ME)|XX(?:X))\b/).map(({ line, found }) => at(source, line, found));
}

export function tooLong(source: Source): string[] {
  const lines = source.text.replace(/\n$/, "").split("\n").length;
  return lines > MOST_LINES ? [at(source, lines, `${lines} lines; ${MOST_LINES} are the most`)] : [];
}

function linesWith(source: Source, pattern: RegExp): { line: number; found: string }[] {
  return source.text.split("\n").flatMap((text, index) => {
    const found = pattern.exec(text)?.[0];
    return found === undefined ? [] : [{ line: index + 1, found }];
  });
}

function isWord(token: Token | undefined, value: string): boolean {
  return token?.kind === "word" && token.value === value;
}

function isSign(token: Token | undefined, value: string): boolean {
  return token?.kind === "sign" && token.value === value;
}

function isType(before: Token | undefined, after: Token | undefined): boolean {
  if (before === undefined || (before.kind !== "sign" && before.kind !== "word")) return false;
  if (isSign(after, ":") || isSign(after, ".") || isSign(after, "(")) return false;
  return BEFORE_TYPE.has(before.value) || (isSign(before, ",") && isSign(after, ">"));
}

/** True if `as` stands between a value and a type; it is also a name of keys. */
function isOperator(before: Token | undefined, after: Token | undefined): boolean {
  const ends = before !== undefined && (before.kind !== "sign" || [")", "]", "}"].includes(before.value));
  const begins = after !== undefined && (after.kind !== "sign" || ["{", "[", "("].includes(after.value));
  return ends && begins;
}

function isNonNull(token: Token, before: Token | undefined, after: Token | undefined): boolean {
  if (!isSign(token, "!") || !token.joined || before === undefined) return false;
  if (before.kind === "sign") return before.value === ")" || before.value === "]";
  if (before.kind === "word") return !NO_VALUE.has(before.value) || isSign(after, ".");
  return false;
}

/** Indexes of the tokens between `import` or `export` and the module they name, where `as` gives another name. */
function renamingClauses(tokens: readonly Token[]): Set<number> {
  const inside = new Set<number>();
  for (const [start, token] of tokens.entries()) {
    if (!isWord(token, "import") && !isWord(token, "export")) continue;
    const opening = tokens.slice(start + 1, start + 4).findIndex((next) => isSign(next, "{") || isSign(next, "*"));
    const words = tokens.slice(start + 1, start + 1 + opening);
    if (
      opening < 0 ||
      words.some(
        (word) =>
          word.kind === "word" && /^(const|let|class|function|interface|enum|async|default|abstract)$/.test(word.value),
      )
    )
      continue;
    const braces = isSign(tokens[start + 1 + opening], "{");
    const close = braces ? tokens.findIndex((next, index) => index > start && isSign(next, "}")) : start + opening + 3;
    for (let index = start; index < close; index++) inside.add(index);
  }
  return inside;
}
