import { equals, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { canonical } from "../canonical.js";
import { registry } from "../registry.js";
import type { Located, Tree, Violation } from "./located.js";

/**
 * The verified message must survive being printed and read again, with whatever its `Any`s hold.
 *
 * @param printed the JSON form of the whole, where it is at hand
 */
export function roundTrip({ all }: Tree, printed?: JsonValue): Violation[] {
  const [whole] = all;
  const problem = whole === undefined ? undefined : problemOf(whole, printed);
  if (problem === undefined) return [];
  // The whole is broken where its innermost broken message is.
  for (const located of all.toReversed()) {
    const message = problemOf(located);
    if (message !== undefined) return [{ path: located.path, message }];
  }
  return [{ path: "", message: problem }];
}

function problemOf({ message, reflected }: Located, printed?: JsonValue): string | undefined {
  const schema = reflected.desc;
  try {
    const again = fromJson(schema, printed ?? canonical(reflected), { registry });
    // Mostly an `Any` comes back with the same bytes, so that it need not be unpacked to be compared.
    if (equals(schema, message, again, { registry, unknown: true })) return undefined;
    if (equals(schema, message, again, { registry, unpackAny: true, unknown: true })) return undefined;
    return "does not come back the same from its JSON form";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
