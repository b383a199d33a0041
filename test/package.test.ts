import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../compiler/cli/files.js";
import { moduleNames } from "../compiler/wasm/contracts.js";
import { allDocuments, installationLines } from "./documents/markdown.js";
import { compiledTypes, demand, emptyFolder, type Packed, packed, programs, removeAll } from "./package/outside.js";
import { BUNDLED } from "./repository/imports.js";
import { sourceFiles } from "./support/cases.js";
import { requireEnvoy } from "./support/envoy.js";

/*
 * The package as a stranger has it: packed from a clone that has nothing built, installed into an empty folder, called as
 * README.md says. One tarball and one installation serve all tests here, in their order.
 */

const root = packageRoot();
const documents = allDocuments();
let work = "";
let outside = "";
let tarball: Packed;

beforeAll(async () => {
  work = await emptyFolder();
  outside = await emptyFolder();
  tarball = await packed(work);
});

afterAll(() => removeAll([work, outside]));

const installed = (path: string) => join(outside, "node_modules/sluicegate", path);
const text = (path: string) => readFileSync(installed(path), "utf8");

describe("the tarball", () => {
  it("has what is needed to run, the licences, and nothing else", () => {
    const expected = [
      ...["CHANGELOG.md", "LICENSE", "README.md", "package.json", "compiler/LANGUAGE.md"],
      ...sourceFiles(/^examples\//).filter((path) => statSync(join(root, path)).isFile()),
      ...[
        "fragment",
        "gateway",
        "module",
        "module-auth",
        "module-body",
        "module-rate-limit",
        "module-soap",
        "module-tracing",
        "test",
      ].map((name) => `schema/${name}.v1.json`),
      "dist/THIRD-PARTY.txt",
      ...moduleNames.flatMap((name) => [`dist/modules/${name}.wasm`, `dist/modules/${name}.cdx.json`]),
      ...[
        "dist/compiler/cli/main.js",
        "dist/compiler/index.js",
        "dist/compiler/api/index.js",
        "dist/compiler/chunks/*",
      ],
      // What scripts and benchmarks call by path.
      ...[
        "runtime/find",
        "runtime/process",
        "targets/envoy/emit",
        "targets/envoy/options",
        "wasm/contracts",
        "wasm/verify",
      ].map((name) => `dist/compiler/${name}.js`),
      ...TYPES,
    ];
    const files = tarball.files.map((path) => path.replace(/^(dist\/compiler\/chunks\/).*\.js$/, "$1*"));
    expect([...new Set(files)]).toEqual(expected.toSorted());
  });

  it("takes less than 1.6 megabytes", () => {
    expect(tarball.size).toBeLessThan(1_600_000);
  });
});

/** Files with the types of the API: one more shows a type of the compiler to everybody. */
const TYPES = [
  "dist/compiler/api/check.d.ts",
  "dist/compiler/api/compile.d.ts",
  "dist/compiler/api/index.d.ts",
  "dist/compiler/api/test.d.ts",
  "dist/compiler/diagnostics/render/finding.d.ts",
  "dist/compiler/runtime/environment-error.d.ts",
  "dist/compiler/testing/result.d.ts",
];

/** What `use.mts` finds. */
const RESULT = {
  checked: { ok: true, findings: [], suppressed: [], files: ["shop/policy.yaml"] },
  tests: ["shop/policy.test.yaml", "shop/policy.yaml"],
  worst: "mine.yaml:1:1 SL0102",
  fix: ["GET"],
  ok: true,
  files: ["shop/policy.yaml"],
  sizes: [
    ["envoy.yaml", expect.any(Number)],
    ["modules/guard.wasm", statSync(join(root, "dist/modules/guard.wasm")).size],
    ["sluice.lock.json", expect.any(Number)],
  ],
  tested: { ok: true, summary: { passed: expect.any(Number), failed: 0, notRun: 0 }, engines: ["embedded", "envoy"] },
  covered: { all: expect.any(Number), covered: expect.any(Number) },
  refusals: [
    "outside: nowhere.yaml: no such file",
    "outside: shop: not a file; name the file itself",
    "range: no target is named nginx; there are: envoy, envoy-gateway, istio",
    'range: no case has "no such case" in its name',
    "outside: shop/policy.yaml: no file of tests, which says `kind: Test`",
  ],
};

describe("an installation", () => {
  it("needs no other package, and does what README.md says", async () => {
    const [first, ...lines] = installationLines(documents);
    expect(first, "how README.md has the tarball made").toBe("npm pack");
    const printed: string[] = [];
    for (const line of lines) {
      const [program = "", ...args] = line.split(" ");
      expect(line, "a command of npm").toMatch(/^(npm install|npx sluice) /);
      const own = args.map((word) => (word.endsWith(".tgz") ? tarball.path : word));
      printed.push(await demand(program, program === "npm" ? [...own, "--omit=dev"] : own, outside));
      if (program !== "npm") continue;
      const list = await demand("npm", ["ls", "--all", "--parseable"], outside);
      expect(list.trim().split("\n").slice(1)).toEqual([installed("").replace(/\/$/, "")]);
    }
    expect(lines.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
      expect.stringMatching(/^npm install \S+\.tgz$/),
      ...["init", "check", "test", "compile", "--version"].map((verb) => `npx sluice ${verb}`),
    ]);
    expect(printed.at(-1)).toBe(
      `${z.object({ version: z.string() }).parse(JSON.parse(text("package.json"))).version}\n`,
    );
    expect(existsSync(join(outside, "build/envoy.yaml"))).toBe(true);
    expect(readFileSync(join(outside, "build/modules/guard.wasm"))).toEqual(
      readFileSync(installed("dist/modules/guard.wasm")),
    );
  });

  it("hands on the licences of what it contains, and of nothing else", () => {
    const named = [...text("dist/THIRD-PARTY.txt").matchAll(/^-{80}\n\n(\S+) \d\S*: .+$/gm)].map(([, name]) => name);
    // What runs in the modules, what saxes is made of, and what tar-stream and ajv are.
    const parts = [
      "b4a",
      "events-universal",
      "fast-deep-equal",
      "fast-fifo",
      "fast-uri",
      "json-schema-traverse",
      "streamx",
      "text-decoder",
    ];
    expect(named).toEqual([...BUNDLED, "assemblyscript", "xmlchars", ...parts].toSorted());
  });

  it("gives modules and schemas by name, and nothing of its inside", async () => {
    const script = `
      const { createRequire } = require("node:module");
      const ids = process.argv.slice(1);
      console.log(JSON.stringify(ids.map((id) => { try { return require.resolve(id); } catch (error) { return error.code; } })));
    `;
    const ids = ["modules/guard.wasm", "schema/gateway.v1.json", "package.json", "dist/compiler/index.js"];
    const found = await demand(process.execPath, ["-e", script, ...ids.map((id) => `sluicegate/${id}`)], outside);
    expect(JSON.parse(found)).toEqual([
      installed("dist/modules/guard.wasm"),
      installed("schema/gateway.v1.json"),
      installed("package.json"),
      "ERR_PACKAGE_PATH_NOT_EXPORTED",
    ]);
  });
});

