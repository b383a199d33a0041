/*
 * CPU a request of one policy, said in several ways, in the same Envoy. README.md tells how it is measured.
 *   node test/bench/run.mjs [--rounds 12] [--seconds 1] [--markdown] [--save] [--without ext_authz,lua,rust_sdk]
 *   node test/bench/run.mjs soap ...: the conversion of bodies, see soap/run.mjs
 *   node test/bench/run.mjs tracing ...: traces against Envoy's own tracers, see tracing/run.mjs
 *   node test/bench/run.mjs jwt ...: tokens against Envoy's own filters, see jwt/run.mjs
 *   node test/bench/run.mjs limits ...: limits against Envoy's own filter, see limits/run.mjs
 *   node test/bench/run.mjs timing ...: whether times of refusals tell secrets, see timing/run.mjs
 * How long the compiler itself takes is measured by compile.mjs.
 */
import { buildParts } from "./build.mjs";
import { checkVariant } from "./checks.mjs";
import { countHostCalls } from "./host-calls.mjs";
import { checkLimits, measureMemory, measureSet } from "./measure.mjs";
import { leftOut, roundOptions, say } from "./options.mjs";
import { isPinned, machineLine } from "./processes.mjs";
import { requireEnvoy, startBackends, startProxy } from "./proxies.mjs";
import { report } from "./report.mjs";
import { save } from "./results.mjs";
import { compareVariants, reliableRounds } from "./statistics.mjs";
import { BARE, NATIVE, toBuild, variantNames } from "./variants.mjs";
import { callerRequests, PATHS } from "./workload.mjs";

const SETS = [
  { title: "Answered by the proxy", path: PATHS.direct },
  { title: "Forwarded to an upstream", path: PATHS.forward },
];

if (process.argv[2] === "tracing") {
  const { benchTracing } = await import("./tracing/run.mjs");
  await benchTracing(process.argv.slice(3));
  process.exit();
}

if (process.argv[2] === "jwt") {
  const { benchJwt } = await import("./jwt/run.mjs");
  await benchJwt(process.argv.slice(3));
  process.exit();
}

if (process.argv[2] === "limits") {
  const { benchLimits } = await import("./limits/run.mjs");
  await benchLimits(process.argv.slice(3));
  process.exit();
}

if (process.argv[2] === "timing") {
  const { benchTiming } = await import("./timing/run.mjs");
  await benchTiming(process.argv.slice(3));
  process.exit();
}

if (process.argv[2] === "soap") {
  const { benchSoap } = await import("./soap/run.mjs");
  await benchSoap(process.argv.slice(3));
  process.exit();
}

const options = readOptions();
const wanted = variantNames.filter((name) => !options.without.includes(name));
const envoy = await requireEnvoy();
const { paths, missing } = buildParts(toBuild(wanted));
for (const [name, reason] of Object.entries(missing)) say(`${name} is left out: ${reason}`);
const names = wanted.filter((name) => missing[name] === undefined);
const backends = await startBackends(envoy, names, paths);
try {
  const proxy = await startProxy(envoy, backends, names);
  const sets = await measureAll(proxy).finally(() => proxy.stop());
  say("measuring memory");
  const memory = await measureMemory(envoy, backends, names);
  const hostCalls = await countHostCalls(envoy, backends, PATHS.forward);
  const machine = `${machineLine(envoy.version)}${isPinned() ? "" : ", not pinned to cores"}`;
  const result = { machine, sets, memory, base: BARE, peer: NATIVE, hostCalls };
  process.stdout.write(`${report(result, options)}\n`);
  if (options.save) save(result);
} finally {
  await backends.stop();
}

async function measureAll(proxy) {
  for (const name of names) mustBeEmpty(await checkVariant(name, proxy.ports[name]));
  const sets = [];
  for (const { title, path } of SETS) {
    say(`measuring: ${title}`);
    const requests = callerRequests(path);
    const measured = await measureSet(proxy, {
      names,
      requests: () => requests,
      processes: backends.processes,
      ...options,
    });
    const accepted = reliableRounds(measured.rounds, BARE, options.rounds);
    const rows = compareVariants(accepted, names, { base: BARE, peer: NATIVE });
    sets.push({
      title,
      rows,
      accepted: accepted.length,
      rejected: options.rounds - accepted.length,
      ...noiseOf(measured),
    });
  }
  mustBeEmpty(await checkLimits(proxy, names));
  return sets;
}

function noiseOf({ answers, slices, disturbed, strangers }) {
  return { answers, disturbed: disturbed / slices, strangers };
}

function mustBeEmpty(wrong) {
  if (wrong.length > 0) throw new Error(`the variants do not do the same:\n${wrong.join("\n")}`);
}

function readOptions() {
  const own = { without: { type: "string", default: "" }, save: { type: "boolean", default: false } };
  return roundOptions(process.argv.slice(2), own, (values) => ({
    save: values.save,
    without: leftOut(values, (name) => name !== BARE && name !== NATIVE && variantNames.includes(name)),
  }));
}
