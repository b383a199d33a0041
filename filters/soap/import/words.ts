import { capitalised } from "../openapi-schema.js";

// Names of operations and fields as words, and words as parts of a path.

/** `GetPartnerByID` as get, partner, by, id. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase());
}

/** Words as a segment of a path; empty if there is none that a path can have. */
export function kebab(words: readonly string[]): string {
  return words.join("-");
}

export function isPlural(word: string): boolean {
  return /[^su]s$/.test(word) && !/(is|us|ss)$/.test(word);
}

/** The last of the words in the plural. */
export function plural(words: readonly string[]): string[] {
  const last = words.at(-1);
  if (last === undefined) return [];
  return [...words.slice(0, -1), isPlural(last) ? last : pluralOf(last)];
}

function pluralOf(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

export function singular(word: string): string {
  if (!isPlural(word)) return word;
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return /(xes|ches|shes|sses|zes)$/.test(word) ? word.slice(0, -2) : word.slice(0, -1);
}

/** A name that a capture of a path can have. */
export function captureName(field: string): string {
  const [first = "", ...rest] = wordsOf(field);
  const name = first + rest.map(capitalised).join("");
  return /^[a-z][a-zA-Z0-9]{0,31}$/.test(name) ? name : "id";
}
