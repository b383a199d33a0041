import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../compiler/cli/files.js";
import { runLine, runSluice, startSluice } from "./documents/command.js";
import { resourceFaults } from "./documents/kubernetes.js";
import {
  allDocuments,
  type Block,
  commandLines,
  installationLines,
  placeOf,
  relativeLinks,
} from "./documents/markdown.js";
import { faultsOf, sortOf } from "./documents/yaml.js";
import { claimsOf, unfounded } from "./repository/tree.js";
import { requireEnvoy } from "./support/envoy.js";
import { request } from "./support/http.js";
import { loadModule, ModuleVm } from "./support/module-host.js";

const root = packageRoot();
const documents = allDocuments();
const blocks = documents.flatMap((document) => document.blocks);

/** Each block with its place as the name of its test. */
function named(chosen: readonly Block[]): [string, Block][] {
  expect(chosen.length, "no block was found").toBeGreaterThan(0);
  return chosen.map((block) => [placeOf(block), block]);
}

describe("YAML", () => {
  const yaml = blocks.filter(({ language }) => /^ya?ml$/.test(language));

  it.each(named(yaml))("of %s is right", (_place, block) => {
    expect(faultsOf(block)).toBe("");
  });

  it.each([
    ["Gateway", "to:", "too:"],
    ["Fragment", "consumers:", "consumer:"],
    ["Test", "decidedBy:", "decided:"],
    ["policies", "anyOf:", "oneOf:"],
    ["excerpt", ":", "x:"],
  ] as const)("of the sort %s is refused with `%s` written `%s`", (sort, from, to) => {
    const block = yaml.find((one) => sortOf(one) === sort && one.text.includes(from));
    expect(block, "a block of this sort").toBeDefined();
    if (block !== undefined) expect(faultsOf({ ...block, text: block.text.replace(from, to) })).not.toBe("");
  });

  it("of README.md is the quickstart", () => {
    const [first] = yaml.filter(({ document }) => document === "README.md");
    expect(first?.text).toBe(readFileSync(join(root, "examples/quickstart/policy.yaml"), "utf8"));
  });

  it.each(["auth", "rate-limit", "tracing"])("of %s.wasm's page is the WasmPlugin beside it", (name) => {
    const folder = `filters/modules/${name}`;
    const [shown] = yaml.filter((block) => block.document === `${folder}/README.md` && sortOf(block) === "kubernetes");
    expect(shown?.text).toBe(readFileSync(join(root, folder, "wasm-plugin.yaml"), "utf8"));
  });

  it("of a resource is refused with a field that its definition does not have", async () => {
    const text = await readFile(join(root, "filters/modules/auth/wasm-plugin.yaml"), "utf8");
    expect(resourceFaults(load(text.replace("failStrategy:", "failurePolicy:")))).toEqual([
      expect.stringContaining("failurePolicy"),
    ]);
    expect(resourceFaults(load(text.replace("FAIL_CLOSE", "FAIL_CLOSED")))).not.toEqual([]);
  });
});

it.each(named(blocks.filter(({ language }) => language === "json")))(
  "the JSON of %s is a configuration that its module takes",
  async (_place, block) => {
    const name = block.document.startsWith("filters/modules/body/") ? "body" : "guard";
    const vm = new ModuleVm(await loadModule(name), { environment: { ACME_KEY: "acme-key" } });
    expect(vm.configure(JSON.parse(block.text)), vm.lastError).toBe(true);
  },
);

describe("links and trees", () => {
  it.each(documents.map((document) => [document.path, document] as const))(
    "of %s lead to what is there",
    (_path, document) => {
      expect(relativeLinks(document).filter((target) => !existsSync(join(root, target)))).toEqual([]);
      const everything = everyPath("");
      expect(
        unfounded(claimsOf(document.text), everything).map(
          ({ pattern, line }) => `${document.path}:${line}: ${pattern}`,
        ),
      ).toEqual([]);
    },
  );

  function everyPath(folder: string): string[] {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      if ([".git", "node_modules", "dist", "coverage"].includes(entry.name)) return [];
      const path = `${folder}${entry.name}`;
      return entry.isDirectory() ? [`${path}/`, ...everyPath(`${path}/`)] : [path];
    });
  }
});

