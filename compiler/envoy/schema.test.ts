import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hasOption } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
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

  it("kept the rules of its fields", () => {
    expect(hasOption(ClusterSchema.field.name, rules)).toBe(true);
  });

  it("is small", () => {
    expect(statSync(path("envoy.binpb")).size).toBeLessThan(400_000);
  });
});
