/*
 * CPU a request of tokens, by Envoy's own filters and by Sluice. README.md of the folder above tells how it is measured.
 *   npm run bench -- jwt [--rounds 12] [--seconds 1] [--part rs256-cached|rs256-first|hs256-first|policies|tokens] [--tokens 1000000] [--markdown]
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEnvoy } from "../../../dist/compiler/runtime/process.js";
import { partOf, print, roundOptions, say } from "../options.mjs";
import { isPinned, machineLine, pin } from "../processes.mjs";
import { requireEnvoy } from "../proxies.mjs";
import { report } from "../report.mjs";
import { compareVariants } from "../statistics.mjs";
import { tableOf } from "../tables.mjs";
import { upstreamText } from "../variants.mjs";
import { SEEN_PATH } from "../workload.mjs";
import { measureFurther } from "./further.mjs";
import { measureMemory } from "./memory.mjs";
import { measureRounds } from "./rounds.mjs";
import { bootstrapText, NAMES } from "./variants.mjs";
import { SETS, subjectOf, tokenOf } from "./workload.mjs";

const AGAINST = { base: "bare", peer: "native" };
const MODULES = fileURLToPath(new URL("../../../dist/modules", import.meta.url));

/** What is measured beside what tokens cost. */
const OTHERS = { policies: measureFurther, tokens: measureMemory };

/** @param {readonly string[]} args after `jwt` */
export async function benchJwt(args) {
  const options = readOptions(args);
  const envoy = await requireEnvoy();
  const workDir = mkdtempSync(join(tmpdir(), "sluice-bench-jwt-"));
  symlinkSync(MODULES, join(workDir, "modules"));
  const upstream = await startEnvoy({ envoy, workDir, configText: upstreamText(), concurrency: 1 });
  try {
    pin(upstream.pid, { measured: false });
    const [{ port: upstreamPort }] = await upstream.listeners();
    const sets = [];
    const parts = { envoy, workDir, upstream, upstreamPort, options };
    for (const part of options.parts.filter((one) => one in SETS)) {
      say(`measuring: ${SETS[part].title}`);
      sets.push(await measureTokens(SETS[part], parts));
    }
    const machine = `${machineLine(envoy.version)}${isPinned() ? "" : ", not pinned to cores"}`;
    const result = { machine, sets, memory: {}, ...AGAINST, hostCalls: undefined };
    print(report(result, options));
    for (const part of options.parts.filter((one) => one in OTHERS)) {
      say(`measuring: ${part}`);
      const { title, rows, notes } = await OTHERS[part](parts);
      print([`${options.markdown ? "#### " : ""}${title}`, tableOf(rows, options.markdown), ...notes].join("\n\n"));
    }
  } finally {
    await upstream.stop();
    rmSync(workDir, { recursive: true, force: true });
  }
}

async function measureTokens(set, parts) {
  const configText = bootstrapText(set, { upstreamPort: parts.upstreamPort, modulesDir: "modules" });
  const { measured, rounds } = await measureRounds(configText, set, parts, async (ports) => {
    for (const name of NAMES.slice(1)) await checkVariant(name, ports[name], set);
  });
  return {
    title: set.title,
    rows: compareVariants(rounds, NAMES, AGAINST),
    accepted: rounds.length,
    rejected: measured.rounds.length - rounds.length,
    answers: measured.answers,
    disturbed: measured.disturbed / measured.slices,
    strangers: measured.strangers,
  };
}

/** The upstream must see whose token it was and no token, whatever the client says; and a token of somebody else must be refused. */
async function checkVariant(name, port, set) {
  const token = tokenOf(set, 7);
  const good = await ask(port, token);
  assert.equal(good.status, 200, name);
  assert.equal(good.headers["seen-x-user-id"], subjectOf(7), name);
  assert.ok(!good.headers["seen-authorization"], name);
  const [head, payload] = token.split(".");
  const forged = await ask(port, `${head}.${payload}.${Buffer.alloc(256, 1).toString("base64url")}`);
  assert.equal(forged.status, 401, name);
}

function ask(port, token) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "x-user-id": "root" };
    const call = request({ host: "127.0.0.1", port, path: SEEN_PATH, headers, agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers }));
    });
    call.on("error", reject);
    call.end();
  });
}

function readOptions(args) {
  const all = [...Object.keys(SETS), ...Object.keys(OTHERS)];
  const own = { part: { type: "string" }, tokens: { type: "string", default: "1000000" } };
  return roundOptions(args, own, (values) => {
    const part = partOf(values, all);
    const tokens = Number(values.tokens);
    if (!Number.isInteger(tokens) || tokens < 1 || tokens > 1e8) throw new RangeError("--tokens: 1 to 100000000");
    return { parts: part === undefined ? all : [part], tokens };
  });
}
