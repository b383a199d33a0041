import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../compiler/cli/files.js";
import { renderText } from "../compiler/diagnostics/render/text.js";
import { checkText } from "../compiler/index.js";
import { runSluice, startSluice } from "./documents/command.js";
import { resourceFaults } from "./documents/kubernetes.js";
import { allDocuments, type Block, isExcerpt, placeOf, relativeLinks } from "./documents/markdown.js";
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

/** A gateway around the `policies` of a page about a kind: its one route applies them all. */
function gatewayAround(fragment: string): string {
  const { policies } = z.strictObject({ policies: z.record(z.string(), z.unknown()) }).parse(load(fragment));
  return `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { orders: { endpoints: [127.0.0.1:9001] } }
consumers: { acme: { tier: gold, groups: [partners], credentials: [{ apiKey: env:ACME_KEY }] } }
${fragment}
routes:
  - { name: orders, match: { path: /** }, to: orders, apply: [${Object.keys(policies).join(", ")}] }
`;
}

const heads = z.object({ apiVersion: z.string().optional(), policies: z.unknown().optional() }).loose();

/** What a YAML block is, by its first members; parts of a configuration must stand in a file that is tested. */
function sortOf(block: Block): "policy" | "fragment" | "kubernetes" | "excerpt" {
  const parsed = heads.safeParse(load(block.text));
  if (!parsed.success) return "excerpt";
  const { apiVersion, policies } = parsed.data;
  if (apiVersion === undefined) return policies === undefined ? "excerpt" : "fragment";
  return apiVersion.startsWith("sluice/") ? "policy" : "kubernetes";
}

describe("YAML", () => {
  const yaml = blocks.filter(({ language }) => /^ya?ml$/.test(language));

  it.each(named(yaml))("of %s is right", (_place, block) => {
    switch (sortOf(block)) {
      case "policy":
        expect(renderText(checkText("policy.yaml", block.text).diagnostics, { color: false })).toBe("");
        return;
      case "fragment":
        expect(renderText(checkText("policy.yaml", gatewayAround(block.text)).diagnostics, { color: false })).toBe("");
        return;
      case "kubernetes":
        expect(resourceFaults(load(block.text))).toEqual([]);
        return;
      case "excerpt": {
        const files = readdirSync(join(root, dirname(block.document))).filter((name) => name.endsWith(".yaml"));
        const texts = files.map((name) => readFileSync(join(root, dirname(block.document), name), "utf8"));
        expect(
          texts.some((text) => isExcerpt(block.text, text)),
          "it stands in a YAML file beside the document",
        ).toBe(true);
      }
    }
  });

  it("of README.md is the quickstart", () => {
    const [first] = yaml.filter(({ document }) => document === "README.md");
    expect(first?.text).toBe(readFileSync(join(root, "examples/quickstart/policy.yaml"), "utf8"));
  });

  it("of auth.wasm's page is the WasmPlugin beside it", () => {
    const [shown] = yaml.filter(
      (block) => block.document === "filters/modules/auth/README.md" && sortOf(block) === "kubernetes",
    );
    expect(shown?.text).toBe(readFileSync(join(root, "filters/modules/auth/wasm-plugin.yaml"), "utf8"));
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
  "the JSON of %s is a configuration that guard.wasm takes",
  async (_place, block) => {
    const vm = new ModuleVm(await loadModule("guard"), { environment: { ACME_KEY: "acme-key" } });
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
    await cp(join(root, "examples"), join(folder, "examples"), { recursive: true });
    const policy = join(folder, "examples/quickstart/policy.yaml");
    // Whatever else runs on this machine.
    await writeFile(policy, (await readFile(policy, "utf8")).replace("127.0.0.1:8080", "127.0.0.1:0"));
    await mkdir(join(folder, "tmp"));
    environment = {
      SLUICE_ENVOY: (await requireEnvoy()).path,
      TMPDIR: join(folder, "tmp"),
      ACME_KEY: "acme-key-of-this-test",
      GLOBEX_KEY: "globex-key-of-this-test",
    };
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const lines = blocks
    .filter(({ language }) => language === "sh")
    .flatMap((block) =>
      block.text.split("\n").map((line) => ({ document: block.document, line: line.replace(/ +#.*$/, "").trim() })),
    )
    .filter(({ line }) => line !== "");
  const commands = [...new Set(lines.map(({ line }) => line))];

  it("of README.md name every command of sluice", async () => {
    const help = (await runSluice(["--help"], { cwd: folder, env: environment })).stdout;
    const verbs = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb);
    const shown = lines
      .filter(({ document, line }) => document === "README.md" && line.startsWith("sluice "))
      .map(({ line }) => line.split(" ")[1]);
    expect(verbs.length).toBeGreaterThan(0);
    expect([...new Set(shown)].toSorted()).toEqual(verbs.toSorted());
  });

  it.each(commands)("`%s` does what the document says", async (command) => {
    const [program = "", ...args] = command.split(/ +/);
    if (program === "sluice" && args[0] === "run") return serves(args);
    if (program === "sluice") return succeeds(args);
    const elsewhere = ELSEWHERE[command];
    expect(elsewhere, "say in ELSEWHERE how this command is exercised").toBeDefined();
    await elsewhere?.();
  });

  async function succeeds(args: readonly string[]): Promise<void> {
    const result = await runSluice(args, { cwd: folder, env: environment });
    expect(result, result.stderr).toMatchObject({ code: 0 });
    if (args[0] !== "compile") return;
    expect(existsSync(join(folder, "build/envoy.yaml"))).toBe(true);
    expect(existsSync(join(folder, "build/modules/guard.wasm"))).toBe(true);
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

  const scripts = z
    .record(z.string(), z.string())
    .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts);
  /** Commands that do not run here as they stand, and what runs in their place. */
  const ELSEWHERE: Record<string, () => Promise<void>> = {
    // Set-up, which setup.test.ts exercises, and then the demo, which would not end.
    "npm start": async () => {
      expect(scripts).toMatchObject({
        prestart: "node scripts/setup.mjs --envoy",
        start: "node dist/compiler/cli/main.js demo",
      });
      const result = await runSluice(["demo", "--once"], { cwd: folder, env: environment });
      expect(result, result.stderr).toMatchObject({ code: 0 });
      expectShown(result.stdout, "a stranger");
    },
    // This run is a part of it.
    "npm test": async () =>
      expect(scripts).toMatchObject({ pretest: "node scripts/setup.mjs --envoy", test: "vitest run" }),
    "npx vitest run filters/modules": async () =>
      expect(existsSync(join(root, "filters/modules/configuration.test.ts"))).toBe(true),
    "SLUICE_ENVOY=/opt/envoy npx vitest run test/documents.test.ts": async () =>
      expect(existsSync(join(root, "test/documents.test.ts"))).toBe(true),
  };

  it("of README.md answer as it shows", async () => {
    const explained = await runSluice(["explain", "orders", "-p", "examples/quickstart/policy.yaml"], {
      cwd: folder,
      env: environment,
    });
    expectShown(explained.stdout, "route orders");
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
