import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { modulesFolder, packageRoot } from "../../compiler/cli/files.js";
import { runCommand } from "../../compiler/runtime/command.js";
import { startEnvoy } from "../../compiler/runtime/process.js";
import { moduleNames } from "../../compiler/wasm/contracts.js";
import { requireEnvoy } from "../support/envoy.js";
import { request } from "../support/http.js";
import { sluice } from "./support/cli.js";

// What `sluice compile` leaves in a folder, and how it is held to that: by the real command, on copies of an example.

let folder = "";
const at = (...parts: string[]) => join(folder, ...parts);
const read = (path: string) => readFileSync(at(path), "utf8");
const change = (path: string, from: string | RegExp, to: string) =>
  writeFileSync(at(path), read(path).replace(from, to));

const run = (...args: string[]) => sluice(args, { cwd: folder });
const compile = (...more: string[]) => run("compile", "shop/policy.yaml", "--out", "build", ...more);
const check = (...more: string[]) => compile("--check", ...more);

/** An example and what was compiled of it, of which each test has a copy. */
let template = "";
beforeAll(async () => {
  template = folder = mkdtempSync(join(tmpdir(), "sluice-output-"));
  cpSync(join(packageRoot(), "examples/tenants"), at("shop"), { recursive: true });
  expect(await compile()).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(template, { recursive: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-output-"));
  cpSync(template, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Everything that is in the folder, by path. */
function tree(): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => [
      join(entry.parentPath, entry.name),
      readFileSync(join(entry.parentPath, entry.name), "latin1"),
    ]),
  );
}

const findingsOf = (stdout: string) =>
  z
    .array(z.object({ file: z.string(), line: z.number(), code: z.string(), message: z.string() }))
    .parse(JSON.parse(stdout));

/** `SL1002 build/envoy.yaml: why`, of the findings about the output. */
async function told(...more: string[]): Promise<string[]> {
  const before = tree();
  const { code, stdout } = await check("--format", "json", ...more);
  const found = findingsOf(stdout).filter((finding) => finding.code.startsWith("SL10"));
  expect(code).toBe(found.length === 0 ? 0 : 1);
  expect(tree(), "--check writes nothing").toEqual(before);
  return found.map(
    (finding) => `${finding.code} ${finding.file}: ${/: (.*); (run|remove) /.exec(finding.message)?.[1]}`,
  );
}

/** SHA-256 of "old". */
const OLD = "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";

describe("sluice compile", () => {
  it("writes the lock beside the files, and leaves nothing else behind", async () => {
    expect(readdirSync(at("build"), { recursive: true }).toSorted()).toEqual([
      "envoy.yaml",
      "modules",
      "modules/guard.wasm",
      "sluice.lock.json",
    ]);
    const first = tree();
    const again = await compile();
    expect(again.stdout).toBe("wrote build/envoy.yaml\nwrote build/modules/guard.wasm\nwrote build/sluice.lock.json\n");
    expect(tree()).toEqual(first);
  });

  it("takes along what the compilation before wrote, and nothing that somebody has changed", async () => {
    const entry = { sha256: "", size: 3, version: "0.1.0", abi: "0.2.1", imports: [], exports: [], capabilities: [] };
    const lock = JSON.parse(read("build/sluice.lock.json"));
    for (const name of ["left", "edited"]) lock.modules.push({ ...entry, sha256: OLD, path: `modules/${name}.wasm` });
    writeFileSync(at("build/sluice.lock.json"), JSON.stringify(lock));
    writeFileSync(at("build/modules/left.wasm"), "old");
    writeFileSync(at("build/modules/edited.wasm"), "new");
    expect((await told()).filter((line) => line.startsWith("SL1004"))).toEqual([
      "SL1004 build/modules/edited.wasm: an earlier compilation wrote it, and it was changed since",
      "SL1004 build/modules/left.wasm: an earlier compilation wrote it, and this one does not",
    ]);
    expect((await compile()).stdout).toContain("removed build/modules/left.wasm\n");
    expect(readdirSync(at("build/modules"))).toEqual(["edited.wasm", "guard.wasm"]);
  });

  it("takes nothing away that a link shows from elsewhere", async () => {
    mkdirSync(at("home"));
    writeFileSync(at("home/left.wasm"), "old");
    symlinkSync("../home", at("build/link"));
    symlinkSync("../home/left.wasm", at("build/left.wasm"));
    const lock = JSON.parse(read("build/sluice.lock.json"));
    for (const path of ["link/left.wasm", "left.wasm"]) lock.modules.push({ ...lock.modules[0], sha256: OLD, path });
    writeFileSync(at("build/sluice.lock.json"), JSON.stringify(lock));
    const { stdout } = await compile();
    expect(stdout.match(/^removed .*$/gm)).toEqual(["removed build/left.wasm"]);
    expect(read("home/left.wasm")).toBe("old");
    expect(existsSync(at("build/left.wasm"))).toBe(false);
  });

  it("leaves the old files where a new one cannot be written", async () => {
    change("shop/policy.yaml", /^/, "# another\n");
    rmSync(at("build/envoy.yaml"));
    mkdirSync(at("build/envoy.yaml"));
    const before = tree();
    const { code, stderr } = await compile();
    expect(code).toBe(1);
    expect(stderr).toContain("cannot write to build: build/envoy.yaml is a folder");
    expect({ ...tree(), [at("shop/policy.yaml")]: "" }).toEqual({ ...before, [at("shop/policy.yaml")]: "" });
  });

  it("tells Envoy where the modules are, and that is where it finds them", async () => {
    for (const modulesDir of ["lib/sluice//", at("opt")]) {
      const { code, stderr } = await compile("--modules-dir", modulesDir);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const place = join(folder, modulesDir.startsWith("/") ? "opt" : "lib/sluice");
      mkdirSync(join(place, ".."), { recursive: true });
      renameSync(at("build/modules"), place);
      const configText = read("build/envoy.yaml").replaceAll(/(port_value: )\d+/g, "$10");
      const env = Object.fromEntries(
        (/variables that Envoy needs: (.*)/.exec(configText)?.[1] ?? "")
          .split(", ")
          .map((name) => [name, `key-of-${name}`]),
      );
      const envoy = await startEnvoy({ envoy: await requireEnvoy(), workDir: folder, env, configText, concurrency: 1 });
      try {
        const [listener] = await envoy.listeners();
        expect((await request(`http://127.0.0.1:${listener?.port}/tenants/acme/export`)).status).toBe(401);
      } finally {
        await envoy.stop();
      }
    }
  });

  it.each([[""], ["a\nb"]])("takes no %j for the folder of the modules", async (modulesDir) => {
    expect(await compile("--modules-dir", modulesDir)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("the path of a folder is needed"),
    });
  });
});

describe("sluice compile --check", () => {
  it("has nothing to say after a compilation, from wherever it is called", async () => {
    expect(await check()).toMatchObject({ code: 0, stdout: "build is what the policy gives\n" });
    const elsewhere = await sluice(["compile", at("shop/policy.yaml"), "--out", at("build"), "--check"]);
    expect(elsewhere.code).toBe(0);
  });

  it("shows people the line and the command", async () => {
    change("build/envoy.yaml", "stat_prefix: ", "stat_prefix: other-");
    const { code, stdout, stderr } = await check();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^build\/envoy\.yaml:\d+:1: error SL1003: this file was changed after it was compiled: its SHA-256 is \w{12}…, and sluice\.lock\.json has \w{12}…; run `sluice compile shop\/policy\.yaml --out build`\n +\d+ \| +stat_prefix: other-/,
    );
  });

  it("names the file of the policy that has changed, also where only a comment did", async () => {
    appendFileSync(at("shop/policies/limits.yaml"), "# why\n");
    const reason = "policies/limits.yaml has changed";
    expect(await told()).toEqual([`SL1002 build/sluice.lock.json: ${reason}`]);
    change("shop/policies/limits.yaml", "burst 100", "burst 101");
    expect(await told()).toEqual([`SL1002 build/envoy.yaml: ${reason}`, `SL1002 build/sluice.lock.json: ${reason}`]);
    expect((await compile()).code).toBe(0);
    expect(await told()).toEqual([]);
  });

  it("takes other line ends for another policy", async () => {
    change("shop/consumers.yaml", /\n/g, "\r\n");
    expect(await told()).toContain("SL1002 build/sluice.lock.json: consumers.yaml has changed");
  });

  it("wants the options of the compilation", async () => {
    const [, line] = await told("--modules-dir", "/opt");
    expect(line).toBe(
      "SL1002 build/sluice.lock.json: it was compiled with --modules-dir modules, and now with --modules-dir /opt",
    );
  });

  it("tells another version from another edit", async () => {
    change("build/sluice.lock.json", '"sluice": "0.1.0"', '"sluice": "0.0.9"');
    expect(await told()).toEqual(["SL1002 build/sluice.lock.json: sluice 0.0.9 has compiled it, and this is 0.1.0"]);
    await compile();
    change("build/sluice.lock.json", '"size": ', '"size": 1');
    expect(await told()).toEqual([
      "SL1003 build/sluice.lock.json: it is not what the compilation that it names has written",
    ]);
    writeFileSync(at("build/sluice.lock.json"), "{}");
    expect((await told())[0]).toContain("SL1005 build/sluice.lock.json: lockVersion: ");
  });

  it("finds what is missing, changed or foreign", async () => {
    const guard = readFileSync(at("build/modules/guard.wasm"));
    guard[guard.length - 1] = (guard.at(-1) ?? 0) ^ 1;
    writeFileSync(at("build/modules/guard.wasm"), guard);
    cpSync(join(modulesFolder(), "auth.wasm"), at("build/more/auth.wasm"));
    rmSync(at("build/envoy.yaml"));
    const found = await told();
    expect(found.map((line) => line.replace(/\w{12}…/g, "…"))).toEqual([
      "SL1001 build/envoy.yaml: it was removed",
      "SL1003 build/modules/guard.wasm: its SHA-256 is …, and sluice.lock.json has …",
      "SL1004 build/more/auth.wasm: no sluice.lock.json names it, and Envoy could be told to load it",
    ]);
    rmSync(at("build"), { recursive: true });
    expect((await told()).map((line) => line.split(":")[0])).toEqual([
      "SL1001 build/envoy.yaml",
      "SL1001 build/modules/guard.wasm",
      "SL1001 build/sluice.lock.json",
    ]);
    expect(existsSync(at("build"))).toBe(false);
  });

  it("says what is wrong with the policy first", async () => {
    change("shop/policy.yaml", "kind: Gateway", "kind: Gatewy");
    const { code, stderr } = await check();
    expect(code).toBe(1);
    expect(stderr).toContain("Gatewy");
    expect(stderr).not.toContain("SL10");
  });

  it("prints annotations where the checks of a push want them", async () => {
    rmSync(at("build/envoy.yaml"));
    const { code, stdout } = await check("--format", "github");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^::error file=build\/envoy\.yaml,line=1,.*title=SL1001::/m);
  });
});

