import type { JsonObject } from "@bufbuild/protobuf";
import { RE2JS } from "@bufbuild/re2";
import { BootstrapSchema } from "../generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { type RegexMatcher, RegexMatcherSchema } from "../generated/envoy/type/matcher/v3/regex_pb.js";
import { RegexMatcherSchema as XdsRegexMatcherSchema } from "../generated/xds/type/matcher/v3/regex_pb.js";
import { allOf, join, type Tree, type Violation } from "./located.js";

/** The runtime key of the largest program, in RE2 instructions, that Envoy takes. */
export const programSizeKey = "re2.max_program_size.error_level";

const defaultProgramSize = 100;

/** Regular expressions that RE2 does not take (look-around, back-references, ...), or Envoy not, as they are too large. */
export function regularExpressions(tree: Tree): Violation[] {
  const limit = runtimeLimit(tree) ?? defaultProgramSize;
  return [
    ...allOf(tree, RegexMatcherSchema).flatMap(({ message, path }) =>
      faults(message.regex, path, ownLimit(message) ?? limit),
    ),
    ...allOf(tree, XdsRegexMatcherSchema).flatMap(({ message, path }) => faults(message.regex, path, limit)),
  ];
}

function faults(pattern: string, path: string, limit: number): Violation[] {
  const at = join(path, "regex");
  const compiled = compileRe2(pattern);
  if (!compiled.ok) return [{ path: at, message: compiled.error }];
  if (compiled.size <= limit) return [];
  const message = `compiles to about ${compiled.size} RE2 instructions, and Envoy's limit (${programSizeKey}) is ${limit}`;
  return [{ path: at, message }];
}

export type Re2 = { ok: true; size: number } | { ok: false; error: string };

/**
 * Compiles a regular expression as Envoy's RE2 does. The size is in RE2 instructions and errs upwards: RE2 merges
 * alternatives, and drops a literal after `^`, which is not done here.
 */
export function compileRe2(pattern: string): Re2 {
  // Envoy compiles for bytes: a code point above 0xff cannot be named, and a letter like é counts for its two bytes.
  const escapes = [...pattern.matchAll(/\\(?:\\|x\{([0-9A-Fa-f]+)\})/g)];
  const wide = escapes.find(([, digits]) => Number.parseInt(digits ?? "0", 16) > 0xff);
  if (wide !== undefined) return { ok: false, error: `${wide[0]} is above the range of a byte` };
  try {
    return { ok: true, size: programSize(RE2JS.compile(Buffer.from(pattern).toString("latin1"))) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** An instruction of ours takes a class of characters, one of RE2 a range of bytes. */
function programSize({ re2Input }: RE2JS): number {
  return re2Input.prog.inst.reduce((size, { runes }) => size + Math.max(1, byteRanges(runes)), 0);
}

/** @param runes first and last of each range; a single one stands for itself */
function byteRanges(runes: number[]): number {
  return runes.filter((rune, index) => index % 2 === 0 && rune <= 0xff).length;
}

function ownLimit({ engineType }: RegexMatcher): number | undefined {
  return engineType.case === "googleRe2" ? engineType.value.maxProgramSize : undefined;
}

/** The limit that a static layer of the runtime sets, as one key or as a path; the last layer counts. */
function runtimeLimit(tree: Tree): number | undefined {
  const layers = allOf(tree, BootstrapSchema).flatMap(({ message }) => message.layeredRuntime?.layers ?? []);
  const limits = layers.flatMap(({ layerSpecifier }) =>
    layerSpecifier.case === "staticLayer" ? [runtimeValue(layerSpecifier.value, programSizeKey)] : [],
  );
  return limits.filter((limit) => limit !== undefined).at(-1);
}

function runtimeValue(layer: JsonObject, key: string): number | undefined {
  const value = layer[key];
  if (typeof value === "number") return value;
  for (const [name, inner] of Object.entries(layer)) {
    if (!key.startsWith(`${name}.`) || typeof inner !== "object" || inner === null || Array.isArray(inner)) continue;
    const found = runtimeValue(inner, key.slice(name.length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
