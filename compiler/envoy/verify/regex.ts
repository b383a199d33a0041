import type { JsonObject } from "@bufbuild/protobuf";
import { BootstrapSchema } from "../generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { type RegexMatcher, RegexMatcherSchema } from "../generated/envoy/type/matcher/v3/regex_pb.js";
import { RegexMatcherSchema as XdsRegexMatcherSchema } from "../generated/xds/type/matcher/v3/regex_pb.js";
import { compileRe2, programSizeKey } from "../re2.js";
import { allOf, join, type Tree, type Violation } from "./located.js";

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