const SHIPPED = moduleNames.map((name) => `${name}.wasm`);

const verdicts = z.object({
  ok: z.boolean(),
  files: z.array(
    z.object({ path: z.string(), faults: z.array(z.string()), pin: z.object({ from: z.string() }).optional() }),
  ),
});

describe("sluice wasm verify", () => {
  const verify = async (...paths: string[]) => {
    const { code, stdout, stderr } = await run("wasm", "verify", ...paths, "--format", "json");
    expect(stderr).toBe("");
    const { ok, files } = verdicts.parse(JSON.parse(stdout));
    expect(code).toBe(ok ? 0 : 1);
    return files;
  };
  const faultsOf = async (...paths: string[]) => (await verify(...paths)).flatMap(({ faults }) => faults);

  it("finds the modules of the package as they were built", async () => {
    const found = (await verify()).map(({ path, faults }) => [path, faults]);
    expect(found).toEqual(SHIPPED.map((name) => [join(modulesFolder(), name), []]));
  });

  it("finds a folder as it was compiled, and tells people so", async () => {
    expect((await verify("build")).map(({ path, faults }) => [path, faults])).toEqual([
      ["build/envoy.yaml", []],
      ["build/modules/guard.wasm", []],
    ]);
    const { code, stdout } = await run("wasm", "verify", "build");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^build\/modules\/guard\.wasm: ok, sha256:\w{64}\n {2}\d+ bytes, ABI 0\.2\.1, 23 imports, 12 exports, memory of at most 64 MiB\n {2}the digest is that of build\/sluice\.lock\.json\n2 files, none wrong\n$/m,
    );
  });

  it("finds a file of the folder that was changed, removed or put there", async () => {
    change("build/envoy.yaml", "stat_prefix: ", "stat_prefix: other-");
    cpSync(join(modulesFolder(), "auth.wasm"), at("build/auth.wasm"));
    renameSync(at("build/modules/guard.wasm"), at("build/modules/other.wasm"));
    expect(
      (await verify("build")).map(({ path, faults }) => `${path} ${faults.join("; ").replace(/\w{64}/g, "…")}`),
    ).toEqual([
      "build/envoy.yaml has the digest …, and build/sluice.lock.json says …; compile again, or find out who changed it",
      "build/modules/guard.wasm is missing, and build/sluice.lock.json names it; compile again",
      "build/auth.wasm is not among the modules of build/sluice.lock.json",
      "build/modules/other.wasm is not among the modules of build/sluice.lock.json",
    ]);
  });

  it("finds a lock that says of a module what it is not", async () => {
    change("build/sluice.lock.json", '        "env.proxy_log",\n', "");
    change("build/sluice.lock.json", '        "random_get"', '        "random_get",\n        "proxy_grpc_call"');
    expect(await faultsOf("build")).toEqual([
      "has imports that are not allowed: env.proxy_log (by build/sluice.lock.json)",
      "has no use for the capability proxy_grpc_call (by build/sluice.lock.json)",
    ]);
    writeFileSync(at("build/sluice.lock.json"), "{}");
    expect(await faultsOf("build")).toEqual([
      expect.stringMatching(/^is no lock file that can be read: lockVersion: /),
    ]);
  });

  it("holds a module by itself to the lock around it, or else to the package", async () => {
    const [locked] = await verify("build/modules/guard.wasm");
    expect(locked).toMatchObject({ faults: [], pin: { from: "build/sluice.lock.json" } });
    cpSync(at("build/modules/guard.wasm"), at("guard.wasm"));
    const [shipped] = await verify("guard.wasm");
    expect(shipped).toMatchObject({ faults: [], pin: { from: join(modulesFolder(), "guard.cdx.json") } });
    cpSync(at("guard.wasm"), at("mine.wasm"));
    expect(await faultsOf("mine.wasm")).toEqual([
      `has a digest that nothing vouches for: no sluice.lock.json beside it names it, and sluice ships ${SHIPPED.join(", ")} only`,
    ]);
  });

  it("finds one byte more, and what it would let a module do", async () => {
    const bytes = readFileSync(at("build/modules/guard.wasm"));
    // A start section of function 0 between exports and code would be in the wrong order here; a custom one may come last.
    writeFileSync(at("guard.wasm"), Buffer.concat([bytes, Buffer.from([0, 5, 4, ...Buffer.from("name")])]));
    const digest = expect.stringContaining("has the digest ");
    expect(await faultsOf("guard.wasm")).toEqual([digest, "carries function names"]);
    cpSync(join(modulesFolder(), "guard.wasm"), at("auth.wasm"));
    expect(await faultsOf("auth.wasm")).toEqual([
      digest,
      "has exports that are not allowed: function proxy_on_delete, function proxy_on_log, function proxy_on_response_headers",
    ]);
    writeFileSync(at("auth.wasm"), bytes.subarray(0, 4_000));
    expect(await faultsOf("auth.wasm")).toEqual([
      expect.stringContaining("has the digest "),
      expect.stringMatching(/^is no module that can be read: it ends too early \(byte \d+\)$/),
    ]);
  });

  it.each([
    [["nowhere.wasm"], "nowhere.wasm: no such file or folder"],
    [["shop"], "shop: the folder holds no sluice.lock.json, which `sluice compile` writes"],
    [["/dev/null"], "/dev/null: not a file"],
  ])("says what it cannot verify: %j", async (paths, reason) => {
    const { code, stdout, stderr } = await run("wasm", "verify", ...paths);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(reason);
  });
});

