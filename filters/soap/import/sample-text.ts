import { AT_END, type Automaton, DEAD, FOUND } from "../../../compiler/expression/regex/automaton.js";
import type { Json } from "../../../compiler/plan/plan.js";
import { automatonOf, jsonOf, problemOf, simpleOf } from "../lexical.js";
import type { ServiceModel, SimpleType } from "../model.js";

// Values of simple types for tests: the first of some usual ones that fits, or a text made from the pattern.

const USUAL: Readonly<Record<string, readonly string[]>> = {
  date: ["2026-01-31"],
  dateTime: ["2026-01-31T09:30:00Z"],
  time: ["09:30:00"],
  duration: ["P1D"],
  gYear: ["2026"],
  gYearMonth: ["2026-01"],
  gMonth: ["--01"],
  gDay: ["---31"],
  gMonthDay: ["--01-31"],
  anyURI: ["https://example.com/"],
  language: ["en"],
  boolean: ["true"],
};

const NUMBERS = ["7", "1", "0", "12.5", "100", "-1", "1000"];

/** A value of a simple type; undefined if none is found. `name` is that of the field. */
export function sampleOf(model: ServiceModel, id: string, name: string): Json | undefined {
  const type = simpleOf(model, id);
  if (type.form === "list") return sampleList(model, type, name);
  for (const text of candidates(model, type, name)) {
    const value = jsonOf(model, id, text);
    if (value !== undefined && problemOf(model, id, value) === undefined) return value;
  }
  return undefined;
}

function sampleList(model: ServiceModel, type: SimpleType, name: string): Json | undefined {
  const item = sampleOf(model, type.item ?? "", name);
  if (item === undefined) return undefined;
  const value = Array.from({ length: Math.max(type.length?.min ?? 1, 1) }, () => item);
  return problemOf(model, type.id, value) === undefined ? value : undefined;
}

function candidates(model: ServiceModel, type: SimpleType, name: string): string[] {
  const { enumeration = [], builtin, form, min, max, length } = type;
  const usual = Object.hasOwn(USUAL, builtin) ? (USUAL[builtin] ?? []) : [];
  // Their lengths are bytes.
  const bytes = Buffer.alloc(
    Math.min(Math.max(length?.min ?? 3, 1), length?.max ?? Number.POSITIVE_INFINITY),
    "sluice",
  );
  if (builtin === "hexBinary") return [...enumeration, bytes.toString("hex")];
  if (builtin === "base64Binary") return [...enumeration, bytes.toString("base64")];
  const members = (type.members ?? []).flatMap((member) => {
    const value = sampleOf(model, member, name);
    return value === undefined || typeof value === "object" ? [] : [String(value)];
  });
  if (form === "integer" || form === "decimal" || form === "double")
    return [...enumeration, ...NUMBERS, ...bound(min?.value, 1), ...bound(max?.value, -1)];
  const shortest = length?.min ?? 0;
  const word = name.replace(/^[@$]/, "");
  return [
    ...enumeration,
    ...usual,
    ...members,
    fitted(word, shortest, length?.max),
    fitted("text", shortest, length?.max),
    fitted("1", shortest, length?.max),
    ...type.patterns.flatMap((pattern) => matching(pattern, shortest, length?.max ?? shortest + LONGEST)),
  ];
}

/** A bound, and the whole number beside it. */
function bound(text: string | undefined, step: 1 | -1): string[] {
  if (text === undefined) return [];
  return /^-?[0-9]+$/.test(text) ? [text, String(BigInt(text) + BigInt(step))] : [text];
}

function fitted(word: string, min: number, max = Number.POSITIVE_INFINITY): string {
  return word.padEnd(min, "x").slice(0, Math.max(max, 0));
}

/** Characters beyond what must be there. */
const LONGEST = 40;
const MOST_VISITS = 200_000;
/** What people would write first. */
const PREFERRED = [..."aA1-._ @/:+b", ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))];

/** The shortest texts of visible ASCII that match, of at least `min` characters; none or one. */
function matching(pattern: string, min: number, max: number): string[] {
  const automaton = automatonOf(pattern);
  if (automaton === undefined) return [];
  const bytes = representatives(automaton);
  let reached = new Map([[automaton.start, ""]]);
  let visits = 0;
  for (let length = 0; length <= max && reached.size > 0 && visits < MOST_VISITS; length++) {
    if (length >= min)
      for (const [state, text] of reached) if (((automaton.flags[state] ?? 0) & (FOUND | AT_END)) !== 0) return [text];
    const next = new Map<number, string>();
    for (const [state, text] of reached)
      for (const byte of bytes) {
        visits++;
        const target = automaton.next[state * automaton.classes + (automaton.classOf[byte] ?? 0)] ?? DEAD;
        if (target !== DEAD && !next.has(target)) next.set(target, text + String.fromCharCode(byte));
      }
    reached = next;
  }
  return [];
}

/** One byte of each class, if it has a visible one. */
function representatives({ classOf }: Automaton): number[] {
  const known = new Map<number, number>();
  for (const character of PREFERRED) {
    const byte = character.charCodeAt(0);
    const own = classOf[byte] ?? 0;
    if (!known.has(own)) known.set(own, byte);
  }
  return [...known.values()];
}
