import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { disallowed_by_default, disallowed_by_default_enum } from "../generated/envoy/annotations/deprecation_pb.js";
import { join, type Tree, type Violation } from "./located.js";

/** Fields and enum values that Envoy refuses since they are deprecated, also an enum value by default. */
export function disallowed({ all }: Tree): Violation[] {
  return all.flatMap(({ reflected, path }) =>
    disallowedIn(reflected).map(({ field, message }) => ({ path: join(path, field), message })),
  );
}

const suspectsOf = new WeakMap<DescMessage, readonly DescField[]>();

/** The fields of a type that are refused, or can hold a value that is. */
function suspects(type: DescMessage): readonly DescField[] {
  let fields = suspectsOf.get(type);
  if (fields === undefined) {
    fields = type.fields.filter(
      (field) =>
        isRefused(field) ||
        (field.fieldKind === "enum" && field.enum.values.some((value) => hasOption(value, disallowed_by_default_enum))),
    );
    suspectsOf.set(type, fields);
  }
  return fields;
}

function isRefused(field: DescField): boolean {
  return hasOption(field, disallowed_by_default) && getOption(field, disallowed_by_default);
}

function disallowedIn(message: ReflectMessage): { field: string; message: string }[] {
  return suspects(message.desc).flatMap((field) => {
    if (isRefused(field) && message.isSet(field)) {
      return [{ field: field.name, message: "is deprecated, Envoy refuses it" }];
    }
    if (field.fieldKind !== "enum" || (field.oneof !== undefined && !message.isSet(field))) return [];
    const number = message.get(field);
    const value = field.enum.values.find((known) => known.number === number);
    if (value === undefined || !hasOption(value, disallowed_by_default_enum)) return [];
    return [{ field: field.name, message: `${value.name} is deprecated, Envoy refuses it` }];
  });
}
