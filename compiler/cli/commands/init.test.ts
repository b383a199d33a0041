import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compile } from "../../index.js";
import { gatewayName } from "../init/project.js";
import { checkCommand } from "./check.js";
import { initCommand } from "./init.js";
import { schemaCommand } from "./schema.js";

let folder = "";
let printed = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-init-"));
  printed = "";
  const print = (text: string | Uint8Array) => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(print);
  vi.spyOn(process.stderr, "write").mockImplementation(print);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const FILES = [".github", "README.md", "package.json", "policy.test.yaml", "policy.yaml"];

describe("init", () => {
  it("writes a project without a finding, which compiles", async () => {
    const project = join(folder, "New Shop");
    expect(await initCommand(project)).toBe(0);
    expect(readdirSync(project).toSorted()).toEqual(FILES);
    expect(printed).toContain(`wrote ${join(project, "policy.yaml")}\n`);
    expect(printed).toContain(`sluice check '${join(project, "policy.yaml")}'`);

    printed = "";
    expect(await checkCommand([project], { format: "text", failOn: "warning" })).toBe(0);
    expect(printed).toBe("2 files: no findings\n");
    const { emission, diagnostics } = await compile(join(project, "policy.yaml"), "envoy");
    expect(diagnostics).toEqual([]);
    expect(emission?.modules.map(({ name }) => name)).toEqual(["guard.wasm"]);
  });

  it("finds a mistake in its tests through the folder", async () => {
    await initCommand(folder);
    const tests = join(folder, "policy.test.yaml");
    writeFileSync(tests, readFileSync(tests, "utf8").replace("as: acme", "as: acne"));
    printed = "";
    expect(await checkCommand([folder], { format: "text", failOn: "error" })).toBe(1);
    expect(printed).toContain("no consumer is named `acne`; did you mean `acme`?");
  });

  it("writes a workflow and a manifest that call what there is", async () => {
    await initCommand(folder);
    const workflow = JSON.stringify(load(readFileSync(join(folder, ".github/workflows/sluice.yml"), "utf8")));
    expect(workflow).toContain('"run":"npx sluice check policy.yaml policy.test.yaml --format github"');
    expect(workflow).toContain('"run":"npx sluice test"');
    expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toMatchObject({
      private: true,
      devDependencies: { sluicegate: expect.stringMatching(/^\^\d+\.\d+\.\d+/) },
    });
  });

  it("leaves a package.json as it is", async () => {
    writeFileSync(join(folder, "package.json"), "{}");
    expect(await initCommand(folder)).toBe(0);
    expect(readFileSync(join(folder, "package.json"), "utf8")).toBe("{}");
    expect(printed).toContain("add sluicegate to its devDependencies");
  });

  it.each([
    ["a file", (path: string) => writeFileSync(path, "mine")],
    ["a folder", (path: string) => mkdirSync(path)],
    ["a link that leads nowhere", (path: string) => symlinkSync("nowhere", path)],
  ])("writes nothing where %s is in the way, and names it", async (_what, put) => {
    put(join(folder, "policy.test.yaml"));
    await expect(initCommand(folder)).rejects.toThrow(join(folder, "policy.test.yaml"));
    expect(readdirSync(folder)).toEqual(["policy.test.yaml"]);
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });

  it("writes nothing where the folder is a file", async () => {
    writeFileSync(join(folder, "file"), "mine");
    await expect(initCommand(join(folder, "file"))).rejects.toThrow("file");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it.each([
    ["My Shop", "my-shop"],
    ["api_v2", "api-v2"],
    ["--", "gateway"],
    ["", "gateway"],
    [`${"a".repeat(62)}-b`, "a".repeat(62)],
    ["Ünïcode", "n-code"],
  ])("calls the gateway of the folder %s %s", (name, expected) => {
    expect(gatewayName(name)).toBe(expected);
  });
});

describe("schema", () => {
  it.each([
    ["gateway", "Gateway"],
    ["fragment", "Fragment"],
    ["test", "Test"],
  ] as const)("prints that of a %s", async (name, kind) => {
    expect(await schemaCommand(name, {})).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ properties: { kind: { const: kind } } });
  });

  it("writes it to a file", async () => {
    const out = join(folder, "deep", "gateway.json");
    expect(await schemaCommand("gateway", { out })).toBe(0);
    expect(printed).toBe(`wrote ${out}\n`);
    expect(JSON.parse(readFileSync(out, "utf8"))).toHaveProperty("properties.routes");
  });
});