describe("a package whose module is not as it was built", () => {
  const main = () => at("package/dist/compiler/cli/main.js");
  const call = (...args: string[]) =>
    runCommand(process.execPath, [main(), ...args], {
      cwd: folder,
      env: { ...process.env, ACME_ERP_KEY: "k-1", ACME_PORTAL_KEY: "k-2" },
      timeoutMs: 50_000,
    });

  beforeEach(() => {
    cpSync(join(packageRoot(), "dist"), at("package/dist"), { recursive: true });
    cpSync(join(packageRoot(), "package.json"), at("package/package.json"));
    const guard = readFileSync(at("package/dist/modules/guard.wasm"));
    writeFileSync(at("package/dist/modules/guard.wasm"), Buffer.concat([guard, Buffer.from([0, 2, 1, 0x78])]));
  });

  it.each([
    ["compile", ["compile", "shop/policy.yaml", "--out", "other"]],
    ["test", ["test", "shop"]],
  ])("is not used by %s", async (_, args) => {
    expect(await call(...args)).toMatchObject({
      kind: "ended",
      code: 1,
      stdout: "",
      stderr: `sluice: ${at("package/dist/modules/guard.wasm")} is not the module that ${at("package/dist/modules/guard.cdx.json")} is about; install the package again, or in a source tree: npm run build\n`,
    });
    expect(existsSync(at("other"))).toBe(false);
  });

  it("is found by wasm verify, by its digest alone", async () => {
    const outcome = await call("wasm", "verify");
    expect(outcome).toMatchObject({ code: 1, stdout: expect.stringContaining("6 files, 1 wrong\n") });
    rmSync(at("package/dist/modules/guard.cdx.json"));
    expect(await call("wasm", "verify")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("guard.cdx.json is not there or damaged; install the package again"),
    });
  });
});