describe("commands", () => {
  let folder = "";
  let environment: Record<string, string> = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-documents-"));
    for (const path of ["examples", "filters/modules/soap/policy.yaml"])
      await cp(join(root, path), join(folder, path), { recursive: true });
    for (const example of ["quickstart", "tracing"]) {
      const policy = join(folder, "examples", example, "policy.yaml");
      // Whatever else runs on this machine.
      await writeFile(policy, (await readFile(policy, "utf8")).replace("127.0.0.1:8080", "127.0.0.1:0"));
    }
    await mkdir(join(folder, "tmp"));
    environment = {
      SLUICE_ENVOY: (await requireEnvoy()).path,
      TMPDIR: join(folder, "tmp"),
      ACME_KEY: "acme-key-of-this-test",
      GLOBEX_KEY: "globex-key-of-this-test",
      INITECH_KEY: "initech-key-of-this-test",
      HOOLI_KEY: "hooli-key-of-this-test",
    };
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const lines = commandLines(documents);
  // What package.test.ts runs, outside of the repository.
  const elsewhere = installationLines(documents);
  const commands = [...new Set(lines.map(({ line }) => line))].filter((line) => !elsewhere.includes(line));

  it("of README.md name every command of sluice", async () => {
    const help = (await runSluice(["--help"], { cwd: folder, env: environment })).stdout;
    const listed = /^Commands:\n((?:.+\n)+)/m.exec(help)?.[1] ?? "";
    const verbs = [...listed.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb);
    const shown = lines
      .filter(({ document }) => document === "README.md")
      .flatMap(({ line }) => /(?:^|\(|\| )sluice ([a-z]+)/.exec(line)?.[1] ?? []);
    expect(verbs.length).toBeGreaterThan(0);
    expect([...new Set(shown)].toSorted()).toEqual(verbs.toSorted());
  });

  it.each(commands)("`%s` does what the document says", async (command) => {
    const elsewhere = ELSEWHERE[command];
    if (elsewhere !== undefined) return elsewhere();
    expect(command, "say in ELSEWHERE how this command is exercised").toMatch(/\bsluice /);
    const [program, verb, ...rest] = command.split(/ +/);
    if (program === "sluice" && verb === "run") return serves(["run", ...rest]);
    await succeeds(command, verb);
  });

  async function succeeds(command: string, verb: string | undefined): Promise<void> {
    const result = await runLine(command, { cwd: folder, env: environment });
    expect(result, result.stderr).toMatchObject({ code: 0 });
    if (verb !== "compile" || command.includes(" --report ")) return;
    const [, target = "envoy"] = / --target (\S+)/.exec(command) ?? [];
    const [, out = "build"] = / --out (\S+)/.exec(command) ?? [];
    expect(existsSync(join(folder, `${out}/${target}.yaml`))).toBe(true);
    expect(existsSync(join(folder, `${out}/modules/guard.wasm`))).toBe(true);
  }

  /** Starts it, is refused by it, and ends it as a person would. */
  async function serves(args: readonly string[]): Promise<void> {
    const running = startSluice(args, { cwd: folder, env: environment });
    try {
      const output = await running.until("Ctrl-C ends");
      const url = /^public: (\S+)$/m.exec(output)?.[1] ?? "";
      expect((await request(`${url}/orders/7`)).status).toBe(401);
      expect((await request(`${url}/healthz`)).status).toBe(200);
    } finally {
      running.interrupt();
    }
    expect(await running.ended).toBe(0);
  }

  /** Commands of a document from a heading on. */
  function linesBelow(path: string, heading: string): string[] {
    const text = documents.find((document) => document.path === path)?.text ?? "";
    const first = text.slice(0, text.indexOf(heading)).split("\n").length;
    return blocks
      .filter(({ document, language, line }) => document === path && language === "sh" && line > first)
      .flatMap((block) => block.text.trimEnd().split("\n"));
  }

  async function runsIn(file: string, what: string): Promise<void> {
    expect(readFileSync(join(root, "test/containers", file), "utf8")).toContain(what);
  }

  const scripts = z
    .record(z.string(), z.string())
    .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts);
  /** Commands that do not run here as they stand, and what runs in their place. */
  const ELSEWHERE: Record<string, () => Promise<void>> = {
    // Set-up, which setup.test.ts exercises, and then the demo, which would not end.
    "npm start": async () => {
      expect(scripts).toMatchObject({
        prestart: "node scripts/setup.mjs",
        start: "node dist/compiler/cli/main.js demo",
      });
      const result = await runSluice(["demo", "--once"], { cwd: folder, env: environment });
      expect(result, result.stderr).toMatchObject({ code: 0 });
      expectShown(result.stdout, "a stranger");
    },
    // This run is a part of it.
    "npm test": async () =>
      expect(scripts).toMatchObject({ pretest: "node scripts/setup.mjs --envoy", test: "vitest run" }),
    // `source` of nothing succeeds too.
    "source <(sluice completion bash)": () =>
      succeeds("source <(sluice completion bash); complete -p sluice", undefined),
    "npx vitest run filters/modules": async () =>
      expect(existsSync(join(root, "filters/modules/configuration.test.ts"))).toBe(true),
    "SLUICE_ENVOY=/opt/envoy npx vitest run test/documents.test.ts": async () =>
      expect(existsSync(join(root, "test/documents.test.ts"))).toBe(true),
    // setup.test.ts exercises the first, types-and-style.test.ts the second.
    "node scripts/setup.mjs --envoy": async () => expect(scripts.pretest).toBe("node scripts/setup.mjs --envoy"),
    "npm run check": async () => expect(scripts.check).toBe("tsc -p tsconfig.json && biome check ."),
    // What changes the repository runs in a copy of it.
    ...Object.fromEntries(
      linesBelow("CONTRIBUTING.md", "## Add a kind").map((line) => [
        line,
        async () => expect(readFileSync(join(root, "test/new-kind.test.ts"), "utf8")).toContain(line),
      ]),
    ),
    // What needs a cluster: its file is translated by Envoy Gateway and served in test/targets/envoy-gateway.
    ...Object.fromEntries(
      lines
        .filter(({ document, line }) => document === "examples/envoy-gateway/README.md" && line.startsWith("kubectl "))
        .map(({ line }) => [
          line,
          async () =>
            expect(existsSync(join(root, "test/targets/envoy-gateway/translated/envoy-gateway.json"))).toBe(true),
        ]),
    ),
    "npm run translate:envoy-gateway": async () =>
      expect(scripts["translate:envoy-gateway"]).toBe("node test/support/envoy-gateway/translate.mjs"),
    // What needs a registry runs where one is.
    ...Object.fromEntries(
      lines
        .filter(({ line }) => line.startsWith("sluice wasm push images 'registry.example.com/sluice/{module}'"))
        .map(({ line }) => [
          line,
          async () =>
            expect(readFileSync(join(root, "test/e2e/module-images.test.ts"), "utf8")).toContain('"wasm", "push"'),
        ]),
    ),
    // What needs a Docker daemon runs in test/containers.
    "sluice run examples/quickstart/policy.yaml --docker": () => runsIn("run.test.ts", "--docker"),
    'eval "$(.ci/prepare)"': () => runsIn("prepare.test.ts", ".ci/prepare"),
    ".ci/prepare --end": async () => expect(readFileSync(join(root, ".ci/run"), "utf8")).toContain(".ci/prepare --end"),
    "npx vitest run test/containers": () => runsIn("tour.test.ts", "describeWithDocker"),
    ...Object.fromEntries(
      lines
        .filter(({ document, line }) => document === "examples/container/README.md" && line.startsWith("docker "))
        .map(({ document, line }) => [line, () => runsIn("dockerfile.test.ts", document)]),
    ),
  };

  it.each([
    ["sluice explain orders -p examples/quickstart/policy.yaml", "route orders"],
    ["sluice explain --request 'POST /orders' --as globex -p examples/quickstart/policy.yaml", "request   POST"],
  ])("of README.md answer as it shows: %s", async (command, beginning) => {
    expect(commands).toContain(command);
    expectShown((await runLine(command, { cwd: folder, env: environment })).stdout, beginning);
  });

  it("of README.md find the slips that it shows", async () => {
    const there = join(folder, "slips");
    await mkdir(there);
    const policy = readFileSync(join(root, "examples/quickstart/policy.yaml"), "utf8");
    const slips = policy
      .replace("deny: 'auth.tier", "deny: 'auth.teir")
      .replace("methods: [GET] }", "methods: [get] }");
    await writeFile(join(there, "policy.yaml"), slips);
    const surroundings = { cwd: there, env: environment };
    expectShown((await runLine("sluice check policy.yaml 2>&1 || true", surroundings)).stdout, "policy.yaml:26:45");
    expect(await runLine("sluice check policy.yaml --fix=suggested", surroundings)).toMatchObject({ code: 0 });
    expect(readFileSync(join(there, "policy.yaml"), "utf8")).toBe(policy);
  });

  /** The block of README.md that begins so is a part of the output; keys and waiting times differ from run to run. */
  function expectShown(output: string, beginning: string): void {
    const plain = (text: string) =>
      text.replaceAll(/\b(acme|globex)-[0-9a-f]{12}\b/g, "$1-key").replaceAll(/(retry-after: |t=)\d+/g, "$1n");
    const block = blocks.find(({ document, text }) => document === "README.md" && text.startsWith(beginning));
    expect(block, `README.md shows a block that begins with ${beginning}`).toBeDefined();
    expect(plain(output)).toContain(plain(block?.text.trimEnd() ?? beginning));
  }

  it("named in the text are scripts of package.json", () => {
    const mentioned = documents.flatMap(({ text }) =>
      [...text.matchAll(/`npm run ([a-z:]+)`/g)].map(([, name = ""]) => name),
    );
    expect([...new Set(mentioned)].filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});
