import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { runLine } from "../documents/command.js";
import { request } from "../support/http.js";
import { clean } from "./support/clean.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

// examples/failover/README.md as a reader tries it: its endpoints, its functions, and each line of its table.

const folder = join(packageRoot(), "examples", "failover");
const place = workplace("sluice-failover-", "nobody asks it");

const NAMES = ["9001", "9002", "9003", "9004"];

/** The four endpoints on free ports, by their ports in the policy. */
async function endpoints(): Promise<Map<string, string>> {
  const child: ChildProcess = spawn(process.execPath, [join(folder, "endpoints.mjs"), "0", "0", "0", "0"]);
  clean.push(() => child.kill());
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ports = await until("four endpoints", () => {
    const found = [...said.matchAll(/endpoint at 127\.0\.0\.1:(\d+)/g)].map(([, port = ""]) => port);
    return found.length === 4 && found;
  });
  return new Map(NAMES.map((name, index) => [name, ports[index] ?? ""]));
}

/** What `ask` tells: how many requests each endpoint answered, by its port in the policy. */
type Answers = Record<string, number>;

interface Shown {
  text: string;
  answers: Answers;
}

/** While one of two is left out, the other region gets some of its requests. */
function elsewhere({ answers }: Shown): void {
  expect(answers["9001"]).toBeUndefined();
  expect(answers["9002"]).toBeGreaterThanOrEqual(10);
}

/** What the page says of each line of its table, and how many times `ask` is asked for it. */
const TABLE: Readonly<Record<string, { asks?: number; tells: (shown: Shown) => void }>> = {
  "": { tells: ({ answers }) => expect(answers).toEqual({ 9001: 10, 9002: 10 }) },
  "`be 9001 failing`": { tells: elsewhere },
  "`be 9001 well`": { tells: ({ answers }) => expect(answers).toEqual({ 9001: 10, 9002: 10 }) },
  "`be 9001 sick`": {
    asks: 10,
    tells: ({ answers }) => {
      expect(answers["9001"]).toBeUndefined();
      // Seven of ten, as Envoy has it; 200 requests are outside of these bounds once in some millions of times.
      expect(answers["9002"]).toBeGreaterThan(105);
      expect(answers["9002"]).toBeLessThan(175);
    },
  },
  "`be 9002 sick`": { tells: ({ answers }) => expect(Object.keys(answers)).toEqual(["9003", "9004"]) },
  "`be 9003 sick; be 9004 sick`": { tells: ({ text }) => expect(text).toContain("Try again in a minute.") },
  "all four `well`": { tells: ({ answers }) => expect(Object.keys(answers)).toEqual(["9001", "9002"]) },
  "`be 9001 slow`": { tells: elsewhere },
};

const held = { timeout: 30_000, interval: 200 };

test("reads go to this region while it is well, to the other one while it is not, and back", async () => {
  const page = await readFile(join(folder, "README.md"), "utf8");
  const ports = await endpoints();
  const here = (text: string) => text.replace(/\b900[1-4]\b/g, (name) => ports.get(name) ?? name);
  const policy = here(await readFile(join(folder, "policy.yaml"), "utf8")).replace("127.0.0.1:8080", "127.0.0.1:0");
  const { url } = await place.start(policy, [], { env: { ACME_KEY: "k" } });

  const [, functions = ""] = /^```bash\n([^`]+)```$/m.exec(page) ?? [];
  const inBash = async (line: string) => {
    const text = `${functions.replace("127.0.0.1:8080", url)}\n${here(line)}`;
    const result = await runLine(text, { cwd: place.folder, env: {} });
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return result.stdout;
  };
  const ask = async (count: number): Promise<Shown> => {
    const text = await inBash(Array.from({ length: count }, () => "ask").join("; "));
    const answers: Answers = {};
    for (const [, times, port] of text.matchAll(/^ *(\d+) (\d+)$/gm)) {
      const name = NAMES.find((one) => ports.get(one) === port) ?? "";
      answers[name] = (answers[name] ?? 0) + Number(times);
    }
    return { text, answers };
  };

  const lines = [...page.matchAll(/^\| ?(.*?) \| .+ \|$/gm)].map(([, command = ""]) => command);
  expect(lines.slice(1)).toEqual(Object.keys(TABLE));
  for (const [command, { asks = 1, tells }] of Object.entries(TABLE)) {
    const [, written] = /^`(.+)`$/.exec(command) ?? [];
    const all = NAMES.map((name) => `be ${name} well`).join("; ");
    await inBash(written ?? (command === "" ? ":" : all));
    await vi.waitFor(async () => tells(await ask(asks)), held);
  }
}, 180_000);

test("a read never sees what fails, and what is written is asked for once", async () => {
  const ports = await endpoints();
  const policy = (await readFile(join(folder, "policy.yaml"), "utf8"))
    .replace(/\b900[1-4]\b/g, (name) => ports.get(name) ?? name)
    .replace("127.0.0.1:8080", "127.0.0.1:0");
  const { url } = await place.start(policy, [], { env: { ACME_KEY: "k" } });
  const send = (method: string, headers: Record<string, string>) => request(`${url}/orders/7`, { method, headers });
  const statuses = async (method: string, count: number) => {
    const found: number[] = [];
    for (let n = 0; n < count; n++) found.push((await send(method, { "x-api-key": "k" })).status);
    return new Set(found);
  };
  const be = (state: string) =>
    Promise.all([...ports.values()].map((port) => request(`http://127.0.0.1:${port}/be/${state}`, { method: "POST" })));

  await vi.waitFor(async () => expect(await statuses("GET", 10)).toEqual(new Set([200])), held);
  await request(`http://127.0.0.1:${ports.get("9001")}/be/failing`, { method: "POST" });
  expect(await statuses("GET", 2)).toEqual(new Set([200]));
  expect(await statuses("POST", 2)).toContain(500);

  await be("sick");
  await vi.waitFor(async () => {
    const { status, text, headers } = await send("GET", { "x-api-key": "k" });
    expect({ status, text }).toEqual({ status: 503, text: '{"message":"Try again in a minute."}' });
    expect(headers["content-type"]).toBe("application/json");
  }, held);
  // A stranger is told who he is not, whatever is well.
  expect((await send("GET", {})).status).toBe(401);
});
