import { getOption, hasOption } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { disallowed_by_default, disallowed_by_default_enum } from "../generated/envoy/annotations/deprecation_pb.js";
import { join, type Tree, type Violation } from "./located.js";

/** Fields and enum values that Envoy refuses since they are deprecated, also an enum value by default. */
export function disallowed(tree: Tree): Violation[] {
  return tree.flatMap(({ reflected, path }) =>
    disallowedIn(reflected).map(({ field, message }) => ({ path: join(path, field), message })),
  );
}

function disallowedIn(message: ReflectMessage): { field: string; message: string }[] {
  return message.fields.flatMap((field) => {
    if (message.isSet(field) && hasOption(field, disallowed_by_default) && getOption(field, disallowed_by_default)) {
      return [{ field: field.name, message: "is deprecated, Envoy refuses it" }];
    }
    if (field.fieldKind !== "enum" || (field.oneof !== undefined && !message.isSet(field))) return [];
    const number = message.get(field);
    const value = field.enum.values.find((known) => known.number === number);
    if (value === undefined || !hasOption(value, disallowed_by_default_enum)) return [];
    return [{ field: field.name, message: `${value.name} is deprecated, Envoy refuses it` }];
  });
}
