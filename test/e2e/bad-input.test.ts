import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { type CliResult, sluice } from "./support/cli.js";

const QUICKSTART = join(packageRoot(), "examples", "quickstart", "policy.yaml");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-bad-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function policy(text: string, name = "policy.yaml"): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

/** A small policy; the lines go before its routes. */
function gatewayText(...lines: string[]): string {
  return [
    "apiVersion: sluice/v1",
    "kind: Gateway",
    "name: shop",
    "listeners:",
    "  public: { address: 127.0.0.1:8080 }",
    "services:",
    "  orders: { endpoints: [127.0.0.1:9001] }",
    ...lines,
    "routes:",
    "  - { name: orders, match: { path: /orders/** }, to: orders }",
    "",
  ].join("\n");
}

/** Whatever is wrong with the input, it is the user's: no stack, no path of our sources, and no word of an internal error. */
function expectNoTrace({ stdout, stderr }: CliResult): void {
  expect(`${stdout}${stderr}`).not.toMatch(/^\s+at .*[:(]\d+|sluice: internal error|node:internal|\/dist\/compiler\//m);
}

/** Every file below a folder with its contents. */
async function contents(path: string): Promise<Record<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, "base64")] as const)),
  );
}

describe("a malformed policy", () => {
  const malformed: { name: string; text: string; says: (RegExp | string)[] }[] = [
    {
      name: "YAML that cannot be read",
      text: gatewayText("policies: { a: ["),
      says: ["policy.yaml:9:1: error SL0001", "fix|indented"].map((text) => new RegExp(text)),
    },
    {
      name: "a key that is not known",
      text: gatewayText("polcies: {}"),
      says: [
        "policy.yaml:8:1: error SL0101: unknown key `polcies`; did you mean `policies`?",
        "fix: rename it to `policies`",
        "8 | polcies: {}",
      ],
    },
    {
      name: "a reference that leads nowhere",
      text: gatewayText().replace("to: orders", "to: ordes"),
      says: ["policy.yaml:9:54: error SL0201: no service is named `ordes`; did you mean `orders`?"],
    },
    { name: "an anchor", text: gatewayText("defaults: &d { apply: [] }"), says: ["policy.yaml:8:11: error SL0007"] },
    {
      name: "a key twice",
      text: gatewayText("name: again"),
      says: ["policy.yaml:8:1: error SL0010", "policy.yaml:3:1: note: first defined here"],
    },
    { name: "a list instead of a mapping", text: "- a\n- b\n", says: ["policy.yaml:1:1: error SL0103"] },
    { name: "nothing", text: "", says: ["error SL0003"] },
    { name: "a thousand levels", text: `name: ${"[".repeat(1000)}${"]".repeat(1000)}\n`, says: ["error SL0006"] },
    {
      name: "control characters, which are shown and not sent to the terminal",
      text: gatewayText('description: "\\e[31m\\a"', "x\u001b[31m: 1"),
      says: [/error SL00\d\d/],
    },
  ];
  test.each(malformed)("$name: exit 1, with the code, the place and nothing else", async ({ text, says }) => {
    const result = await sluice(["check", await policy(text)]);
    expect([result.code, result.stdout]).toEqual([1, ""]);
    for (const words of says)
      expect(result.stderr).toMatch(words instanceof RegExp ? words : new RegExp(escaped(words)));
    expectNoTrace(result);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(result.stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  });

  test("is refused by every command in the same words, and nothing is written", async () => {
    const path = await policy(gatewayText("polcies: {}"));
    const commands = [
      ["check", path],
      ["compile", path, "--out", join(folder, "out")],
      ["explain", "-p", path],
      ["run", path],
    ];
    const results = await Promise.all(commands.map((command) => sluice(command)));
    for (const result of results)
      expect(result).toEqual({ code: 1, signal: null, stdout: "", stderr: results[0]?.stderr });
    expect(results[0]?.stderr).toContain("error SL0101");
    expect(await readdir(folder)).toEqual(["policy.yaml"]);
  });

  test("bytes that are not UTF-8 are refused with their place", async () => {
    const path = join(folder, "policy.yaml");
    await writeFile(
      path,
      Buffer.concat([Buffer.from("apiVersion: sluice/v1\nname: "), Buffer.from([0xff, 0xfe, 0x0a])]),
    );
    const result = await sluice(["check", path]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("policy.yaml:2:7: error SL0020");
    expectNoTrace(result);
  });

  test("leaves what was compiled before as it is", async () => {
    const out = join(folder, "out");
    expect((await sluice(["compile", QUICKSTART, "--out", out])).code).toBe(0);
    const before = await contents(out);
    expect(
      Object.keys(before)
        .map((path) => path.slice(out.length))
        .toSorted(),
    ).toEqual(["/envoy.yaml", "/modules/guard.wasm", "/sluice.lock.json"]);
    expect((await sluice(["compile", await policy(gatewayText("polcies: {}")), "--out", out])).code).toBe(1);
    expect(await contents(out)).toEqual(before);
  });

  test("is reported as JSON with the same code, place and fix", async () => {
    const result = await sluice(["check", "--format", "json", await policy(gatewayText("polcies: {}"))]);
    expect([result.code, result.stderr]).toEqual([1, ""]);
    const finding = z.object({
      file: z.string(),
      line: z.number(),
      column: z.number(),
      code: z.string(),
      severity: z.string(),
      message: z.string(),
      fix: z.object({ edits: z.array(z.object({ newText: z.string() })) }),
    });
    const [first, ...others] = z.array(finding).parse(JSON.parse(result.stdout));
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      file: join(folder, "policy.yaml"),
      line: 8,
      column: 1,
      code: "SL0101",
      severity: "error",
      fix: { edits: [{ newText: "policies" }] },
    });
  });

  test("a policy without findings is an empty JSON list", async () => {
    const result = await sluice(["check", "--format", "json", QUICKSTART]);
    expect(result).toEqual({ code: 0, signal: null, stdout: "[]\n", stderr: "" });
  });
});

