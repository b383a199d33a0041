import {
  create,
  createFileRegistry,
  type DescField,
  type DescFile,
  type DescMessage,
  type Message,
} from "@bufbuild/protobuf";
import type { GenFile } from "@bufbuild/protobuf/codegenv2";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { protos as text } from "./generated/protos.js";

/*
 * The descriptors of Envoy's messages, all made at once. What protoc-gen-es writes by itself makes a registry for each
 * file of all that the file imports, and reads the binary form with a table of fields for each message: half of the time
 * of a small compilation.
 */

const WELL_KNOWN: readonly DescFile[] = [
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

const protos: readonly FileDescriptorProto[] = list(JSON.parse(text)).map((literal) => {
  const proto = create(FileDescriptorProtoSchema);
  fill(proto, FileDescriptorProtoSchema, literal);
  return proto;
});

const sources = new Map<string, DescFile | FileDescriptorProto>(protos.map((proto) => [proto.name, proto]));
for (const file of WELL_KNOWN) sources.set(file.proto.name, file);

// A file that imports all of them, from the last to the first: the registry adds the imports of a file from behind.
const everything = create(FileDescriptorProtoSchema, { dependency: protos.map(({ name }) => name).reverse() });
const registry = createFileRegistry(everything, (name) => sources.get(name));

/**
 * The descriptor of a file such as `envoy/config/core/v3/address.proto`. Generated modules take theirs here.
 * @throws Error if the schema has no such file
 */
export function fileNamed(name: string): GenFile {
  const file = registry.getFile(name);
  if (file === undefined) throw new Error(`no descriptor of ${name}`);
  return file;
}

/** All but those of google.protobuf, each after what it imports. */
export const files: readonly GenFile[] = protos.map(({ name }) => fileNamed(name));

/** Sets what `literal` of scripts/generate-envoy-types.mjs wrote: fields by local name, unknown ones under `$unknown`. */
function fill(message: Message, type: DescMessage, literal: unknown): void {
  if (typeof literal !== "object" || literal === null) throw new TypeError(`${type.typeName}: not an object`);
  for (const [name, value] of Object.entries(literal)) {
    const field = type.field[name];
    if (field !== undefined) Reflect.set(message, name, fieldValue(field, value));
    else if (name === "$unknown") message.$unknown = list(value).map(unknownField);
    else throw new TypeError(`${type.typeName} has no field ${name}`);
  }
}

function fieldValue(field: DescField, value: unknown): unknown {
  const type = field.message;
  if (type === undefined) return value;
  const made = (literal: unknown) => {
    const message = create(type);
    fill(message, type, literal);
    return message;
  };
  return field.fieldKind === "list" ? list(value).map(made) : made(value);
}

function unknownField(literal: unknown): { no: number; wireType: number; data: Uint8Array } {
  const [no, wireType, data] = list(literal);
  return { no: Number(no), wireType: Number(wireType), data: Buffer.from(String(data), "base64") };
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("not an array");
  return value;
}
