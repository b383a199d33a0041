import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GenericContainer, type StartedTestContainer } from "testcontainers";
import { connectAdmin, type EnvoyAdmin } from "../../compiler/runtime/admin.js";
import { PUBLISHED_IMAGE } from "../../compiler/runtime/image.js";
import { findings, OutputTail } from "../../compiler/runtime/output.js";
import { sluice } from "../e2e/support/cli.js";
import { type Decision, decisionOf } from "../e2e/support/decisions.js";
import { until } from "../e2e/support/until.js";

/** An Envoy in a container with the network of this machine. */
export interface EnvoyContainer {
  readonly id: string;
  readonly admin: EnvoyAdmin;
  /** `host:port` of the first listener. */
  readonly address: string;
  url(path: string): string;
  /** All that Envoy has written, to both streams. */
  output(): string;
  /** Makes one request, and gives what the access log says of it. Each request must be made so, one after the other. */
  judged<R>(call: () => Promise<R>): Promise<{ reply: R; decision: Decision }>;
  stop(): Promise<void>;
}

/** What `sluice compile` writes for a policy, in a folder of its own; `remove` takes it away. */
export async function compiled(policy: string): Promise<{ folder: string; remove(): Promise<void> }> {
  const work = await mkdtemp(join(tmpdir(), "sluice-compiled-"));
  const folder = join(work, "build");
  await writeFile(join(work, "policy.yaml"), policy);
  const args = ["compile", join(work, "policy.yaml"), "--out", folder, "--access-log", "-"];
  const { code, stderr } = await sluice(args);
  if (code !== 0) throw new Error(stderr);
  return { folder, remove: () => rm(work, { recursive: true, force: true }) };
}

/** Published image and a compiled folder, as a user without a Dockerfile would put them together. */
export async function startCompiled(policy: string, env: Readonly<Record<string, string>>): Promise<EnvoyContainer> {
  const { folder, remove } = await compiled(policy);
  try {
    return await startContainer(
      new GenericContainer(PUBLISHED_IMAGE)
        .withCopyDirectoriesToContainer([{ source: folder, target: "/etc/sluice" }])
        .withWorkingDir("/etc/sluice")
        .withUser("101:101")
        .withEntrypoint(["envoy", "--disable-hot-restart", "-c", "envoy.yaml"])
        .withEnvironment({ ...env }),
    );
  } finally {
    await remove();
  }
}

const ADMIN = JSON.stringify({ admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } } });
/** A free port instead of the fixed one of the admin interface, where it is, and lines of the access log at once. */
export const ENVOY_OPTIONS = [
  ...["--config-yaml", ADMIN, "--file-flush-interval-msec", "10"],
  ...["-l", "warning", "--component-log-level", "admin:info,wasm:info"],
];

/** @param container whose entry point is Envoy with the compiled files */
export async function startContainer(container: GenericContainer): Promise<EnvoyContainer> {
  const output = new OutputTail(8 * 1024 * 1024);
  const started = await container
    .withNetworkMode("host")
    .withCommand(ENVOY_OPTIONS)
    .withLogConsumer((stream) =>
      stream.setEncoding("utf8").on("data", (text: string) => {
        output.append(text);
      }),
    )
    .start();
  try {
    return await readied(started, output);
  } catch (error) {
    await started.stop();
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${findings(output.text()).join("\n")}`);
  }
}

async function readied(started: StartedTestContainer, output: OutputTail): Promise<EnvoyContainer> {
  const admin = await until("the address of the admin interface", () => {
    const address = /admin address: (127\.0\.0\.1:\d+)$/m.exec(output.text())?.[1];
    return address === undefined ? undefined : connectAdmin(address);
  });
  const workers = "listener_manager.workers_started";
  await until("the workers", async () => (await admin.stats(`^${workers}$`)).get(workers) === 1);
  const [listener] = await admin.listeners();
  if (listener === undefined) throw new Error("Envoy has no listener");
  const address = `${listener.address}:${listener.port}`;
  const lines = () => output.text().split("\n").slice(0, -1).flatMap(decisionOf);
  return {
    id: started.getId(),
    admin,
    address,
    url: (path) => `http://${address}${path}`,
    output: () => output.text(),
    async judged(call) {
      const before = lines().length;
      const reply = await call();
      const decision = await until("a line in the access log", () => lines()[before]);
      return { reply, decision };
    },
    stop: async () => void (await started.stop()),
  };
}