describe("files that are not what they should be", () => {
  test.each(["check", "compile", "run", "explain"])("%s: a file that is not there", async (command) => {
    const path = join(folder, "absent.yaml");
    const result = await sluice(command === "explain" ? [command, "-p", path] : [command, path]);
    expectNoTrace(result);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^sluice: .*absent\.yaml: no such file/);
  });

  test.each(["check", "compile", "run", "explain"])("%s: a folder without a policy", async (command) => {
    const result = await sluice(command === "explain" ? [command, "-p", folder] : [command, folder]);
    expectNoTrace(result);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^sluice: .*folder/);
  });

  test("compile does not choose among the policies of a folder", async () => {
    await policy(gatewayText(), "one.yaml");
    await policy(gatewayText(), "two.yaml");
    const result = await sluice(["compile", folder, "--out", join(folder, "out")]);
    expect(result.code).not.toBe(0);
    expect(await readdir(folder)).toEqual(["one.yaml", "two.yaml"]);
  });

  test("check reads every policy of a folder, and its tests", async () => {
    await policy(gatewayText(), "one.yaml");
    await policy(gatewayText("polcies: {}"), "two.yml");
    await policy("not: [a policy", "three.test.yaml");
    const result = await sluice(["check", folder]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("two.yml:8:1: error SL0101");
    expect(result.stderr).toContain("three.test.yaml:1:15: error SL0001");
    expect(result.stderr).toContain("2 errors");
  });

  test("a link that leads to itself", async () => {
    await symlink("policy.yaml", join(folder, "policy.yaml"));
    const result = await sluice(["check", join(folder, "policy.yaml")]);
    expectNoTrace(result);
    expect(result.code).toBe(1);
  });

  test.each([
    ["below a file", async () => writeFile(join(folder, "out"), "a file"), "out/below"],
    ["that is a file", async () => writeFile(join(folder, "out"), "a file"), "out"],
    [
      "in which a folder has the name of a file",
      async () => mkdir(join(folder, "out", "envoy.yaml", "x"), { recursive: true }),
      "out",
    ],
  ])("an output folder %s: nothing is written, nothing is left behind", async (_, prepare, out) => {
    await prepare();
    const before = await contents(folder);
    const result = await sluice(["compile", QUICKSTART, "--out", join(folder, out)]);
    expectNoTrace(result);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^sluice: cannot write to /);
    expect(await contents(folder)).toEqual(before);
  });
});

describe("wrong usage is exit 3, with what is right", () => {
  const usages: [args: string[], says: RegExp][] = [
    [[], /Usage: sluice/],
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["chek", "x.yaml"], /unknown command 'chek'[\s\S]*check/],
    [["check"], /missing required argument/],
    [["check", "--format", "xml", QUICKSTART], /Allowed choices are text, json/],
    [["check", "--fail-on", "never", QUICKSTART], /Allowed choices are error, warning/],
    [["check", "--frob", QUICKSTART], /unknown option '--frob'/],
    [["compile", QUICKSTART, "--target", "nginx"], /Allowed choices are .*envoy/],
    [["compile", QUICKSTART, "--target", "envoy-gateway", "--access-log", "-"], /give the listener an `accessLog`/],
    [["compile", QUICKSTART, "extra"], /too many arguments/],
    [["run", "--concurrency", "0", QUICKSTART], /whole number/],
    [["run", "--concurrency", "two", QUICKSTART], /whole number/],
    [
      ["graph", "-p", QUICKSTART, "--traces", "http://127.0.0.1:1/", "--lookback", "soon"],
      /a whole number with a unit/,
    ],
    [["graph", "-p", QUICKSTART, "--traces", "http://127.0.0.1:1/", "--limit", "0"], /whole number/],
    [["graph", "-p", QUICKSTART, "--traces", "tcp://127.0.0.1:1/"], /http:\/\/ or https:\/\/, or a file/],
    [["graph", "-p", QUICKSTART, "--limit", "5"], /--traces with the URL of a Zipkin server/],
    [["explain", "SL9999"], /SL9999/],
    [["explain", "ordres", "-p", QUICKSTART], /no route is named ordres; did you mean orders\?/],
    [["explain", "--stage", "wasm", "-p", QUICKSTART], /Allowed choices are plan, filters, envoy/],
    [["envoy"], /Usage: sluice envoy/],
  ];
  test.each(usages)("sluice %j", async (args, says) => {
    const result = await sluice(args);
    expectNoTrace(result);
    expect([result.code, result.stdout]).toEqual([3, ""]);
    expect(result.stderr).toMatch(says);
  });

  test.each([["--help"], ["--version"], ["check", "--help"], ["run", "--help"]])(
    "sluice %s %s is exit 0",
    async (...args) => {
      const result = await sluice(args.filter((arg) => arg !== undefined));
      expect([result.code, result.stderr]).toEqual([0, ""]);
      expect(result.stdout).not.toBe("");
    },
  );
});

