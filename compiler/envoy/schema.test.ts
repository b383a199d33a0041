import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRegistry, equals, fromBinary, hasOption } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { files } from "./descriptors.js";
import { ClusterSchema } from "./generated/envoy/config/cluster/v3/cluster_pb.js";
import { rules } from "./generated/validate/validate_pb.js";
import { registry } from "./registry.js";

const path = (name: string) => fileURLToPath(new URL(`schema/${name}`, import.meta.url));

describe("the pruned schema", () => {
  it("has every root", () => {
    const roots = readFileSync(path("roots.txt"), "utf8").split("\n");
    const names = roots.filter((line) => line !== "" && !line.startsWith("#"));
    expect(names.filter((name) => registry.getMessage(name) === undefined)).toEqual([]);
  });

  it("is what the descriptors are made from", () => {
    const { file: all } = fromBinary(FileDescriptorSetSchema, readFileSync(path("envoy.binpb")));
    const ours = all.filter(({ name }) => !name.startsWith("google/protobuf/"));
    expect(files.map(({ proto }) => proto.name)).toEqual(ours.map(({ name }) => name));
    for (const [index, proto] of ours.entries()) {
      const made = files[index]?.proto;
      const isSame =
        made !== undefined &&
        equals(FileDescriptorProtoSchema, made, proto, { unknown: true, registry: createRegistry() });
      expect(isSame, proto.name).toBe(true);
    }
  });

  it("kept the rules of its fields", () => {
    expect(hasOption(ClusterSchema.field.name, rules)).toBe(true);
  });

  it("is small", () => {
    expect(statSync(path("envoy.binpb")).size).toBeLessThan(400_000);
  });
});
