import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../compiler/cli/files.js";
import { codes } from "../compiler/diagnostics/catalog.js";
import { checkText, targetNames } from "../compiler/index.js";
import { guardConfiguration } from "../compiler/plan/guard.js";
import { kinds } from "../filters/index.js";
import { BUNDLED, importsAgainstTheDirection, importsOf, strayYaml, undeclaredPackages } from "./repository/imports.js";
import { allSources, isAssembly, isTest, type Source } from "./repository/sources.js";
import { claimsOf, unfounded } from "./repository/tree.js";
import * as words from "./repository/words.js";
import { allCases, type Case, sourceFiles } from "./support/cases.js";

const root = packageRoot();
const sources = allSources();
const assembly = sources.filter((source) => isAssembly(source));
const typescript = sources.filter((source) => !isAssembly(source) && source.path.endsWith(".ts"));

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Holds a law for many files; each finding is a line `path:line: what`. */
function expectNone(law: (source: Source) => string[], files: readonly Source[], message: string): void {
  expect(files.length, "no files were looked at").toBeGreaterThan(0);
  expect(files.flatMap(law), message).toEqual([]);
}

describe("imports", () => {
  const manifest = z
    .object({ devDependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(read("package.json")));
  const packages = Object.keys(manifest.devDependencies);

  it("point from the command line to the stages, and never from the core to a kind or from a kind to a kind", () => {
    expectNone(importsAgainstTheDirection, sources, "the layers are drawn in test/repository/imports.ts");
  });

  it("lead to files that are there", () => {
    const missing = (source: Source) =>
      importsOf(source)
        .filter(({ to }) => !/^(npm|node):|\/generated\//.test(to) && !existsSync(join(root, to)))
        .map(({ to, line }) => `${source.path}:${line}: ${to} is not there`);
    expectNone(missing, sources, "write the path of the file that is meant");
  });

  it("name packages that package.json declares", () => {
    expectNone((source) => undeclaredPackages(source, packages), sources, "add the package, or do without it");
  });

  it("of shipped code are bundled, each of them", () => {
    const shipped = sources.filter((source) => /^(compiler|filters)\//.test(source.path) && !isTest(source));
    const imported = shipped.flatMap((source) => (isAssembly(source) ? [] : importsOf(source).map(({ to }) => to)));
    const names = imported.flatMap((to) => /^npm:(.*)/.exec(to)?.[1] ?? []);
    expect(BUNDLED, "BUNDLED of test/repository/imports.ts").toEqual([...new Set(names)].toSorted());
  });

  it("take js-yaml only where YAML is read and where it is printed", () => {
    expectNone(strayYaml, sources, "use readDocument() or toYaml()");
  });
});

describe("TypeScript", () => {
  it("has no hole in its types", () => {
    expectNone(words.typeHoles, typescript, "narrow the value, or parse it with a schema");
  });

  it("silences no check", () => {
    expectNone(words.silencedChecks, typescript, "let the compiler see the line");
  });
});

describe("the compiler", () => {
  const compiler = typescript.filter((source) => /^(compiler|filters)\//.test(source.path) && !isTest(source));

  it("says the same on every machine", () => {
    expectNone(words.localHabits, compiler, "compare by code unit, and compute in UTC");
  });

  it("says the same on every run", () => {
    // What drives a real Envoy lives in real time.
    const stages = compiler.filter(({ path }) => !/^compiler\/(cli|runtime|testing\/envoy)\//.test(path));
    expectNone(words.momentaryValues, stages, "hand it in from cli/ or runtime/");
  });
});

describe("AssemblyScript", () => {
  it("cannot trap on purpose", () => {
    expectNone(words.traps, assembly, "errors are return values (filters.md, rule 4)");
  });

  it("touches bare memory only in filters/lib and filters/proxy-wasm", () => {
    expectNone(words.bareMemory, assembly, "use, or add, a function of filters/lib that does it");
  });

  it("asks the host for nothing in filters/lib", () => {
    const lib = assembly.filter(({ path }) => path.startsWith("filters/lib/"));
    expectNone(words.hostCalls, lib, "host calls are made in filters/proxy-wasm");
  });
});

describe("every file", () => {
  it("is short enough to read", () => {
    expectNone(words.tooLong, sources, "divide it by what it is about");
  });

  it("is finished", () => {
    expectNone(words.leftNotes, sources, "do it, or write down why not");
  });

  it("lets every test run", () => {
    expectNone(words.sleepingTests, sources, "a known failure is data with a reason");
  });
});

/** `rateLimit` lives in `rate-limit`. */
function folderOf(kind: string): string {
  return `filters/${kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

describe("policy kinds", () => {
  const names = kinds.map((kind) => kind.name);

  it("are listed once, in order of their names, and none is left out", () => {
    expect(names, "filters/index.ts").toEqual([...new Set(names)].toSorted());
    const folders = sourceFiles(/^filters\/[^/]+\/kind\.ts$/).map((path) => dirname(path));
    expect(names.map(folderOf).toSorted(), "folders with a kind.ts, and kinds of filters/index.ts").toEqual(folders);
  });

  it.each(names)("%s has its page, its code and its cases", (name) => {
    const folder = folderOf(name);
    const mine = allCases().filter((one) => one.folder.startsWith(`${folder}/cases/`));
    expect(
      mine.some((one) => !one.rejects),
      `${folder}/cases has a policy that is taken`,
    ).toBe(true);
    expect(
      mine.some((one) => one.rejects),
      `${folder}/cases has a policy that is refused (rejects-*)`,
    ).toBe(true);
    const parts = ["README.md", "kind.ts", ...(mine.some((one) => reachesTheGuard(name, one)) ? ["assembly"] : [])];
    expect(
      parts.filter((part) => !existsSync(join(root, folder, part))),
      `missing in ${folder}`,
    ).toEqual([]);
  });

  /** True if the guard's configuration for a case holds a policy of the kind: then a module has to know the kind. */
  function reachesTheGuard(kind: string, one: Case): boolean {
    const { plan } = checkText(one.policyPath, one.policy, one.files);
    const policies = plan === undefined ? [] : guardConfiguration(plan, []).policies;
    return JSON.stringify(policies).includes(`"${kind}":`);
  }
});

describe("targets", () => {
  it("are listed once, in order of their names, and none is left out", () => {
    expect(targetNames, "compiler/targets/index.ts").toEqual([...new Set(targetNames)].toSorted());
    const folders = readdirSync(join(root, "compiler/targets"), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const expected = targetNames.map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
    // What targets of Kubernetes have in common.
    expect(folders.map((entry) => entry.name).toSorted(), "folders of compiler/targets").toEqual(
      [...expected, "kubernetes"].toSorted(),
    );
  });
});

describe("findings", () => {
  /** Texts in which a test saw a code: goldens, and literals of tests that check the compiler. */
  const goldens = sourceFiles(/\/diagnostics\.golden\.txt$/).map(read);
  const literals = sources
    .filter((source) => isTest(source) && !source.path.startsWith("test/repository"))
    .flatMap((source) => source.tokens.filter((token) => token.kind === "text").map((token) => token.value));

  it("each have a test that sees them", () => {
    const seen = new Set([...goldens, ...literals].flatMap((text) => text.match(/\bSL\d{4}\b/g) ?? []));
    expect(
      codes.filter((code) => !seen.has(code)),
      "no case and no test shows these codes",
    ).toEqual([]);
  });

  it("that would be our own bug are shown by a unit test, for no policy can", () => {
    const own = codes.filter((code) => code.startsWith("SL09"));
    expect(
      own.filter((code) => !literals.some((text) => text.includes(code))),
      "codes without a unit test",
    ).toEqual([]);
    expect(
      goldens.filter((text) => text.includes("SL09")),
      "cases in which Sluice emitted what Envoy refuses",
    ).toEqual([]);
  });
});

describe("the tree that a page prints", () => {
  const paths = everyPath("");

  it.each(["README.md", "compiler/README.md"])("%s shows what is there", (page) => {
    expect(existsSync(join(root, page)), `${page} is there`).toBe(true);
    const claims = claimsOf(read(page));
    expect(claims.length, `${page} has a fenced block that begins with \`package.json \``).toBeGreaterThan(0);
    expect(unfounded(claims, paths).map(({ pattern, line }) => `${page}:${line}: ${pattern} is not there`)).toEqual([]);
  });

  /** Files and folders of the project; folders end with `/`. */
  function everyPath(folder: string): string[] {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      if ([".git", "node_modules", "dist", "coverage"].includes(entry.name)) return [];
      const path = `${folder}${entry.name}`;
      return entry.isDirectory() ? [`${path}/`, ...everyPath(`${path}/`)] : [path];
    });
  }
});

