// Cuts a FileDescriptorSet of all of Envoy's API down to what the messages in compiler/envoy/schema/roots.txt refer to.
//   node scripts/prune-envoy-schema.mjs <full descriptor set>
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const schema = new URL("../compiler/envoy/schema/", import.meta.url);
// What defines the custom options stays whole: an option nobody declares would be unreadable.
const options = /^(validate|udpa\/annotations|xds\/annotations\/v3|envoy\/annotations)\//;

const source = process.argv[2];
if (source === undefined) {
  console.error("usage: node scripts/prune-envoy-schema.mjs <full descriptor set>");
  process.exit(3);
}
const full = fromBinary(FileDescriptorSetSchema, readFileSync(source));
const roots = readFileSync(new URL("roots.txt", schema), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const pruned = prune(full, roots);
const bytes = toBinary(FileDescriptorSetSchema, pruned);
const target = fileURLToPath(new URL("envoy.binpb", schema));
writeFileSync(target, bytes);
console.log(`${target}: ${pruned.file.length} of ${full.file.length} files, ${bytes.length} bytes`);

/** Keeps the root messages, what they refer to, and the files that declare options; in the order of the full set. */
function prune(set, roots) {
  const types = typesByName(set);
  const kept = reach(
    types,
    roots,
    set.file.filter((file) => options.test(file.name)),
  );
  const files = [];
  for (const file of set.file) {
    const prefix = file.package === "" ? "" : `${file.package}.`;
    const messageType = pruneMessages(file.messageType, prefix, kept);
    const enumType = file.enumType.filter((type) => kept.has(prefix + type.name));
    const isOptions = options.test(file.name);
    if (!isOptions && messageType.length + enumType.length === 0) continue;
    const extension = isOptions ? file.extension : [];
    const imports = new Set(file.dependency.filter((name) => options.test(name)));
    if (extension.length > 0) imports.add("google/protobuf/descriptor.proto");
    for (const reference of references({ nestedType: messageType, field: extension })) {
      const definition = types.get(reference);
      if (definition !== undefined) imports.add(definition.file.name);
    }
    imports.delete(file.name);
    files.push(
      create(FileDescriptorProtoSchema, {
        name: file.name,
        package: file.package,
        syntax: file.syntax,
        edition: file.edition,
        options: file.options,
        messageType,
        enumType,
        extension,
        // A public import may stand for the file that defines a type: name the defining file itself.
        dependency: [...imports].sort(),
      }),
    );
  }
  return create(FileDescriptorSetSchema, { file: inOrderOfImport(files) });
}

/** Every message and enum of the set by full name, with its file and the message around it. */
function typesByName(set) {
  const types = new Map();
  const visit = (file, prefix, messages, enums, outer) => {
    for (const type of enums) types.set(prefix + type.name, { file, outer });
    for (const type of messages) {
      const name = prefix + type.name;
      types.set(name, { file, outer, message: type });
      visit(file, `${name}.`, type.nestedType, type.enumType, name);
    }
  };
  for (const file of set.file)
    visit(file, file.package === "" ? "" : `${file.package}.`, file.messageType, file.enumType);
  return types;
}

function reach(types, roots, optionFiles) {
  const kept = new Set();
  const queue = [...roots, "google.protobuf.FieldOptions"];
  for (const file of optionFiles) {
    queue.push(...[...types].filter(([, type]) => type.file === file).map(([name]) => name));
    queue.push(...references({ nestedType: [], field: file.extension }));
  }
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (kept.has(name)) continue;
    const type = types.get(name);
    if (type === undefined) throw new Error(`the descriptor set has no ${name}`);
    kept.add(name);
    if (type.outer !== undefined) queue.push(type.outer);
    if (type.file.name === "google/protobuf/descriptor.proto") {
      // protobuf-es reads every option message: its own descriptor file stays whole.
      queue.push(...[...types].filter(([, other]) => other.file === type.file).map(([other]) => other));
    }
    if (type.message !== undefined) queue.push(...references({ nestedType: [], field: type.message.field }));
  }
  return kept;
}

function pruneMessages(messages, prefix, kept) {
  return messages
    .filter((type) => kept.has(prefix + type.name))
    .map((type) => ({
      ...type,
      nestedType: pruneMessages(type.nestedType, `${prefix}${type.name}.`, kept),
      enumType: type.enumType.filter((inner) => kept.has(`${prefix}${type.name}.${inner.name}`)),
    }));
}

/** Full names of the types that fields of a message, and of the messages within, refer to. */
function references(message) {
  const named = message.field.map((field) => field.typeName).filter((name) => name !== "");
  const extendee = message.field.map((field) => field.extendee).filter((name) => name !== "");
  const own = [...named, ...extendee].map((name) => name.slice(1));
  return message.nestedType.reduce((all, inner) => all.concat(references(inner)), own);
}

/** A file after everything that it imports, as protoc orders a set. */
function inOrderOfImport(files) {
  const byName = new Map(files.map((file) => [file.name, file]));
  const ordered = new Set();
  const visit = (file) => {
    if (ordered.has(file)) return;
    for (const name of file.dependency) {
      const imported = byName.get(name);
      if (imported === undefined) throw new Error(`${file.name} imports ${name}, which was pruned`);
      visit(imported);
    }
    ordered.add(file);
  };
  for (const file of files) visit(file);
  return [...ordered];
}