describe("the API", () => {
  const blocks = documents
    .flatMap((document) => document.blocks)
    .filter(({ language, text }) => language === "ts" && text.includes('from "sluicegate"'));
  const names = blocks.map((_, index) => `document-${index}`);

  beforeAll(() =>
    programs(outside, Object.fromEntries(names.map((name, index) => [`${name}.mts`, blocks[index]?.text ?? ""]))),
  );

  it("has types that need nothing else", async () => {
    const bundler = { module: "ESNext", moduleResolution: "bundler", noEmit: true };
    expect(await compiledTypes(outside, ["use.mts"], bundler)).toEqual([]);
  });

  it("refuses every wrong use", async () => {
    const lines = readFileSync(join(outside, "wrong.mts"), "utf8").split("\n");
    const wrong = lines.flatMap((line, index) => (line.endsWith(" // wrong") ? [index + 1] : []));
    const said = await compiledTypes(outside, ["wrong.mts"], { module: "NodeNext", noEmit: true });
    const refused = said.flatMap((line) => /^wrong\.mts\((\d+),/.exec(line)?.[1] ?? []).map(Number);
    expect([...new Set(refused)], said.join("\n")).toEqual(wrong);
  });

  it("works in Node as it is declared, and as README.md shows it", async () => {
    const typeRoots = [join(root, "node_modules/@types")];
    const options = { module: "NodeNext", outDir: ".", types: ["node"], typeRoots };
    const files = ["use.mts", "use.cts", ...names.map((name) => `${name}.mts`)];
    expect(await compiledTypes(outside, files, options)).toEqual([]);
    const env = { SLUICE_ENVOY: (await requireEnvoy()).path };
    const script = 'import("./use.mjs").then(({ result }) => console.log(JSON.stringify(result)))';
    const result: unknown = JSON.parse(await demand(process.execPath, ["-e", script], outside, env));
    expect(result).toEqual(RESULT);
    const required = 'console.log(JSON.stringify(require("./use.cjs").targets))';
    expect(await demand(process.execPath, ["-e", required], outside)).toBe('["envoy","envoy-gateway","istio"]\n');
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) await demand(process.execPath, [`${name}.mjs`], outside, env);
  });

  it("says what each of its names is", async () => {
    const declarations = TYPES.map(text).join("\n");
    const index = text("dist/compiler/api/index.d.ts");
    const listed = [...index.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, areTypes, list = ""]) =>
      list.split(",").flatMap((word) => {
        const [, type, name] = /^(type )?(\w+)$/.exec(word.trim()) ?? [];
        return name === undefined ? [] : [{ name, isType: areTypes !== undefined || type !== undefined }];
      }),
    );
    const constants = [...index.matchAll(/^export declare const (\w+)/gm)].map(([, name = ""]) => ({
      name,
      isType: false,
    }));
    const exported = [...listed, ...constants];
    expect(exported.length).toBeGreaterThan(20);
    const unsaid = exported.filter(
      ({ name }) =>
        !new RegExp(`\\*/\nexport (declare )?(interface|type|function|class|const) ${name}\\b`).test(declarations),
    );
    expect(unsaid).toEqual([]);
    const script = 'import("sluicegate").then((api) => console.log(JSON.stringify(Object.keys(api))))';
    const values = exported.filter(({ isType }) => !isType).map(({ name }) => name);
    expect(JSON.parse(await demand(process.execPath, ["-e", script], outside))).toEqual(values.toSorted());
  });
});
