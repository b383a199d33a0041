import { isReflectList } from "@bufbuild/protobuf/reflect";
import { KnownRegex } from "../generated/validate/validate_pb.js";
import { numberOf, type Predicate, UnsupportedRule } from "./predicate.js";

// From the documentation of protoc-gen-validate: a strict header name is a token of RFC 9110 section 5.6.2, perhaps after
// a colon; what is not strict only keeps out what would split a header.
const headerToken = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;

/** Reads one rule of `validate.StringRules`. */
export function textPredicate(modifiers: { strict: boolean }) {
  return (name: string, limit: unknown): Predicate | undefined => {
    switch (name) {
      case "min_len": {
        const bound = numberOf(limit);
        return text(`must have at least ${bound} characters`, (value) => [...value].length >= bound);
      }
      case "max_len": {
        const bound = numberOf(limit);
        return text(`must have at most ${bound} characters`, (value) => [...value].length <= bound);
      }
      case "max_bytes": {
        const bound = numberOf(limit);
        return text(`must have at most ${bound} bytes`, (value) => Buffer.byteLength(value) <= bound);
      }
      case "prefix":
        return text(`must start with ${limit}`, (value) => value.startsWith(String(limit)));
      case "suffix":
        return text(`must end with ${limit}`, (value) => value.endsWith(String(limit)));
      case "pattern": {
        const pattern = new RegExp(String(limit), "u");
        return text(`must match ${limit}`, (value) => pattern.test(value));
      }
      case "in": {
        const known = isReflectList(limit) ? [...limit] : [];
        return text(`must be one of ${known.join(", ")}`, (value) => known.includes(value));
      }
      case "well_known_regex":
        return wellKnown(limit, modifiers.strict ? "strict" : "loose");
      case "strict":
      case "ignore_empty":
        return undefined;
      default:
        throw new UnsupportedRule(`string.${name}`);
    }
  };
}

function wellKnown(which: unknown, grade: "strict" | "loose"): Predicate {
  switch (which) {
    case KnownRegex.HTTP_HEADER_NAME:
      // What is not strict may be empty: Envoy takes it for unset.
      return text("must be a header name", (value) =>
        grade === "strict" ? headerToken.test(value) : !splitsHeader(value),
      );
    case KnownRegex.HTTP_HEADER_VALUE:
      return text("must be a header value", (value) =>
        grade === "strict" ? !hasControl(value) : !splitsHeader(value),
      );
    default:
      throw new UnsupportedRule(`string.well_known_regex ${String(which)}`);
  }
}

function text(asks: string, holds: (value: string) => boolean): Predicate {
  return { asks, holds: (value) => typeof value === "string" && holds(value) };
}

function splitsHeader(value: string): boolean {
  return value.includes("\0") || value.includes("\n") || value.includes("\r");
}

/** Control characters other than a tab. */
function hasControl(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}
