import { equals, fromJson, toJson } from "@bufbuild/protobuf";
import { registry } from "../registry.js";
import type { Located, Tree, Violation } from "./located.js";

/** The verified message must survive being printed and read again, with whatever its `Any`s hold. */
export function roundTrip(tree: Tree): Violation[] {
  const [whole] = tree;
  const problem = whole === undefined ? undefined : problemOf(whole);
  if (problem === undefined) return [];
  // The whole is broken where its innermost broken message is.
  for (const located of tree.toReversed()) {
    const message = problemOf(located);
    if (message !== undefined) return [{ path: located.path, message }];
  }
  return [{ path: "", message: problem }];
}

function problemOf({ message, reflected }: Located): string | undefined {
  const schema = reflected.desc;
  try {
    const json = toJson(schema, message, { registry, useProtoFieldName: true });
    const again = fromJson(schema, json, { registry });
    if (equals(schema, message, again, { registry, unpackAny: true, unknown: true })) return undefined;
    return "does not come back the same from its JSON form";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
