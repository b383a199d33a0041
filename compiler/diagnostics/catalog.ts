import { balancing } from "./catalog/balancing.js";
import { credentials } from "./catalog/credentials.js";
import type { Entry, Part } from "./catalog/entry.js";
import { expressions } from "./catalog/expressions.js";
import { files } from "./catalog/files.js";
import { internal } from "./catalog/internal.js";
import { introspection } from "./catalog/introspection.js";
import { keyPlaces } from "./catalog/key-places.js";
import { keySources } from "./catalog/key-sources.js";
import { limits } from "./catalog/limits.js";
import { nativePolicies } from "./catalog/native-policies.js";
import { outputs } from "./catalog/outputs.js";
import { policies } from "./catalog/policies.js";
import { reading } from "./catalog/reading.js";
import { references } from "./catalog/references.js";
import { routes } from "./catalog/routes.js";
import { routing } from "./catalog/routing.js";
import { rules } from "./catalog/rules.js";
import { services } from "./catalog/services.js";
import { shape } from "./catalog/shape.js";
import { soapOperations } from "./catalog/soap-operations.js";
import { tests } from "./catalog/tests.js";
import { tracing } from "./catalog/tracing.js";
import { wsdl } from "./catalog/wsdl.js";

/** Every finding that Sluice can report, by code. The sections are files of `catalog/`, one a range of codes. */
export const catalog = {
  ...reading,
  ...shape,
  ...references,
  ...routes,
  ...routing,
  ...credentials,
  ...policies,
  ...rules,
  ...nativePolicies,
  ...tracing,
  ...keyPlaces,
  ...limits,
  ...expressions,
  ...introspection,
  ...keySources,
  ...services,
  ...balancing,
  ...files,
  ...tests,
  ...internal,
  ...outputs,
  ...soapOperations,
  ...wsdl,
} as const;

export type Code = keyof typeof catalog;

type Names<Message extends string> = Message extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;

type NamesOf<C extends Code> = Names<(typeof catalog)[C]["message"]>;

/** The parameters that the message of a code names: all of them and no other. */
export type ParametersOf<C extends Code> = [NamesOf<C>] extends [never]
  ? Readonly<Record<string, never>>
  : { readonly [Name in NamesOf<C>]: string | number };

/** The entry of a code given as text (`sluice explain SL0101`), in any letter case; undefined if there is none. */
export function entryOf(code: string): (Entry & { readonly code: Code }) | undefined {
  const wanted = code.toUpperCase();
  for (const known of codes) if (known === wanted) return { code: known, ...catalog[known] };
  return undefined;
}

/** True if the text at the place of such a finding must not be printed. */
export function isSecret(code: Code): boolean {
  const entry: Entry = catalog[code];
  return entry.secret === true;
}

/** Parts of a policy that must be known entirely for such a finding to be true. */
export function needsOf(code: Code): readonly Part[] {
  const entry: Entry = catalog[code];
  return entry.needs ?? [];
}

/** All codes, ascending. */
export const codes: readonly Code[] = keysOf(catalog).toSorted();

function keysOf<T extends object>(value: T): (keyof T)[] {
  const keys: (keyof T)[] = [];
  for (const key in value) keys.push(key);
  return keys;
}
