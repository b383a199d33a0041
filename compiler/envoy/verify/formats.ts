import type { JsonValue } from "@bufbuild/protobuf";
import { HeaderValueOptionSchema } from "../generated/envoy/config/core/v3/base_pb.js";
import {
  type SubstitutionFormatString,
  SubstitutionFormatStringSchema,
} from "../generated/envoy/config/core/v3/substitution_format_string_pb.js";
import { FileAccessLogSchema } from "../generated/envoy/extensions/access_loggers/file/v3/file_pb.js";
import { allOf, join, type Tree, type Violation } from "./located.js";

/**
 * Format strings in which a `%` starts no command. A literal one is written `%%`. Whether Envoy knows the command is not
 * looked at.
 */
export function formats(tree: Tree): Violation[] {
  return [
    ...allOf(tree, HeaderValueOptionSchema).flatMap(({ message, path }) =>
      formatFaults(message.header?.value ?? "", join(path, "header.value")),
    ),
    ...allOf(tree, SubstitutionFormatStringSchema).flatMap(({ message, path }) => substitutionFaults(message, path)),
    ...allOf(tree, FileAccessLogSchema).flatMap(({ message, path }) =>
      message.accessLogFormat.case === "format"
        ? formatFaults(message.accessLogFormat.value, join(path, "format"))
        : [],
    ),
  ];
}

function substitutionFaults({ format }: SubstitutionFormatString, path: string): Violation[] {
  switch (format.case) {
    case "textFormat":
      return formatFaults(format.value, join(path, "text_format"));
    case "textFormatSource":
      return format.value.specifier.case === "inlineString"
        ? formatFaults(format.value.specifier.value, join(path, "text_format_source.inline_string"))
        : [];
    case "jsonFormat":
      return jsonFaults(format.value, join(path, "json_format"));
    case undefined:
      return [];
  }
}

function jsonFaults(value: JsonValue, path: string): Violation[] {
  if (typeof value === "string") return formatFaults(value, path);
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => jsonFaults(item, `${path}[${index}]`));
  return Object.entries(value).flatMap(([key, item]) => jsonFaults(item, join(path, key)));
}

// Envoy, "Access logging: command operators": %COMMAND(arguments):length%.
const command = /%%|%[A-Z0-9_]+(?:\([^)]*\))?(?::[0-9]+)?%/g;

function formatFaults(text: string, path: string): Violation[] {
  if (!text.replace(command, "").includes("%")) return [];
  return [{ path, message: `a % in ${JSON.stringify(text)} starts no command; write %% for a percent sign` }];
}