describe("what run and envoy install need", () => {
  test("secrets that are not set are named, all of them, before anything starts", async () => {
    const result = await sluice(["run", QUICKSTART], { env: { ACME_KEY: undefined, GLOBEX_KEY: "" } });
    expectNoTrace(result);
    expect([result.code, result.stdout]).toEqual([1, ""]);
    expect(result.stderr).toBe("sluice: the policy refers to env:ACME_KEY, env:GLOBEX_KEY, which are not set\n");
  });

  test.each([
    ["run", QUICKSTART],
    ["envoy", "install"],
  ])("%s %s: an Envoy that is not there", async (...args) => {
    const result = await sluice(args, {
      env: { SLUICE_ENVOY: "/nonexistent/envoy", ACME_KEY: "a", GLOBEX_KEY: "b" },
    });
    expectNoTrace(result);
    expect([result.code, result.stdout]).toEqual([1, ""]);
    expect(result.stderr).toMatch(/^sluice: .*SLUICE_ENVOY.*\/nonexistent\/envoy/);
    expect(result.stderr).toMatch(/^ {2}fix: /m);
  });

  test("an address that is taken is named, and nothing is left running", async () => {
    const { createServer } = await import("node:net");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      const result = await sluice(["run", await policy(gatewayText().replace("8080", String(port)))]);
      expectNoTrace(result);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(`127.0.0.1:${port}`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe("a literal secret is refused and never printed", () => {
  const SECRET = "hunter2-hunter2";
  const places: [string, string][] = [
    ["as a key", `consumers: { acme: { credentials: [{ apiKey: ${SECRET} }] } }`],
    ["on a line with another finding", `consumers: { acme: { teir: gold, credentials: [{ apiKey: "${SECRET}" }] } }`],
    ["under a key that is misspelled", `consumers: { acme: { credentials: [{ apikey: ${SECRET} }] } }`],
    ["in a list", `consumers: { acme: { credentials: [{ apiKey: [${SECRET}] }] } }`],
    ["in a place too high", `consumers: { acme: { apiKey: ${SECRET} } }`],
    ["as the credential itself", `consumers: { acme: { credentials: [${SECRET}] } }`],
    ["twice", `consumers: { acme: { credentials: [{ apiKey: ${SECRET}, apiKey: ${SECRET} }] } }`],
    ["with a prefix that is almost right", `consumers: { acme: { credentials: [{ apiKey: "env: ${SECRET}" }] } }`],
    ["in a line that is not YAML", `consumers: { acme: { credentials: [{ apiKey: ${SECRET} } } }`],
  ];
  test.each(places)("%s", async (_, line) => {
    const path = await policy(gatewayText(line));
    for (const command of [
      ["check", path],
      ["check", "--format", "json", path],
    ]) {
      const { code, stdout, stderr } = await sluice(command);
      expect(code).toBe(1);
      expect(`${stdout}${stderr}`).toMatch(/SL\d{4}/);
      expect(`${stdout}${stderr}`).not.toContain(SECRET);
    }
  });
});

describe("explain", () => {
  test("tells of a code, of a route, of all routes and of each stage", async () => {
    const pages: [args: string[], says: RegExp][] = [
      [["SL0408"], /^SL0408 \(error\): .+\n\n.+/],
      [["sl0408"], /^SL0408 /],
      [["orders", "-p", QUICKSTART], /partners-only[\s\S]*orders-access[\s\S]*per-partner/],
      [["-p", QUICKSTART], /health[\s\S]*orders[\s\S]*reports/],
      [["--stage", "plan", "-p", QUICKSTART], /^\{\n/],
      [["--stage", "filters", "-p", QUICKSTART], /^\{\n {2}"version": 1,/],
      [["--stage", "envoy", "-p", QUICKSTART], /^# Compiled by sluice for Envoy 1\.40/],
    ];
    for (const [args, says] of pages) {
      const { code, stdout, stderr } = await sluice(["explain", ...args]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(says);
    }
  });

  test("shows references and never the secrets behind them", async () => {
    const env = { ACME_KEY: "hunter2-acme", GLOBEX_KEY: "hunter2-globex" };
    for (const stage of ["plan", "filters", "envoy"]) {
      const { stdout } = await sluice(["explain", "--stage", stage, "-p", QUICKSTART], { env });
      expect(stdout).toContain("ACME_KEY");
      expect(stdout).not.toContain("hunter2");
    }
  });
});

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
