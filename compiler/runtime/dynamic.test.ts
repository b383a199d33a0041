import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cluster, listener, REFUSAL, response, strictModule } from "../../test/support/bootstrap.js";
import { requireEnvoy } from "../../test/support/envoy.js";
import { request } from "../../test/support/http.js";
import { startUpstream, type Upstream } from "../../test/support/upstream.js";
import { type DynamicEnvoy, type Resources, type RunFiles, startDynamicEnvoy } from "./dynamic.js";
import { EnvoyStartError } from "./process.js";

let workDir: string;
let one: Upstream;
let two: Upstream;
const running: DynamicEnvoy[] = [];

beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), "sluice-dynamic-"));
  await writeFile(join(workDir, "strict.wasm"), strictModule());
  one = await startUpstream({ body: "one" });
  two = await startUpstream({ body: "two" });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ envoy }) => envoy.stop()));
});
afterAll(async () => {
  await Promise.all([one.close(), two.close()]);
  await rm(workDir, { recursive: true, force: true });
});

function bootstrap(files: RunFiles): string {
  const source = ({ file, watched }: RunFiles["listeners"]) => ({
    path_config_source: { path: file, watched_directory: { path: watched } },
  });
  return JSON.stringify({
    node: { id: "test", cluster: "test" },
    dynamic_resources: { lds_config: source(files.listeners), cds_config: source(files.clusters) },
  });
}

async function start(resources: Resources, logLevel: "warning" | "off" = "warning"): Promise<DynamicEnvoy> {
  const dynamic = await startDynamicEnvoy({
    folder: await mkdtemp(join(workDir, "run-")),
    bootstrap,
    resources,
    start: {
      envoy: await requireEnvoy(),
      workDir,
      concurrency: 2,
      logLevel,
      componentLogLevels: logLevel === "off" ? {} : { wasm: "info" },
    },
  });
  running.push(dynamic);
  return dynamic;
}

