import type { RandomFile } from "../../support/random-policies.js";
import type { WireRequest } from "../../support/random-requests.js";

/** A policy file as data, with requests to it. */
export interface Candidate {
  readonly file: RandomFile;
  readonly requests: readonly WireRequest[];
}

/** A key or an item, by its path from the candidate. */
export type Part = readonly (string | number)[];

/** All that could be left out: keys and items of the file, the largest first; requests but the last, and their headers. */
export function partsOf({ file, requests }: Candidate): Part[] {
  const ofRequests = requests.flatMap(({ headers }, index): Part[] => [
    ...(index < requests.length - 1 ? [["requests", index]] : []),
    // Without its length a body would be a second request.
    ...headers.flatMap(([name], at): Part[] =>
      /^(content-length|transfer-encoding)$/.test(name) ? [] : [["requests", index, "headers", at]],
    ),
  ]);
  const ofFile = below(file, ["file"]).toSorted((a, b) => b.size - a.size);
  return [...ofRequests, ...ofFile.map(({ part }) => part)];
}

function below(value: unknown, path: Part): { part: Part; size: number }[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const part = [...path, Array.isArray(value) ? Number(key) : key];
    return [{ part, size: (JSON.stringify(inner) ?? "").length }, ...below(inner, part)];
  });
}

/** The same without some of its parts. A policy that is left out is applied nowhere either. */
export function without(candidate: Candidate, parts: readonly Part[]): Candidate {
  const copy = structuredClone(candidate);
  // From the end: what is taken out of a list moves what stands behind it.
  for (const part of parts.toSorted((a, b) => -compare(a, b))) {
    remove(copy, part);
    const [top, section, name, ...rest] = part;
    if (top === "file" && section === "policies" && typeof name === "string" && rest.length === 0)
      forget(copy.file, name);
  }
  return copy;
}

function compare(a: Part, b: Part): number {
  for (const [index, one] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (one !== other) return one < other ? -1 : 1;
  }
  return a.length - b.length;
}

function remove(root: unknown, part: Part): void {
  let holder: unknown = root;
  for (const step of part.slice(0, -1)) {
    if (typeof holder !== "object" || holder === null) return;
    holder = Reflect.get(holder, step);
  }
  const last = part.at(-1);
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else if (typeof holder === "object" && holder !== null && last !== undefined) Reflect.deleteProperty(holder, last);
}

function forget(value: unknown, policy: string): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if ((key === "apply" || key === "except") && Array.isArray(inner) && inner.includes(policy))
      inner.splice(inner.indexOf(policy), 1);
    else forget(inner, policy);
  }
}
