import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isReflectList, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { HeaderMutationSchema } from "../generated/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js";
import { HeaderValueOptionSchema } from "../generated/envoy/config/core/v3/base_pb.js";
import { allOf, join, type Tree, type Violation } from "./located.js";

// RFC 9110 section 5.6.2.
const token = /^[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;

const removalLists: readonly string[] = ["request_headers_to_remove", "response_headers_to_remove"];

/**
 * Names of headers that a configuration writes or removes. Envoy refuses pseudo headers and `host`, but for the removals
 * of header_mutation; a name that is no token it would send as it is.
 */
export function headerNames(tree: Tree): Violation[] {
  return [
    ...allOf(tree, HeaderValueOptionSchema).flatMap(({ message, path }) =>
      message.header === undefined ? [] : nameFaults(message.header.key, join(path, "header.key"), "modified"),
    ),
    ...tree.all.flatMap(({ reflected, path }) => removalFaults(reflected, path)),
    ...allOf(tree, HeaderMutationSchema).flatMap(({ message, path }) =>
      message.action.case === "remove" ? tokenFaults(message.action.value.replace(/^:/, ""), join(path, "remove")) : [],
    ),
  ];
}

const removalsOf = new WeakMap<DescMessage, readonly DescField[]>();

function removals(type: DescMessage): readonly DescField[] {
  let fields = removalsOf.get(type);
  if (fields === undefined) {
    fields = type.fields.filter((field) => removalLists.includes(field.name));
    removalsOf.set(type, fields);
  }
  return fields;
}

function removalFaults(message: ReflectMessage, path: string): Violation[] {
  return removals(message.desc).flatMap((field) => {
    const names = message.get(field);
    if (!isReflectList(names)) return [];
    return [...names].flatMap((name, index) =>
      nameFaults(String(name), join(path, `${field.name}[${index}]`), "removed"),
    );
  });
}

function nameFaults(name: string, path: string, what: "modified" | "removed"): Violation[] {
  if (name.startsWith(":") || name.toLowerCase() === "host") return [{ path, message: `${name} cannot be ${what}` }];
  return tokenFaults(name, path);
}

/** An empty name is refused by a declared rule where Envoy refuses it. */
function tokenFaults(name: string, path: string): Violation[] {
  if (name === "" || token.test(name)) return [];
  return [{ path, message: `${JSON.stringify(name)} is not a header name` }];
}