async function answer(dynamic: DynamicEnvoy): Promise<string> {
  const [{ port } = { port: 0 }] = await dynamic.envoy.listeners();
  const reply = await request(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  return `${reply.status} ${reply.text}`;
}

const says = (body: string): Resources => ({ listeners: response(listener({ body })), clusters: response() });
const routes = (name: string, port: number): Resources => ({
  listeners: response(listener({ cluster: name })),
  clusters: response(cluster(name, port)),
});

describe("an update", () => {
  it("is served by every worker once it has been accepted", async () => {
    const dynamic = await start(says("0"));
    for (let n = 1; n <= 10; n++) {
      expect(await dynamic.update(says(String(n)))).toEqual({ kind: "accepted", changed: ["listeners"] });
      const answers = await Promise.all(Array.from({ length: 8 }, () => answer(dynamic)));
      expect(new Set(answers)).toEqual(new Set([`200 ${n}`]));
    }
    expect(await dynamic.update(says("10"))).toEqual({ kind: "unchanged" });
  });

  it("moves to another service without losing a request", async () => {
    const dynamic = await start(routes("one", one.port));
    const [{ port } = { port: 0 }] = await dynamic.envoy.listeners();
    let updating = true;
    const statuses: string[] = [];
    const load = (async () => {
      while (updating) {
        const reply = await request(`http://127.0.0.1:${port}/`);
        statuses.push(`${reply.status} ${reply.text}`);
      }
    })();
    for (const [name, upstream] of [
      ["two", two],
      ["one", one],
      ["two", two],
    ] as const) {
      const outcome = await dynamic.update(routes(name, upstream.port));
      expect(outcome).toEqual({ kind: "accepted", changed: ["clusters", "listeners"] });
      expect(await answer(dynamic)).toBe(`200 ${name}`);
    }
    updating = false;
    await load;
    expect([...new Set(statuses)].filter((status) => !["200 one", "200 two"].includes(status))).toEqual([]);
  });

  it("lets go of a service that is no longer named at the next update", async () => {
    const dynamic = await start(routes("one", one.port));
    const names = async () => {
      const { text } = await dynamic.envoy.admin.get("/clusters");
      return [...new Set(text.split("\n").map((line) => line.split("::")[0]))].filter(Boolean).sort();
    };
    await dynamic.update(routes("two", two.port));
    expect(await names()).toEqual(["one", "two"]);
    expect(await dynamic.update(routes("two", two.port))).toEqual({ kind: "accepted", changed: ["clusters"] });
    expect(await names()).toEqual(["two"]);
  });

  it("calls made at once are taken in order", async () => {
    const dynamic = await start(says("0"));
    const outcomes = await Promise.all(["1", "2", "3"].map((body) => dynamic.update(says(body))));
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(["accepted", "accepted", "accepted"]);
    expect(await answer(dynamic)).toBe("200 3");
  });

  it("leaves only the resource files in the watched folders", async () => {
    const dynamic = await start(says("0"));
    await dynamic.update(says("1"));
    expect(await readdir(dynamic.files.listeners.watched)).toEqual(["listeners.yaml"]);
    expect(await readdir(dynamic.files.clusters.watched)).toEqual(["clusters.yaml"]);
  });
});

describe("a refused update", () => {
  const refusing = listener({ wasm: { file: "strict.wasm", configuration: "" } });

  it("tells what the module said, and the former listeners and clusters stay", async () => {
    const dynamic = await start(routes("one", one.port));
    const outcome = await dynamic.update({
      listeners: response(refusing, listener({ name: "extra" })),
      clusters: response(cluster("two", two.port)),
    });
    if (outcome.kind !== "refused") throw new Error(outcome.kind);
    expect(outcome.resource).toBe("listeners");
    expect(outcome.findings[0]).toBe(`guard: ${REFUSAL}`);
    expect(await answer(dynamic)).toBe("200 one");
    expect((await dynamic.envoy.listeners()).map(({ name }) => name)).toEqual(["public"]);
    expect(await dynamic.update(says("fixed"))).toMatchObject({ kind: "accepted" });
    expect(await answer(dynamic)).toBe("200 fixed");
  });

  it.each([
    ["no YAML", "resources: [ {", "yaml-cpp"],
    ["an unknown field", JSON.stringify({ resources: [{ ...cluster("x", 1), nonsense: 1 }] }), "nonsense"],
    ["a cluster that Envoy cannot build", response({ ...cluster("x", 1), type: "EDS" }), "EDS"],
  ])("names the fault: %s", async (_, clusters, expected) => {
    const dynamic = await start(routes("one", one.port));
    const outcome = await dynamic.update({ listeners: response(listener({ cluster: "one" })), clusters });
    if (outcome.kind !== "refused") throw new Error(outcome.kind);
    expect(outcome.resource).toBe("clusters");
    expect(outcome.findings.join("\n")).toContain(expected);
    expect(await answer(dynamic)).toBe("200 one");
  });

  it("has a reason even when Envoy logs nothing", async () => {
    const dynamic = await start(says("0"), "off");
    const outcome = await dynamic.update({ listeners: response(refusing), clusters: response() });
    expect(outcome).toEqual({
      kind: "refused",
      resource: "listeners",
      findings: ["Unable to create Wasm plugin guard"],
    });
  });
});

describe("the first resources", () => {
  it("must be taken, or the start fails with the reason", async () => {
    const listeners = response(listener({ wasm: { file: "strict.wasm", configuration: "" } }));
    const error = await start({ listeners, clusters: response() }).catch((caught: unknown) => caught);
    if (!(error instanceof EnvoyStartError)) throw new Error("Envoy started");
    expect(error.message.split("\n")[0]).toBe("Envoy refused the listeners.");
    expect(error.findings[0]).toBe(`guard: ${REFUSAL}`);
  });

  it("and an Envoy that has gone takes no more", async () => {
    const dynamic = await start(says("0"));
    await dynamic.envoy.stop();
    expect(await dynamic.update(says("1"))).toEqual({ kind: "gone" });
  });
});
