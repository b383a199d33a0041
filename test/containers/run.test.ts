import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, describe, expect, it } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { PUBLISHED_IMAGE } from "../../compiler/runtime/image.js";
import { startEnvoy } from "../../compiler/runtime/process.js";
import { isOpen, type RunningCli, sluice } from "../e2e/support/cli.js";
import { until } from "../e2e/support/until.js";
import { workplace } from "../e2e/support/workplace.js";
import { listener, staticBootstrap } from "../support/bootstrap.js";
import { request } from "../support/http.js";
import { describeWithDocker, docker } from "./daemon.js";

const ENV = { ACME_KEY: "acme-key-in-docker" };
const acme = { "x-api-key": ENV.ACME_KEY };

await describeWithDocker("sluice run --docker", () => {
  const place = workplace("sluice, in docker-", "orders");

  const policy = (more = "") => `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:0 } }
services: { orders: { endpoints: ["${place.upstream.address}"] } }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies: { known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known] }
${more}`;

  async function start(...args: string[]): Promise<{ cli: RunningCli; url: string; container: string }> {
    const before = await containers();
    // A comma in the path of the run folder, which is one in the option of a mount too.
    const env = { ...ENV, TMPDIR: place.folder };
    const { cli, url } = await place.start(policy(), ["--docker", ...args], { env });
    const [container = ""] = (await containers()).filter((name) => !before.includes(name));
    return { cli, url, container };
  }

  async function containers(): Promise<string[]> {
    const names = await docker("ps", "--all", "--filter", "name=^sluice-", "--format", "{{.Names}}");
    return names.split("\n").filter((name) => name !== "");
  }

  /** On a connection of its own, so that it meets the newest listener. */
  async function ask(url: string, headers: Record<string, string> = {}): Promise<number> {
    return (await request(url, { headers, agent: new Agent({ keepAlive: false }) })).status;
  }

  it("decides as without a container, and takes over an edit at once", async () => {
    const { cli, url } = await start("--access-log");
    expect([await ask(`${url}/orders/1`), await ask(`${url}/orders/1`, acme)]).toEqual([401, 200]);
    expect(place.upstream.received.map((one) => one.values("x-consumer"))).toEqual([["acme"]]);
    expect(await ask(`${url}/new`)).toBe(404);
    await cli.prints(/^\{.*"consumer":"acme".*\}$/m);

    await place.replace(policy("  - { name: new, match: { path: /new }, respond: { status: 204 } }\n"));
    await cli.prints(/^.*policy\.yaml: taken over$/m);
    expect(await ask(`${url}/new`)).toBe(204);

    await writeFile(place.file, policy().replace("apply: [known]", "apply: [knwon]"));
    await cli.reports(/policy before stays in force/);
    expect([await ask(`${url}/orders/1`), await ask(`${url}/new`)]).toEqual([401, 204]);
  });

  it("confines the container, and shows no key on a command line", async () => {
    const { cli, container } = await start();
    const format =
      "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.LogConfig.Type}} {{.Config.User}}";
    expect(await docker("inspect", "--format", format, container)).toBe(
      `true [ALL] [no-new-privileges] none ${process.getuid?.()}:${process.getgid?.()}`,
    );
    const writable = await docker(
      "inspect",
      "--format",
      "{{range .Mounts}}{{if .RW}}{{.Source}}\n{{end}}{{end}}",
      container,
    );
    expect(writable).toMatch(/\/sluice-envoy-\w+$/);
    expect(writable.split("\n")).toHaveLength(1);
    const [client = 0] = cli.children();
    const commandLine = readFileSync(`/proc/${client}/cmdline`, "utf8");
    expect(commandLine).toContain("--env\0ACME_KEY\0");
    expect(commandLine).not.toContain(ENV.ACME_KEY);
  });

  it.each([
    ["SIGINT", "alone"],
    ["SIGTERM", "alone"],
    ["SIGINT", "with its children, as from a terminal"],
  ] as const)("%s %s removes the container", async (signal, whom) => {
    const { cli, url, container } = await start();
    expect(await containers()).toContain(container);
    if (whom === "alone") cli.signal(signal);
    else cli.signalGroup(signal);
    const { code, stderr } = await cli.ended;
    // Envoy logs the signal that it is ended by.
    const words = stderr
      .split("\n")
      .filter((line) => line !== "" && !/\[warning\]\[main\].* caught ENVOY_SIGTERM$/.test(line));
    expect({ code, words }).toEqual({ code: 0, words: [] });
    expect(await containers()).not.toContain(container);
    expect(await isOpen(Number(new URL(url).port))).toBe(false);
    expect(await leftovers()).toEqual([]);
  });

  it.each(["the container", "docker's command"])(
    "if somebody kills %s, it ends, says so and leaves nothing",
    async (whom) => {
      const { cli, container } = await start();
      if (whom === "the container") await docker("kill", container);
      else for (const pid of cli.children()) process.kill(pid, "SIGKILL");
      const { code, stderr } = await cli.ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(/^sluice: Envoy ended by itself \((status 137|SIGKILL)\)\n$/);
      expect(await containers()).not.toContain(container);
      expect(await leftovers()).toEqual([]);
    },
  );

  /** Folders of runs. */
  async function leftovers(): Promise<string[]> {
    return (await readdir(place.folder)).filter((name) => name.startsWith("sluice-"));
  }

  describe("without what it needs", () => {
    it.each([
      [
        "a daemon",
        { DOCKER_HOST: "unix:///nowhere/docker.sock" },
        /^sluice: No Docker daemon answers: .*unix:\/\/\/nowhere\/docker\.sock.*\n {2}fix: Start the daemon, .*or run without --docker\.\n$/,
      ],
      [
        "an image",
        { SLUICE_ENVOY_IMAGE: "sluice-absent:1" },
        /^sluice: The Docker daemon has no image sluice-absent:1: .*\n {2}fix: Run `docker pull sluice-absent:1`, or set SLUICE_ENVOY_IMAGE .*\n$/,
      ],
      [
        "a command",
        { PATH: "/nowhere" },
        /^sluice: The command docker cannot be run: .*ENOENT\.\n {2}fix: Install Docker, .*\n$/,
      ],
    ])("%s, it says so and what to do", async (_what, env, says) => {
      await writeFile(place.file, policy());
      const { code, stdout, stderr } = await sluice(["run", place.file, "--docker"], { env: { ...ENV, ...env } });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(says);
    });

    it("an image any more when it starts, docker's own words are told", async () => {
      const starting = startEnvoy({
        envoy: { image: "sluice-absent:1" },
        workDir: place.folder,
        configText: staticBootstrap(),
      });
      await expect(starting).rejects.toThrow(/it ended with status 125\.\n {2}docker: .*sluice-absent:1/i);
    });
  });

  describe("when the program that runs it breaks", () => {
    let parent: ChildProcess | undefined;
    afterEach(() => void parent?.kill("SIGKILL"));

    it.each(["exit", "throw", "SIGTERM"] as const)("by %s, the container is removed", async (how) => {
      await build({
        stdin: { contents: PARENT, resolveDir: join(packageRoot(), "compiler/runtime"), loader: "ts" },
        ...{
          bundle: true,
          platform: "node",
          format: "esm",
          outfile: join(place.folder, "parent.mjs"),
          logLevel: "error",
        },
      });
      const options = {
        envoy: { image: PUBLISHED_IMAGE },
        workDir: place.folder,
        configText: staticBootstrap(listener()),
      };
      const before = await containers();
      const child = spawn(process.execPath, [join(place.folder, "parent.mjs"), JSON.stringify(options)], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      parent = child;
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const [container = ""] = (await containers()).filter((name) => !before.includes(name));
      expect(container).not.toBe("");
      if (how === "SIGTERM") child.kill("SIGTERM");
      else child.stdin.write(how);
      await new Promise((resolve) => child.once("exit", resolve));
      await until("the container to be gone", async () => !(await containers()).includes(container));
    });
  });
});

const PARENT = `import { startEnvoy } from "./process.js";
await startEnvoy(JSON.parse(process.argv[2] ?? ""));
process.stdout.write("started");
process.stdin.once("data", (text) => {
  if (String(text) === "exit") process.exit(7);
  throw new Error("nobody catches this");
});`;
