import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import { type Node, type Path, readDocument } from "../../../compiler/syntax/document.js";
import { type JwtKey, member, readKeySet } from "./jwt-keys.js";

const MOST_KEYS = 64;

/** The keys of a set, in the policy or in a file; undefined after an error was reported. */
export function keySetOf(written: unknown, path: Path, context: PolicyContext): readonly JwtKey[] | undefined {
  // It is of no form that there is, which was told already.
  if (written === undefined) return undefined;
  const document = typeof written === "string" ? documentOf(written, path, context) : context.node(path);
  if (document === undefined) return undefined;
  const list = member(document, "keys");
  if (list === undefined && typeof written !== "string")
    return refuse("it has neither `keys` nor `service`", path, context);
  if (list?.kind !== "list") return refuse("it has no list of `keys`", path, context);
  if (list.items.length > MOST_KEYS) return refuse(`more than ${MOST_KEYS} keys are too many`, path, context);
  const keys = readKeySet(list, context);
  if (keys?.length === 0) return refuse("none of the set is for signatures", path, context);
  return keys;
}

function documentOf(written: string, path: Path, context: PolicyContext): Node | undefined {
  const file = context.readFile(written.slice("file:".length), context.place(path));
  if (file === undefined) return undefined;
  if (!isJson(file.source.text)) return refuse(`\`${file.path}\` is no JSON`, path, context);
  const { root, diagnostics } = readDocument(file.source);
  for (const finding of diagnostics) context.report(finding);
  return diagnostics.some(({ severity }) => severity === "error") ? undefined : root;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function refuse(why: string, path: Path, context: PolicyContext): undefined {
  context.report(diagnose("SL0496", { why }, context.place(path)));
  return undefined;
}
