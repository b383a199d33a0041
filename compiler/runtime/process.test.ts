import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { listener, REFUSAL, staticBootstrap, strictModule } from "../../test/support/bootstrap.js";
import { requireEnvoy } from "../../test/support/envoy.js";
import { request } from "../../test/support/http.js";
import { runCommand } from "./command.js";
import type { EnvoyBinary } from "./find.js";
import { EnvoyStartError, type RunningEnvoy, startEnvoy, validateConfig } from "./process.js";

let envoy: EnvoyBinary;
let workDir: string;
const outerTmp = process.env.TMPDIR;
const running: RunningEnvoy[] = [];

beforeAll(async () => {
  envoy = await requireEnvoy();
  workDir = await mkdtemp(join(tmpdir(), "sluice-process-"));
  await writeFile(join(workDir, "strict.wasm"), strictModule());
  // Its own folder, so that what is left behind can be seen while other tests run.
  await mkdir(join(workDir, "tmp"));
  process.env.TMPDIR = join(workDir, "tmp");
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});
afterAll(async () => {
  if (outerTmp === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = outerTmp;
  await rm(workDir, { recursive: true, force: true });
});

interface More {
  env?: Record<string, string>;
  onOutput?: (stream: "stdout" | "stderr", text: string) => void;
}

async function start(configText: string, more: More = {}): Promise<RunningEnvoy> {
  const one = await startEnvoy({ envoy, workDir, concurrency: 2, configText, ...more });
  running.push(one);
  return one;
}

/** A process that has ended but was not yet collected by its new parent counts as ended. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const guarded = (configuration: string) => staticBootstrap(listener({ wasm: { file: "strict.wasm", configuration } }));

describe("startEnvoy", () => {
  it("serves, tells its listeners' real ports, and stops when asked, leaving nothing behind", async () => {
    const one = await start(staticBootstrap(listener({ body: "hello" }), listener({ name: "second" })));
    const listeners = await one.listeners();
    expect(listeners.map(({ name, address }) => `${name} ${address}`)).toEqual([
      "public 127.0.0.1",
      "second 127.0.0.1",
    ]);
    const reply = await request(`http://127.0.0.1:${listeners[0]?.port}/`);
    expect([reply.status, reply.text]).toEqual([200, "hello"]);
    expect(isAlive(one.pid)).toBe(true);

    const [exit, again] = await Promise.all([one.stop(), one.stop()]);
    expect([exit, again, await one.exited]).toEqual(Array(3).fill({ code: 0, signal: null }));
    expect(isAlive(one.pid)).toBe(false);
    expect(await scratchFolders()).toEqual([]);
  });

  it("puts the admin interface on loopback whatever the configuration says", async () => {
    const admin = { address: { socket_address: { address: "0.0.0.0", port_value: 1 } } };
    const one = await start(JSON.stringify({ ...JSON.parse(staticBootstrap(listener())), admin }));
    expect(one.adminUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d{4,5}$/);
    expect((await request(`${one.adminUrl}/ready`)).text).toBe("LIVE\n");
  });

  it("finds module files in the working directory", async () => {
    const one = await start(guarded("fine"));
    const [{ port } = { port: 0 }] = await one.listeners();
    expect((await request(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  it("reports the module's own message when it refuses its configuration", async () => {
    const error = await start(guarded("")).catch((caught: unknown) => caught);
    if (!(error instanceof EnvoyStartError)) throw new Error("Envoy started");
    expect(error.findings[0]).toBe(`guard: ${REFUSAL}`);
    expect(error.message).toContain("Envoy did not start: it ended with status 1.");
    expect(error.log).toContain("wasm log guard");
  });

  it("reports what is wrong with the configuration without repeating it", async () => {
    const error = await start('{"static_resources": {"nonsense": 1}}').catch((caught: unknown) => caught);
    if (!(error instanceof EnvoyStartError)) throw new Error("Envoy started");
    expect(error.findings.join()).toContain("nonsense");
    expect(error.message).not.toContain('{"static_resources"');
  });

  it("reports a binary that cannot be started", async () => {
    const missing = { ...envoy, path: join(workDir, "absent") };
    const starting = startEnvoy({ envoy: missing, workDir, configText: staticBootstrap() });
    await expect(starting).rejects.toThrow(/Envoy did not start: .*ENOENT/);
  });

  it("gives up and ends the process when Envoy is not ready in time", async () => {
    const starting = startEnvoy({ envoy, workDir, configText: staticBootstrap(), readyTimeoutMs: 0 });
    await expect(starting).rejects.toThrow("Envoy was not ready within 0 ms.");
    expect(await scratchFolders()).toEqual([]);
  });

  it("tells of an end that nobody asked for", async () => {
    const one = await start(staticBootstrap(listener()));
    process.kill(one.pid, "SIGKILL");
    expect(await one.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(await one.stop()).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("kills a process that does not end by itself", async () => {
    const one = await startEnvoy({ envoy, workDir, configText: staticBootstrap(), concurrency: 1, stopGraceMs: 50 });
    process.kill(one.pid, "SIGSTOP");
    expect(await one.stop()).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("hands over the variables it is given and few others", async () => {
    process.env.SLUICE_TEST_OUTER = "not-for-envoy";
    try {
      const seen: string[] = [];
      const fake = join(workDir, "prints-env");
      await writeFile(fake, "#!/bin/sh\nenv >&2\nexit 3\n", { mode: 0o755 });
      const onOutput = (_: string, text: string) => seen.push(text);
      const options = { envoy: { path: fake }, workDir, configText: "", env: { ACME_KEY: "k-1" }, onOutput };
      await expect(startEnvoy(options)).rejects.toThrow(EnvoyStartError);
      expect(seen.join("")).toContain("ACME_KEY=k-1");
      expect(seen.join("")).not.toContain("SLUICE_TEST_OUTER");
      expect(process.env.ACME_KEY).toBeUndefined();
    } finally {
      delete process.env.SLUICE_TEST_OUTER;
    }
  });
});

describe("validateConfig", () => {
  it("accepts, and refuses with the module's message", async () => {
    expect(await validateConfig({ envoy, workDir, configText: guarded("fine") })).toEqual({ ok: true });
    const refused = await validateConfig({ envoy, workDir, configText: guarded("") });
    if (refused.ok) throw new Error("accepted");
    expect(refused.findings[0]).toBe(`guard: ${REFUSAL}`);
    expect(refused.findings.at(-1)).toContain("Unable to create Wasm plugin guard");
  });
});

describe("when the parent ends", () => {
  let compiled: string;
  const root = resolve(import.meta.dirname, "../..");

  beforeAll(async () => {
    compiled = await mkdtemp(join(tmpdir(), "sluice-parent-"));
    await symlink(join(root, "node_modules"), join(compiled, "node_modules"));
    await writeFile(join(compiled, "package.json"), '{"type": "module"}');
    const source = join(root, "compiler/runtime/process.ts");
    const options = ["--ignoreConfig", "--module", "nodenext", "--target", "es2023", "--types", "node"];
    const tsc = await runCommand(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), ...options, "--outDir", join(compiled, "js"), source],
      { cwd: root, timeoutMs: 60_000 },
    );
    expect(tsc).toMatchObject({ kind: "ended", code: 0 });
    const startOptions = { envoy, workDir, concurrency: 1, configText: staticBootstrap(listener()) };
    await writeFile(
      join(compiled, "parent.mjs"),
      `import { startEnvoy } from "./js/process.js";
       const one = await startEnvoy(${JSON.stringify(startOptions)});
       process.stdout.write(one.pid + "\\n");
       process.stdin.once("data", (text) => {
         if (String(text) === "exit") process.exit(7);
         throw new Error("nobody catches this");
       });`,
    );
  });
  afterAll(() => rm(compiled, { recursive: true, force: true }));

  async function parent(): Promise<{ process: ChildProcess; envoyPid: number }> {
    const child = spawn(process.execPath, [join(compiled, "parent.mjs")], { stdio: ["pipe", "pipe", "ignore"] });
    const pid = await new Promise<number>((done, fail) => {
      child.stdout.once("data", (text) => done(Number(String(text))));
      child.once("exit", (code) => fail(new Error(`the parent ended with ${code}`)));
    });
    return { process: child, envoyPid: pid };
  }

  function ended(child: ChildProcess): Promise<string> {
    return new Promise((done) => child.once("exit", (code, signal) => done(String(signal ?? code))));
  }

  it.each([
    ["SIGTERM", "SIGTERM"],
    ["SIGINT", "SIGINT"],
    ["SIGHUP", "SIGHUP"],
    ["SIGQUIT", "SIGQUIT"],
    ["exit", "7"],
    ["throw", "1"],
  ] as const)("by %s, Envoy ends too", async (how, expected) => {
    const { process: child, envoyPid } = await parent();
    expect(isAlive(envoyPid)).toBe(true);
    const end = ended(child);
    if (how === "exit" || how === "throw") child.stdin?.write(how);
    else child.kill(how);
    expect(await end).toBe(expected);
    await expect.poll(() => isAlive(envoyPid), { timeout: 5_000 }).toBe(false);
    expect(await scratchFolders()).toEqual([]);
  });
});

async function scratchFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("sluice-envoy-"));
}
