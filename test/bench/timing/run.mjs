/*
 * Whether the time of a refusal tells how much of a secret was right: a wrong first byte against a wrong last byte, in the modules that ship, on the
 * embedded host. README.md of the folder above tells how it is measured.
 *   npm run bench -- timing [--samples 1000000] [--passwords 20000] [--part apiKey|hmac|basic]
 */
import { createHash, createHmac, pbkdf2Sync, randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { quantile, welch } from "../statistics.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const CREATED = 1_700_000_000;
/** Longer ones are those in which something else came between. */
const KEPT = 0.9;
/** What the code has to get used to. */
const WARM_UP = 2_000;
/** Beyond it times are said to tell something. */
const MOST = 4.5;

/** @param {readonly string[]} args after `timing` */
export async function benchTiming(args) {
  const { samples, passwords, parts } = readOptions(args);
  const { ModuleVm, compileModule } = await embeddedHost();
  const guard = compileModule(readFileSync(join(root, "dist/modules/guard.wasm")));
  process.stdout.write(
    "| secret | samples | wrong first byte | wrong last byte | Welch's t | would be seen |\n|---|---|---|---|---|---|\n",
  );
  let told = false;
  for (const part of parts) {
    const { configuration, environment, headers } = PARTS[part]();
    const clock = { now: 1_000_000_000n };
    const wallClock = { now: BigInt(CREATED) * 1_000_000_000n };
    const vm = new ModuleVm(guard, { environment, clock, wallClock });
    if (!vm.configure(configuration)) throw new Error(vm.lastError);
    const ask = (request) => {
      // Enough time goes by that no budget for passwords is ever used up.
      clock.now += 1_000_000_000n;
      return vm.send({ route: "r", headers: request });
    };
    if (!ask(headers(SECRET)).passed) throw new Error(`${part}: the right secret is refused`);
    const wrong = [spoilt(0), spoilt(SECRET.length - 1)].map(headers);
    for (const request of wrong) if (ask(request).passed) throw new Error(`${part}: a wrong secret passes`);
    const times = measure(wrong, part === "basic" ? passwords : samples, ask);
    const { t, unit } = welch(...cropped(times));
    told ||= Math.abs(t) >= MOST;
    const [first, last] = times.map((all) => `${(quantile(all, 0.5) / 1000).toFixed(2)} µs`);
    process.stdout.write(
      `| ${part} | ${times[0].length + times[1].length} | ${first} | ${last} | ${t.toFixed(2)} | ${(MOST * unit).toFixed(0)} ns |\n`,
    );
  }
  process.stdout.write(`|t| must be below ${MOST}; of the times, the slowest tenth is left out\n`);
  if (told) process.exitCode = 1;
}

/** Times of two requests that take turns by chance, in nanoseconds. */
function measure(requests, samples, ask) {
  for (let turn = 0; turn < WARM_UP; turn++) ask(requests[turn & 1]);
  const times = requests.map(() => []);
  for (let turn = 0; turn < samples; turn++) {
    const which = randomInt(2);
    const begun = process.hrtime.bigint();
    ask(requests[which]);
    times[which].push(Number(process.hrtime.bigint() - begun));
  }
  return times;
}

/** By one bound for both, so that it cannot tell them apart itself. */
function cropped(times) {
  const bound = quantile(times.flat(), KEPT);
  return times.map((all) => all.filter((time) => time <= bound));
}

/** The secret with another byte in one place. */
function spoilt(index) {
  const other = SECRET[index] === "0" ? "1" : "0";
  return `${SECRET.slice(0, index)}${other}${SECRET.slice(index + 1)}`;
}

const HEAD = [
  [":method", "GET"],
  [":path", "/orders/7"],
  [":authority", "shop.test"],
  ["x-forwarded-proto", "https"],
];

/** By method: what the module gets, and the headers of a request that shows a secret. */
const PARTS = {
  apiKey: () => ({
    configuration: configured(
      { apiKey: { header: "x-api-key" } },
      { apiKey: `sha256:${createHash("sha256").update(SECRET).digest("hex")}` },
    ),
    environment: {},
    headers: (key) => [...HEAD, ["x-api-key", key]],
  }),
  // Of a signature, the secret is what the client does not know of it.
  hmac: () => {
    const parameters = `("@method" "@path");created=${CREATED};keyid="acme"`;
    const base = `"@method": GET\n"@path": /orders/7\n"@signature-params": ${parameters}`;
    const tag = createHmac("sha256", SECRET).update(base).digest();
    return {
      configuration: configured(
        { hmac: { components: ["@method", "@path"], maxAge: 300, nonces: 0 } },
        { hmac: { keyId: "acme", secret: "env:ACME" } },
      ),
      environment: { ACME: SECRET },
      headers: (text) => [
        ...HEAD,
        ["signature-input", `a=${parameters}`],
        ["signature", `a=:${differing(tag, text).toString("base64")}:`],
      ],
    };
  },
  basic: () => {
    const salt = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
    const derived = pbkdf2Sync(SECRET, salt, 2000, 32, "sha256");
    const verifier = `pbkdf2-sha256$2000$${salt.toString("base64url")}$${derived.toString("base64url")}`;
    return {
      configuration: configured({ basic: {} }, { basic: { user: "acme", verifier } }),
      environment: {},
      headers: (password) => [
        ...HEAD,
        ["authorization", `Basic ${Buffer.from(`acme:${password}`).toString("base64")}`],
      ],
    };
  },
};

/** A tag that differs where a text differs from the secret. */
function differing(tag, text) {
  const wrong = [...text].findIndex((character, index) => character !== SECRET[index]);
  const bytes = Buffer.from(tag);
  if (wrong >= 0) bytes[wrong] ^= 1;
  return bytes;
}

function configured(method, credential) {
  return {
    version: 1,
    results: "filterState",
    consumers: [{ name: "acme", credentials: [credential] }],
    policies: [{ name: "known", authenticate: { realm: "shop", anyOf: [method] } }],
    routes: [{ name: "r", run: ["known"], tell: [] }],
  };
}

/** The host of the tests of modules, which is no part of the package. */
async function embeddedHost() {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-timing-"));
  const outfile = join(folder, "host.mjs");
  const contents =
    'export { ModuleVm } from "./test/support/module-host.ts"; export { compileModule } from "./compiler/host/engine.ts";';
  try {
    await build({
      stdin: { contents, resolveDir: root, loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile,
      logLevel: "error",
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readOptions(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      samples: { type: "string", default: "1000000" },
      passwords: { type: "string", default: "20000" },
      part: { type: "string", multiple: true },
    },
  });
  const parts = values.part ?? Object.keys(PARTS);
  const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
  if (unknown !== undefined)
    throw new Error(`no part is called ${unknown}; there are ${Object.keys(PARTS).join(", ")}`);
  return { samples: Number(values.samples), passwords: Number(values.passwords), parts };
}
