import { InvalidArgumentError } from "commander";
import { LEAST_ROUNDS, MOST_ROUNDS } from "../plan/verifier.js";
import { modulesPrefix } from "../policy/deployments.js";
import { NAME, positiveDuration } from "../policy/values.js";

// How the texts of options and arguments are read.

/** Of an option that may be given again and again. */
export function collected(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** It becomes a part of a path in YAML and of a comment there. */
export function modulesFolder(text: string): string {
  const folder = text.replace(/(?<=.)\/+$/, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  if (folder === "" || /[\u0000-\u001f\u007f]/.test(folder))
    throw new InvalidArgumentError("the path of a folder is needed");
  return folder;
}

/** Where a cluster fetches modules, as in the file. */
export function modulesUrl(text: string): string {
  const { data, error } = modulesPrefix.safeParse(text);
  if (data === undefined) throw new InvalidArgumentError(`${error?.issues[0]?.message ?? "a URL is needed"}`);
  return data;
}

/** SHA-256 in hexadecimal, with or without what images write before it. */
export function sha256Digest(text: string): string {
  const [, digest] = /^(?:sha256:)?([0-9a-f]{64})$/.exec(text) ?? [];
  if (digest === undefined) throw new InvalidArgumentError("sha256: and 64 lower-case hexadecimal digits are needed");
  return digest;
}

/** Milliseconds. */
export function lookback(text: string): number {
  const { data } = positiveDuration.safeParse(text);
  if (data === undefined) throw new InvalidArgumentError("a whole number with a unit is needed: 90s, 15m, 24h, 7d");
  return data;
}

/** Of the verifier of a password. */
export function rounds(text: string): number {
  const count = /^[0-9]{4,5}$/.test(text) ? Number(text) : 0;
  if (count < LEAST_ROUNDS || count > MOST_ROUNDS)
    throw new InvalidArgumentError(`a whole number from ${LEAST_ROUNDS} to ${MOST_ROUNDS} is needed`);
  return count;
}

export function zoneName(text: string): string {
  if (!NAME.test(text)) throw new InvalidArgumentError("a zone has lower-case letters, digits and dashes");
  return text;
}

export function positiveInteger(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new InvalidArgumentError("a whole number from 1 to 9999 is needed");
  return Number(text);
}

/** It is shown by tools that may not look at what they show. */
export function annotationText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  if (text === "" || text.length > 2_000 || /[\u0000-\u001f\u007f]/.test(text))
    throw new InvalidArgumentError("a text of one line is needed");
  return text;
}
