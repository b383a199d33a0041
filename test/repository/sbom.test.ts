import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { pinOf } from "../../compiler/wasm/bill.js";
import { moduleNames } from "../../compiler/wasm/contracts.js";

const root = packageRoot();
const text = (name: string) => readFileSync(join(root, "dist/modules", `${name}.cdx.json`), "utf8");
const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

const component = z.object({
  type: z.string(),
  name: z.string(),
  version: z.string().optional(),
  "bom-ref": z.string(),
  purl: z.string().optional(),
  hashes: z.array(z.object({ alg: z.string(), content: z.string() })),
  licenses: z.array(z.object({ license: z.object({ id: z.string() }) })),
});
const nested = component.extend({ components: z.array(component).optional() });
const bill = z.object({
  specVersion: z.literal("1.6"),
  serialNumber: z.string(),
  metadata: z.object({ timestamp: z.undefined().optional(), component }),
  components: z.array(nested),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
});

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

describe.each(moduleNames)("the bill of materials of %s.wasm", (name) => {
  const { components, dependencies, metadata, serialNumber } = bill.parse(JSON.parse(text(name)));
  const files = components.filter(({ type }) => type === "file");

  it("is CycloneDX 1.6, by its own schema", async () => {
    expect(await validator.validate(text(name))).toBeNull();
    const wrong = text(name).replace('"alg": "SHA-256"', '"alg": "SHA-257"');
    expect(await validator.validate(wrong)).not.toBeNull();
  });

  it("pins the module that ships", () => {
    const version: unknown = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))).version;
    const digest = sha256(join(root, "dist/modules", `${name}.wasm`));
    expect(pinOf(text(name))).toEqual({ name: `${name}.wasm`, version, sha256: digest, license: "Apache-2.0" });
    expect(pinOf(text(name).replace(digest, "none"))).toBeUndefined();
    expect(pinOf("{")).toBeUndefined();
  });

  it("names every source with its digest, the entry and each kind that is in it among them", () => {
    for (const file of files)
      expect(file.hashes, file.name).toEqual([{ alg: "SHA-256", content: sha256(join(root, file.name)) }]);
    const names = files.map((file) => file.name);
    expect(names).toContain(`filters/modules/${name}.ts`);
    const isOfBodies = ["body", "soap"].includes(name);
    expect(names).toContain(`filters/${isOfBodies ? "soap/assembly/reader" : "authenticate/assembly/authenticate"}.ts`);
    expect(
      names.filter((one) => one.includes("~") || one.includes(".test.")),
      "what is none of our sources",
    ).toEqual([]);
  });

  it("names the packages of which something is in it, with version, digest and licence", () => {
    const locked = z
      .object({
        packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
      })
      .parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"))).packages;
    const libraries = components.filter(({ type }) => type === "library");
    expect(libraries.map((one) => one["bom-ref"])).toEqual(["@gcoredev/proxy-wasm-sdk-as", "assemblyscript"]);
    for (const library of libraries) {
      const entry = locked[`node_modules/${library["bom-ref"]}`];
      expect(library.version).toBe(entry?.version);
      const [hash] = library.hashes;
      expect(`sha512-${Buffer.from(hash?.content ?? "", "hex").toString("base64")}`).toBe(entry?.integrity);
      expect(library.licenses).toEqual([{ license: { id: "Apache-2.0" } }]);
    }
    const declared = libraries[0]?.components ?? [];
    expect(declared.map((one) => one.name)).toEqual(["@gcoredev/proxy-wasm-sdk-as/assembly/imports.ts"]);
  });

  it("says of what the module is made, and nothing of when and where", () => {
    const own = dependencies.find(({ ref }) => ref === metadata.component["bom-ref"]);
    expect(own?.dependsOn?.toSorted()).toEqual(components.map((one) => one["bom-ref"]).toSorted());
    expect(text(name)).not.toMatch(new RegExp(`${root}|timestamp|20\\d\\d-\\d\\d-\\d\\d`));
    // A UUID of version 8: its bits come from the digest.
    expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

it("bills of two modules have different numbers", () => {
  expect(new Set(moduleNames.map((name) => bill.parse(JSON.parse(text(name))).serialNumber)).size).toBe(
    moduleNames.length,
  );
});