describe("the package", () => {
  const manifest = z
    .object({
      name: z.string(),
      version: z.string(),
      type: z.string(),
      engines: z.object({ node: z.string() }),
      bin: z.record(z.string(), z.string()),
      dependencies: z.undefined().optional(),
      scripts: z.record(z.string(), z.string()),
    })
    .parse(JSON.parse(read("package.json")));
  const lock = z
    .object({
      name: z.string(),
      version: z.string(),
      packages: z.record(
        z.string(),
        z.object({
          engines: z.unknown().optional(),
          integrity: z.string().optional(),
          resolved: z.string().optional(),
          link: z.boolean().optional(),
        }),
      ),
    })
    .parse(JSON.parse(read("package-lock.json")));

  it("is sluicegate, runs on Node 20.19 and has one command", () => {
    expect(manifest).toMatchObject({ name: "sluicegate", type: "module", engines: { node: ">=20.19" } });
    expect(manifest.bin).toEqual({ sluice: "dist/compiler/cli/main.js" });
    // Scripts that npm would run on the machine of whoever installs it.
    const atInstall = ["preinstall", "install", "postinstall", "prepare"];
    expect(Object.keys(manifest.scripts).filter((name) => atInstall.includes(name))).toEqual([]);
    expect(
      read("compiler/cli/main.ts").startsWith("#!/usr/bin/env node\n"),
      "compiler/cli/main.ts begins with #!/usr/bin/env node",
    ).toBe(true);
  });

  it("is locked: every package by its digest, none by a host", () => {
    expect(lock).toMatchObject({ name: manifest.name, version: manifest.version });
    expect(lock.packages[""]?.engines).toEqual(manifest.engines);
    const installed = Object.entries(lock.packages).filter(([path]) => path !== "");
    expect(installed.length).toBeGreaterThan(0);
    const unlocked = installed.filter(([, entry]) => entry.integrity === undefined || entry.link === true);
    expect(
      unlocked.map(([path]) => path),
      "packages without integrity",
    ).toEqual([]);
    const hosted = installed.filter(([, entry]) => entry.resolved !== undefined);
    expect(
      hosted.map(([path]) => path),
      "packages with `resolved`: set omit-lockfile-registry-resolved",
    ).toEqual([]);
  });
});
