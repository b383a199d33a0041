import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GenericContainer } from "testcontainers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { runCommand } from "../../compiler/runtime/command.js";
import { findings } from "../../compiler/runtime/output.js";
import { runLine } from "../documents/command.js";
import { allDocuments, commandLines } from "../documents/markdown.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { describeWithDocker, docker } from "./daemon.js";
import { ENVOY_OPTIONS, type EnvoyContainer, startContainer } from "./envoy-container.js";

const keys = { ACME_KEY: "acme-key-of-an-image", GLOBEX_KEY: "globex-key-of-an-image" };
const acme = { "x-api-key": keys.ACME_KEY };

await describeWithDocker("the image of examples/container", () => {
  /** Nobody's own `shop` is replaced. */
  const tag = `sluice-test-${randomBytes(6).toString("hex")}`;
  let folder: string;
  let envoy: EnvoyContainer;
  let service: Upstream;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-image-"));
    service = await startUpstream({ body: "orders" });
    await cp(join(packageRoot(), "examples"), join(folder, "examples"), { recursive: true });
    const policy = join(folder, "examples/quickstart/policy.yaml");
    const text = (await readFile(policy, "utf8")).replace("127.0.0.1:8080", "127.0.0.1:0");
    await writeFile(policy, text.replace("127.0.0.1:9001", service.address));

    // The lines of the page as they stand, but for the name and what cannot be shared: fixed ports, and the terminal.
    const [compile = "", build = "", run = ""] = commandsOf("examples/container/README.md");
    for (const line of [`${compile} --access-log -`, build.replace("--tag shop", `--tag ${tag}`)]) {
      const { code, stderr } = await runLine(line, { cwd: folder, env: { ...keys, ...dockerVariables() } });
      expect({ line, code }, stderr).toEqual({ line, code: 0 });
    }
    expect(run).toBe("docker run --rm --read-only --cap-drop ALL --network host --env ACME_KEY --env GLOBEX_KEY shop");
    envoy = await startContainer(new ReadOnlyContainer(tag).withDroppedCapabilities("ALL").withEnvironment(keys));
  });
  afterAll(async () => {
    await envoy?.stop();
    await docker("image", "rm", tag);
    await service?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("denies and allows as the policy says", async () => {
    const stranger = await envoy.judged(() => request(envoy.url("/orders/7")));
    expect([stranger.reply.status, stranger.decision.decision]).toEqual([401, "partners-only denied no-credential"]);
    expect(service.received).toEqual([]);
    const caller = await envoy.judged(() => request(envoy.url("/orders/7"), { headers: acme }));
    expect([caller.reply.status, caller.reply.text]).toEqual([200, "orders"]);
    expect(service.received.map((one) => one.values("x-consumer"))).toEqual([["acme"]]);
  });

  it("runs as the user of the image, who is not root", async () => {
    const pid = await docker("inspect", "--format", "{{.State.Pid}}", envoy.id);
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    expect(/^Name:\s+(\S+)/m.exec(status)?.[1]).toBe("envoy");
    expect(/^Uid:\s+(.+)$/m.exec(status)?.[1]?.split(/\s+/)).toEqual(Array(4).fill("101"));
    expect(/^CapEff:\s+(\w+)$/m.exec(status)?.[1]).toMatch(/^0+$/);
  });

  it("holds no key, in no file and no setting", async () => {
    const archive = join(folder, "files.tar");
    await docker("export", "--output", archive, envoy.id);
    const files = await readFile(archive);
    // The archive is plain, so a key would be seen as this is.
    expect(files.includes("partners-only")).toBe(true);
    const settings = `${await docker("image", "inspect", tag)}${await docker("history", "--no-trunc", tag)}`;
    for (const key of Object.values(keys))
      expect([files.includes(key), settings.includes(key)]).toEqual([false, false]);
  });

  it("does not start without its keys", async () => {
    const keyless = runCommand("docker", ["run", "--rm", "--network", "host", tag, ...ENVOY_OPTIONS], {
      timeoutMs: 50_000,
    });
    const result = await keyless;
    if (result.kind !== "ended") throw new Error(`docker run: ${result.kind}`);
    expect(result.code).toBe(1);
    expect(findings(result.stderr)[0]).toMatch(/variable is not set.*"env:ACME_KEY"$/);
  });
});

function commandsOf(path: string): string[] {
  return commandLines(allDocuments().filter((document) => document.path === path)).map(({ line }) => line);
}

/** testcontainers has no method for it. */
class ReadOnlyContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
  }
}

/** What docker's own command reads. */
function dockerVariables(): Record<string, string> {
  const { DOCKER_HOST } = process.env;
  return DOCKER_HOST === undefined ? {} : { DOCKER_HOST };
}
