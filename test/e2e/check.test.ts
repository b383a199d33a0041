import { spawnSync } from "node:child_process";
import { chmod, link, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { FORMATS } from "../../compiler/cli/print.js";
import { sluice } from "./support/cli.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-check-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const check = (...args: string[]) => sluice(["check", ...args], { cwd: folder });

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

const read = (name: string) => readFile(join(folder, name), "utf8");

/** A gateway whose first route has a method and whose second one has a service as they are given. */
function gateway(method: string, service: string, ...more: string[]): string {
  return [
    "apiVersion: sluice/v1",
    "kind: Gateway",
    "name: shop",
    ...more,
    "listeners: { public: { address: 127.0.0.1:8080 } }",
    "services: { orders: { endpoints: [127.0.0.1:9001] } }",
    "routes:",
    `  - { name: orders, match: { path: /orders/**, methods: [${method}] }, to: orders }`,
    `  - { name: items, match: { path: /items/** }, to: ${service} }`,
    "",
  ].join("\n");
}

const CLEAN = gateway("GET", "orders");
const BAD = gateway("get", "ordres");

describe("--fix", () => {
  test("writes what is safe, and tells what is left", async () => {
    const file = await write("p.yaml", BAD);
    const { code, stdout, stderr } = await check("--fix", file);
    expect(await read(file)).toBe(gateway("GET", "ordres"));
    expect(stdout).toBe("p.yaml:7:58 SL0104 write `GET`\n1 fixed\n");
    expect(stderr).toContain("p.yaml:8:52: error SL0201");
    expect(stderr).toMatch(/\n1 error, 1 fixable with --fix=suggested\n$/);
    expect(code).toBe(1);
  });

  test("writes guesses only when asked", async () => {
    const file = await write("p.yaml", BAD);
    const { code, stdout, stderr } = await check(file, "--fix=suggested");
    expect(await read(file)).toBe(CLEAN);
    expect(stdout).toBe(
      "p.yaml:7:58 SL0104 write `GET`\np.yaml:8:52 SL0201 write `orders`\n2 fixed\np.yaml: no findings\n",
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(await check(file, "--fix=all")).toMatchObject({ code: 3, stdout: "" });
  });

  test("keeps the mode, the link, the byte order mark and the line ends, and leaves nothing behind", async () => {
    await mkdir(join(folder, "real"));
    const text = `\ufeff${BAD.replaceAll("\n", "\r\n")}`;
    await write("real/p.yaml", text);
    await chmod(join(folder, "real/p.yaml"), 0o640);
    await symlink("real/p.yaml", join(folder, "link.yaml"));
    await check("link.yaml", "--fix");
    expect(await read("real/p.yaml")).toBe(text.replace("get", "GET"));
    expect((await stat(join(folder, "real/p.yaml"))).mode & 0o777).toBe(0o640);
    expect((await lstat(join(folder, "link.yaml"))).isSymbolicLink()).toBe(true);
    expect(await readdir(join(folder, "real"))).toEqual(["p.yaml"]);
  });

  test("keeps the other names of a file", async () => {
    await write("p.yaml", BAD);
    await link(join(folder, "p.yaml"), join(folder, "other.yaml"));
    await check("p.yaml", "--fix=suggested");
    expect(await read("other.yaml")).toBe(CLEAN);
    expect((await stat(join(folder, "p.yaml"))).nlink).toBe(2);
    expect((await readdir(folder)).toSorted()).toEqual(["other.yaml", "p.yaml"]);
  });

  test("reaches the files that a gateway includes", async () => {
    const fragment =
      "apiVersion: sluice/v1\nkind: Fragment\nroutes:\n  - name: health\n    match: { path: /healthz }\n";
    await write("routes.yaml", `${fragment}    respond: { status: 200 }\n    timeout: 2s # of no use\n`);
    const file = await write("p.yaml", gateway("get", "orders", "include: [routes.yaml]"));
    const { code, stdout } = await check(file, "--fix");
    expect(await read("p.yaml")).toBe(gateway("GET", "orders", "include: [routes.yaml]"));
    expect(await read("routes.yaml")).toBe(`${fragment}    respond: { status: 200 }\n`);
    expect(stdout).toContain("routes.yaml:7:14 SL0306 remove `timeout`\n");
    expect(code).toBe(0);
  });

  test("does not touch a file that it cannot make better", async () => {
    const file = await write("p.yaml", gateway("GET", "nowhere"));
    const before = await stat(join(folder, file));
    expect((await check(file, "--fix=suggested")).stdout).toBe("");
    const after = await stat(join(folder, file));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  test("leaves the document of a format alone on standard output", async () => {
    const file = await write("p.yaml", BAD);
    const { stdout, stderr } = await check(file, "--fix", "--format", "json");
    expect(JSON.parse(stdout)).toMatchObject([{ code: "SL0201", fix: { safe: false } }]);
    expect(stderr).toBe("p.yaml:7:58 SL0104 write `GET`\n");
  });
});

const MACHINE_FORMATS = FORMATS.filter((format) => format !== "text");

/** Whether a text is a document of a format, as far as one can see from outside; the renderers' own tests look closer. */
function isDocument(format: (typeof MACHINE_FORMATS)[number], text: string): boolean {
  switch (format) {
    case "json":
    case "gitlab":
      return Array.isArray(JSON.parse(text));
    case "sarif":
      return JSON.parse(text).version === "2.1.0";
    case "github":
      return /^(?:::(?:error|warning) .*\n)*$/.test(text);
    case "junit":
      return text.startsWith("<?xml ") && text.endsWith("</testsuites>\n");
  }
}

describe.each(MACHINE_FORMATS)("--format %s", (format) => {
  test("is a document and nothing else, also without findings", async () => {
    const clean = await check(await write("clean.yaml", CLEAN), "--format", format);
    expect(clean).toMatchObject({ code: 0, stderr: "" });
    expect(isDocument(format, clean.stdout)).toBe(true);
    const bad = await check(await write("bad.yaml", BAD), "--format", format);
    expect(bad).toMatchObject({ code: 1, stderr: "" });
    expect(isDocument(format, bad.stdout)).toBe(true);
    expect(bad.stdout).toContain("SL0201");
  });

  test("is a document when a file cannot be read, and the others are checked", async () => {
    const { code, stdout, stderr } = await check("gone.yaml", await write("bad.yaml", BAD), "--format", format);
    expect(code).toBe(1);
    expect(stderr).toBe("sluice: gone.yaml: no such file or folder\n");
    expect(isDocument(format, stdout)).toBe(true);
    expect(stdout).toContain("SL0201");
    const compiled = await sluice(["compile", "gone.yaml", "--format", format], { cwd: folder });
    expect(compiled).toMatchObject({ code: 1, stderr });
    expect(isDocument(format, compiled.stdout)).toBe(true);
  });
});

describe("a secret", () => {
  test.each([...FORMATS])("is not in the output of --format %s, however it is written", async (format) => {
    const credentials = [
      "{ apiKey: SECRET }",
      "apiKey:\n          SECRET",
      "apiKey:\n          value: SECRET",
      "apiKey: |\n          SECRET",
    ];
    const text = gateway(
      "GET",
      "ordres",
      "consumers:",
      "  acme:",
      "    credentials:",
      ...credentials.map((one) => `      - ${one}`),
    );
    for (const secret of ["hunter2-secret", "7391", "0x1F77", "hunter2: [x", "-----BEGIN"]) {
      const file = await write("p.yaml", text.replaceAll("SECRET", secret));
      const { code, stdout, stderr } = await check(file, "--format", format);
      expect(code).toBe(1);
      expect(`${stdout}${stderr}`).not.toContain(secret.replace(/: .*/, ""));
    }
  });
});

test("colours are for terminals, and the environment can decide", async () => {
  const file = await write("p.yaml", BAD);
  const run = (env: Record<string, string | undefined>) =>
    sluice(["check", file], { cwd: folder, env: { NO_COLOR: undefined, FORCE_COLOR: undefined, ...env } });
  expect((await run({})).stderr).not.toContain("\u001b");
  expect((await run({ FORCE_COLOR: "1" })).stderr).toContain("\u001b[1;31merror SL0201\u001b[0m");
  expect((await run({ FORCE_COLOR: "0" })).stderr).not.toContain("\u001b");
  expect((await run({ NO_COLOR: "1" })).stderr).not.toContain("\u001b");
});

test("the last line counts what there is, silenced findings too", async () => {
  const unused = "policies: { unused: { rateLimit: { rate: 1/second } } }";
  const silenced = gateway("GET", "orders", "# sluice-ignore: SL0403 until the next release", unused);
  expect((await check(await write("p.yaml", silenced))).stdout).toBe("p.yaml: no findings, 1 silenced\n");
  const warned = await check(await write("p.yaml", gateway("GET", "orders", unused)));
  expect(warned).toMatchObject({ code: 0, stdout: "" });
  expect(warned.stderr).toMatch(/\n1 warning\n$/);
  expect((await check(await write("p.yaml", BAD))).stderr).toMatch(
    /\n2 errors, 1 fixable with --fix, 1 more with --fix=suggested\n$/,
  );
});

/** A line of a shell in the folder, in which `sluice` is the command. */
function shell(line: string) {
  const main = join(packageRoot(), "dist/compiler/cli/main.js");
  const text = `sluice() { "${process.execPath}" "${main}" "$@"; }; ${line}`;
  return spawnSync("sh", ["-c", text], { cwd: folder, encoding: "utf8" });
}

describe("the paths", () => {
  test("count each file once", async () => {
    await write("p.yaml", CLEAN);
    expect((await check("p.yaml", "./p.yaml", join(folder, "p.yaml"))).stdout).toBe("p.yaml: no findings\n");
  });

  test("are printed as they are, backslashes too", async () => {
    expect((await check(await write("a\\b.yaml", BAD))).stderr).toContain("a\\b.yaml:7:58: error SL0104");
  });

  test("may be standard input, which includes from the working directory", async () => {
    await write("p.yaml", gateway("get", "orders", "include: [part.yaml]"));
    await write("part.yaml", "apiVersion: sluice/v1\nkind: Fragment\ntimeout: 1s\n");
    const { status, stderr } = shell("sluice check - < p.yaml");
    expect(stderr).toContain("<stdin>:8:58: error SL0104");
    expect(stderr).toContain("part.yaml:3:1: error SL0101");
    expect(status).toBe(1);
    await write("clean.yaml", CLEAN);
    expect(shell("cat clean.yaml | sluice check - clean.yaml").stdout).toBe("2 files: no findings\n");
    expect(shell("sluice check - --fix < p.yaml")).toMatchObject({ status: 3, stdout: "" });
    expect(shell("printf '\\377' | sluice check -").stderr).toContain("<stdin>:1:1: error SL0020");
    expect(shell("head -c 5000000 /dev/zero | sluice check -").stderr).toContain("<stdin>:1:1: error SL0005");
  });

  test("may be tests on standard input", async () => {
    await write("p.yaml", CLEAN);
    const cases = "cases: [{ name: a, request: { path: /nowhere }, expect: { upstream: nobody } }]";
    await write("p.test.yaml", `apiVersion: sluice/v1\nkind: Test\npolicy: p.yaml\n${cases}\n`);
    expect(shell("sluice check - < p.test.yaml").stderr).toContain("no service is named `nobody`");
  });
});

test.each([
  ["help", "sluice check --help"],
  ["findings", "sluice check p.yaml 2>&1"],
  ["a document", "sluice check p.yaml --format sarif"],
])("a reader that goes away is no error: %s", async (_, command) => {
  await write("p.yaml", BAD);
  expect(shell(`(${command}; echo "code $?" >&2) | true`).stderr).toMatch(/^code [01]\n$/);
});

test("a disk that is full is told in one line", async () => {
  await write("p.yaml", CLEAN);
  expect(shell("sluice check p.yaml > /dev/full")).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^sluice: cannot print: ENOSPC.*\n$/),
  });
});

test.each(["p.yaml", "p.yaml/shop"])("init %s, where that is a file, is wrong usage", async (path) => {
  await write("p.yaml", CLEAN);
  const { code, stderr } = await sluice(["init", path], { cwd: folder });
  expect([code, stderr]).toEqual([
    3,
    `sluice: ${path} is not a folder; name the folder that the project is written to\n`,
  ]);
});

test("init comes to an end where no folder can be made", async () => {
  const { code, stderr } = await sluice(["init", "/proc/nowhere/shop"], { cwd: folder });
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^sluice: cannot write to \/proc\/nowhere\/shop: ENOENT.*\n$/),
  ]);
});
