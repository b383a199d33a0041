import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../compiler/cli/files.js";
import { renderText } from "../compiler/diagnostics/render/text.js";
import { checkText, targetNames } from "../compiler/index.js";
import { targets } from "../compiler/targets/index.js";

const RUNS = 20;
const MAIN = join(packageRoot(), "dist", "compiler", "cli", "main.js");

const HEAD = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
  inside: { address: 127.0.0.1:8081, escapedSlashes: keep, trustedHops: 1 }
services:
  orders: { endpoints: ["127.0.0.1:9001", "127.0.0.1:9002"] }
  island: { dns: island.example.com:443 }
consumers:
  acme: { tier: gold, groups: [i, z, a-1], credentials: [{ apiKey: env:ACME_KEY }] }
  zebra: { tier: free, groups: [z1, a1, z-1], credentials: [{ apiKey: env:ZEBRA_KEY }] }
policies:
  who: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  staff: { authorize: { rules: [{ name: staff, allow: '"z" in auth.groups && request.headers["x-title"] == "İI"' }] } }
  often: { rateLimit: { key: [auth.consumer], rate: { gold: 100/second, default: 5/minute } } }
  seldom: { rateLimit: { key: [source.ip], rate: 9/hour } }
defaults: { apply: [who] }
mandatory: { apply: [seldom] }
`;

/** Names and paths that a locale might sort in another order than their code units do. */
const ROUTES = [
  "{ name: a-b, match: { path: /a/b, methods: [PUT, GET] }, to: orders, apply: [often] }",
  "{ name: ab, match: { path: /ab }, to: orders, apply: [staff, often] }",
  "{ name: a1, match: { path: /A/b }, to: orders }",
  '{ name: a10, match: { path: "/a/{id}" }, to: island, apply: [often] }',
  '{ name: a2, match: { path: "/{id}/b/**" }, to: island }',
  '{ name: i, match: { path: /i/**, host: "*.example.com" }, to: orders }',
  '{ name: z, match: { path: /I/**, host: api.example.com, headers: { x-b: "1", x-a: "~[0-9]+" } }, to: orders }',
  '{ name: regex, match: { path: "~/z[0-9]+" }, respond: { status: 418, headers: { x-b: "1", a: "2" }, body: "é\\n" } }',
  '{ name: gone, match: { path: /gone, methods: [POST, DELETE] }, redirect: { to: "https://example.com/x", status: 308 } }',
];

const SOUND = `${HEAD}routes:\n${ROUTES.map((route) => `  - ${route}\n`).join("")}`;

/** With findings of several severities, about the text, the shape and the meaning. */
const UNSOUND = SOUND.replace("tier: free", "teir: free")
  .replace("to: island }", "to: islnd }")
  .replace("/ab }", '"/ab b" }')
  .replace("apply: [often]", "apply: [offen, often, often]");

interface Run {
  code: number | null;
  output: string;
}

function sluice(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string>; node?: string[] },
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...(options.node ?? []), MAIN, ...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    });
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString("latin1")));
    child.stderr.on("data", (bytes: Buffer) => (output += bytes.toString("latin1")));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** A text as its bytes are shown above. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}

describe("in one process", () => {
  for (const target of targetNames)
    it(`${RUNS} runs give the same bytes for ${target}`, async () => {
      const emitted = new Set<string>();
      for (let run = 0; run < RUNS; run++) emitted.add(await artifactsOf(SOUND, target));
      expect([...emitted]).toHaveLength(1);
    });

  it(`${RUNS} runs give the same findings`, () => {
    const found = Array.from({ length: RUNS }, () =>
      renderText(checkText("policy.yaml", UNSOUND).diagnostics, { color: false }),
    );
    expect(found[0]).toMatch(/SL0101[\s\S]*SL0302[\s\S]*SL0201/);
    expect(new Set(found).size).toBe(1);
  });

  it("the order of the routes in the file decides nothing but the lines that are told", async () => {
    const textOf = (routes: readonly string[]) => `${HEAD}routes:\n${routes.map((route) => `  - ${route}\n`).join("")}`;
    const expected = (await artifactsOf(textOf(ROUTES), "envoy")).replace(/policy\.yaml:\d+/g, "");
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(ROUTES, { minLength: ROUTES.length }), async (routes) => {
        expect((await artifactsOf(textOf(routes), "envoy")).replace(/policy\.yaml:\d+/g, "")).toBe(expected);
      }),
      { numRuns: 20 },
    );
  });
});

async function artifactsOf(text: string, target: string): Promise<string> {
  const { plan, diagnostics } = checkText("policy.yaml", text);
  if (plan === undefined) throw new Error(renderText(diagnostics, { color: false }));
  const emission = await targets.find(({ name }) => name === target)?.emit(plan, {});
  expect(emission?.violations).toEqual([]);
  return JSON.stringify(emission?.artifacts);
}

describe("in other surroundings", () => {
  let base = "";
  let first = { emitted: "", findings: "" };

  const folderWith = (...parts: string[]) => {
    const folder = join(base, ...parts);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "policy.yaml"), SOUND);
    writeFileSync(join(folder, "wrong.yaml"), UNSOUND);
    return folder;
  };

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), "sluice-same-"));
    first = await bothOf(folderWith("first"), {});
    expect(first.findings).toContain("SL0201");
  });
  afterAll(() => rmSync(base, { recursive: true }));

  /** What `compile` writes and what `check` says, with the folder of the file taken out where it was named. */
  async function bothOf(
    cwd: string,
    how: { env?: Record<string, string>; node?: string[]; policy?: string; wrong?: string },
  ): Promise<{ emitted: string; findings: string }> {
    const { policy = "policy.yaml", wrong = "wrong.yaml" } = how;
    const out = mkdtempSync(join(base, "out-"));
    const [compiled, ...checked] = await Promise.all([
      sluice(["compile", policy, "--out", out], { cwd, ...how }),
      sluice(["check", wrong, "--format", "text"], { cwd, ...how }),
      sluice(["check", wrong, "--format", "json"], { cwd, ...how }),
    ]);
    expect(compiled.output).toMatch(/^wrote /m);
    expect([compiled, ...checked].map(({ code }) => code)).toEqual([0, 1, 1]);
    const findings = checked.map(({ output }) => output.replaceAll(bytesOf(wrong), "wrong.yaml"));
    const emitted = ["envoy.yaml", "sluice.lock.json"].map((path) => readFileSync(join(out, path), "latin1"));
    return { emitted: emitted.join(""), findings: findings.join("") };
  }

  it.each([
    ["Kathmandu, in Turkish", { TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", LANGUAGE: "tr" }],
    ["St John's, in Swedish", { TZ: "America/St_Johns", LANG: "sv_SE.UTF-8", LC_ALL: "sv_SE.UTF-8", LANGUAGE: "sv" }],
    ["no language at all", { TZ: "", LANG: "C", LC_ALL: "POSIX", LANGUAGE: "" }],
    ["a narrow terminal", { COLUMNS: "20", TERM: "dumb", HOME: "/nowhere" }],
  ])("%s", async (_, env) => {
    expect(await bothOf(join(base, "first"), { env })).toEqual(first);
  });

  it("other hashes, less memory, and code that is never optimised", async () => {
    const node = ["--hash-seed=4711", "--max-old-space-size=128", "--no-opt"];
    expect(await bothOf(join(base, "first"), { node })).toEqual(first);
  });

  it("another folder, and paths that name the file in other ways", async () => {
    const folder = folderWith("second", "with space", "é");
    expect(await bothOf(folder, {})).toEqual(first);
    const absolute = { policy: join(folder, "policy.yaml"), wrong: join(folder, "wrong.yaml") };
    expect(await bothOf(packageRoot(), absolute)).toEqual(first);
    const relative = { policy: "../é/policy.yaml", wrong: "../é/wrong.yaml" };
    expect((await bothOf(folder, relative)).emitted).toBe(first.emitted);
  });
});
