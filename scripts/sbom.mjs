// Bills of materials of the modules, as CycloneDX 1.6: what a module was made of, with digests and licences. The same
// module of the same sources has the same bill: no time, no host, and a serial number that comes of the digest.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";

/** The standard library comes with the compiler, and the declarations of the ABI with the SDK; nothing else has a `~lib/`. */
const SDK = "@gcoredev/proxy-wasm-sdk-as";
const COMPILER = "assemblyscript";

/**
 * The bill of one module.
 *
 * @param root where node_modules, package.json and package-lock.json are
 * @param module its file name, its bytes, the `runtime` of AssemblyScript, and the paths of the sources that the compiler read
 *   for it, as it names them: from the root, or with `~lib/`
 * @throws Error if a source is of no package that is known here, or a package says nothing about its licence
 */
export function billOf(root, { name, binary, sources, runtime }) {
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const license = licenseOf(own.license, own.name);
  const module = new Models.Component(Enums.ComponentType.Application, name, {
    bomRef: name,
    version: own.version,
    purl: `pkg:npm/${own.name}@${own.version}#dist/modules/${name}`,
    hashes: hashes(binary),
    licenses: new Models.LicenseRepository([license]),
  });
  const packages = [
    packageComponent(root, locked, COMPILER, {
      description: `standard library and the ${runtime} runtime, as far as the module uses them`,
      files: [],
    }),
  ];
  const declarations = sources.filter((path) => path.startsWith(`~lib/${SDK}/`));
  if (declarations.length > 0)
    packages.push(
      packageComponent(root, locked, SDK, {
        description: "declarations of the host functions, and nothing of its runtime",
        files: declarations.map((path) => path.slice("~lib/".length)),
      }),
    );
  const ours = sources
    .filter((path) => !path.startsWith("~lib/"))
    .map((path) => fileComponent(path, readFileSync(join(root, path)), licenseOf(own.license, own.name)));
  for (const component of [...packages, ...ours]) module.dependencies.add(component.bomRef);
  const tools = ["binaryen", COMPILER].map((tool) =>
    packageComponent(root, locked, tool, { ref: `tool:${tool}`, files: [] }),
  );
  const bom = new Models.Bom({
    serialNumber: serialNumber(binary),
    metadata: new Models.Metadata({
      component: module,
      lifecycles: new Models.LifecycleRepository([Enums.LifecyclePhase.Build]),
      tools: new Models.Tools({ components: new Models.ComponentRepository(tools) }),
    }),
    components: new Models.ComponentRepository([...packages, ...ours]),
  });
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function packageComponent(root, locked, name, { ref = name, description, files }) {
  const { version, integrity } = locked[`node_modules/${name}`] ?? {};
  const { license } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
  if (version === undefined) throw new Error(`package-lock.json has no ${name}`);
  const slash = name.indexOf("/");
  return new Models.Component(Enums.ComponentType.Library, name.slice(slash + 1), {
    bomRef: ref,
    ...(slash > 0 ? { group: name.slice(0, slash) } : {}),
    ...(description === undefined ? {} : { description }),
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-512"], hexOf(integrity, name)]]),
    licenses: new Models.LicenseRepository([licenseOf(license, name)]),
    components: new Models.ComponentRepository(
      files.map((path) =>
        fileComponent(path, readFileSync(join(root, "node_modules", path)), licenseOf(license, name)),
      ),
    ),
  });
}

function fileComponent(path, contents, license) {
  return new Models.Component(Enums.ComponentType.File, path, {
    bomRef: path,
    hashes: hashes(contents),
    licenses: new Models.LicenseRepository([license]),
  });
}

function hashes(contents) {
  const digest = createHash("sha256").update(contents).digest("hex");
  return new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], digest]]);
}

/** The digest that npm checks the archive of a package by. */
function hexOf(integrity, name) {
  const base64 = /^sha512-(\S+)$/.exec(integrity ?? "")?.[1];
  if (base64 === undefined) throw new Error(`package-lock.json has no SHA-512 of ${name}`);
  return Buffer.from(base64, "base64").toString("hex");
}

function licenseOf(license, name) {
  if (typeof license !== "string" || license.trim() === "") throw new Error(`${name} says nothing about its licence`);
  return new Models.SpdxLicense(license.trim());
}

/** A UUID of version 8 (RFC 9562), whose bits are those of the digest. */
function serialNumber(binary) {
  const bytes = createHash("sha256").update("sluice bill of materials\0").update(binary).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `urn:uuid:${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")}`;
}
