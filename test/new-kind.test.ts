import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Clone, cloneRepository } from "./new-kind/clone.js";
import { requireEnvoy } from "./support/envoy.js";

// `npm run new:kind` in a copy of the repository, and what CONTRIBUTING.md says to do then: the kind must work as it is made.

const LONGEST = "want-the-longest-name-of-kinds";

let clone: Clone;
beforeAll(async () => {
  clone = await cloneRepository();
});
afterAll(() => clone?.remove());

describe("stops before it writes anything", () => {
  it.each([
    ["no name", [], "One name is wanted."],
    ["capital letters", ["requireHeader"], "`requireHeader` cannot be the name of a kind."],
    ["a word that begins with a digit", ["oauth-2"], "`oauth-2` cannot be the name of a kind."],
    ["a path", ["../outside"], "`../outside` cannot be the name of a kind."],
    ["a word of JavaScript", ["delete"], "`delete` means something else already."],
    ["a key of any policy", ["on-error"], "`onError` means something else already."],
    ["a constant of the modules", ["auth"], "`auth` means something else already."],
    ["a kind that is there", ["rate-limit"], "filters/rate-limit is there already."],
    ["a folder that is no kind", ["proxy-wasm"], "filters/proxy-wasm is there already."],
  ])("at %s", async (_what, args, message) => {
    await refuses(args, message);
  });

  it.each([
    [
      "filters/modules/kinds.ts",
      "export enum Kind {",
      "export enum PolicyKind {",
      "the members of `Kind` is not found",
    ],
    ["filters/README.md", "| [cors](cors/README.md)", "\n| [cors](cors/README.md)", "is found 2 times"],
  ])("where a place of %s is gone", async (path, from, to, message) => {
    const file = join(clone.folder, path);
    const text = await readFile(file, "utf8");
    expect(text).toContain(from);
    await writeFile(file, text.replace(from, to));
    try {
      await refuses(["require-header"], `${path}: `, message);
    } finally {
      await writeFile(file, text);
    }
  });

  async function refuses(args: readonly string[], ...messages: readonly string[]): Promise<void> {
    const before = await state();
    const result = await clone.attempt(["node scripts/new-kind.mjs", ...args].join(" "));
    expect(result).toMatchObject({ kind: "ended", code: 1, stdout: "" });
    const said = result.kind === "ended" ? result.stderr : "";
    for (const message of [...messages, "\nfix: ", "Nothing was written."]) expect(said).toContain(message);
    expect(await state()).toEqual(before);
  }

  async function state(): Promise<string[]> {
    const paths = (await clone.files()).filter((path) => /^(filters|asconfig|test\/language)/.test(path));
    return Promise.all(paths.map(async (path) => `${path}\n${await readFile(join(clone.folder, path), "utf8")}`));
  }
});

/** All modules are built, on a machine that may have other work. */
const BUILD_MS = 300_000;

describe("the kind requireHeader", () => {
  let added: string[] = [];

  beforeAll(async () => {
    const before = new Set(await clone.files());
    const said = await clone.run("npm run new:kind -- require-header");
    added = (await clone.files()).filter((path) => !before.has(path));
    // One more: places are found again after the first, and lines break elsewhere.
    await clone.run(`npm run new:kind -- ${LONGEST}`);
    for (const path of [...added, "filters/modules/kinds.ts"]) expect(said).toContain(`  ${path}\n`);
    await clone.run("npm run build");
  }, BUILD_MS);

  it("has everything that a kind has", () => {
    expect(added).toEqual(
      [
        "README.md",
        "assembly/policy.ts",
        "assembly/require-header.ts",
        "cases/accepted/policy.yaml",
        "cases/rejects-capital-letters/policy.yaml",
        "kind.ts",
        "model.ts",
        "module.ts",
        "require-header.test.ts",
      ].map((path) => `filters/require-header/${path}`),
    );
  });

  it(
    "is in the one style, and its types fit",
    async () => {
      await clone.run("npm run check");
    },
    BUILD_MS,
  );

  it("gets its goldens, schemas and references, and a page whose blocks and links are right", async () => {
    // The part of `npm run golden:update` that a kind changes and that needs no Envoy.
    const files = ["golden", "language", "module-schema"].map((name) => `test/${name}.test.ts`);
    const script = await clone.run("npm pkg get scripts.golden:update");
    for (const file of files) expect(script).toContain(file);
    const needed = `^cases |^examples |^every golden|filters/(require-header|${LONGEST})|of filters/README.md|up to date`;
    const line = `npx vitest run ${files.join(" ")} test/documents.test.ts -t "${needed}"`;
    await clone.run(line, { UPDATE_GOLDEN: "1" });
    const written = (path: string) => readFile(join(clone.folder, path), "utf8");
    expect(await written("filters/require-header/cases/rejects-capital-letters/diagnostics.golden.txt")).toContain(
      "a header name is written in lower case",
    );
    for (const path of ["compiler/LANGUAGE.md", "schema/gateway.v1.json", "schema/module.v1.json"])
      expect(await written(path), path).toContain("requireHeader");
    for (const path of ["schema/module-auth.v1.json", "schema/module-rate-limit.v1.json"])
      expect(await written(path), path).not.toContain("requireHeader");
  });

  it("passes its own tests, the laws of the repository and the goldens", async () => {
    await clone.run("npx vitest run filters/require-header test/repository.test.ts test/golden.test.ts");
    await clone.run(`npx vitest run filters/${LONGEST}`);
  });

  it("decides in the command, on the embedded host and in a real Envoy", async () => {
    const folder = join(clone.folder, "shop");
    await mkdir(folder);
    await writeFile(join(folder, "policy.yaml"), POLICY);
    await writeFile(join(folder, "policy.test.yaml"), TESTS);
    const env = { SLUICE_ENVOY: (await requireEnvoy()).path };
    await clone.run("npx sluice check shop --fail-on warning", env);
    const explained = (request: string) =>
      clone.run(`npx sluice explain --request '${request}' -p shop/policy.yaml`, env);
    expect(await explained("GET /orders/7")).toContain("decision  tenants denied header-missing");
    expect(await explained("GET /orders/7 x-tenant:acme")).toContain("decision  tenants allowed header-present");
    expect(await clone.run("npx sluice test shop --engine both", env)).toContain("2 passed");
  });
});

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
policies:
  tenants: { requireHeader: { header: x-tenant } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [tenants] }
`;

const TESTS = `apiVersion: sluice/v1
kind: Test
policy: policy.yaml
cases:
  - name: without the header nobody passes
    request: { path: /orders/7 }
    expect: { status: 403, decidedBy: tenants, upstream: none, problem: { title: Forbidden } }
  - name: with it anybody does
    request: { path: /orders/7, headers: { x-tenant: acme } }
    expect: { status: 200, decidedBy: tenants, upstream: { service: orders, headers: { x-tenant: acme } } }
`;
