/*
 * CPU an exchange of JSON -> SOAP -> JSON, done in several ways. README.md of the folder above tells how it is measured.
 *   npm run bench -- soap [--rounds 12] [--seconds 1] [--markdown] [--without lua,node_sidecar,sluice]
 */
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEnvoy } from "../../../dist/compiler/runtime/process.js";
import { measureSet } from "../measure.mjs";
import { leftOut, print, roundOptions, say } from "../options.mjs";
import { isPinned, machineLine, pin, startScript } from "../processes.mjs";
import { requireEnvoy } from "../proxies.mjs";
import { median, quantile, reliableRounds } from "../statistics.mjs";
import { tableOf } from "../tables.mjs";
import { checkVariant, requestsOf } from "./checks.mjs";
import { expatRates } from "./expat.mjs";
import { conversionRates } from "./module.mjs";
import { BUFFER, bootstrapText, configOf, faultOf, SIDECAR, SLUICE, variantNames } from "./variants.mjs";
import { bodies, policyText, SIZES } from "./workload.mjs";

/** @param {readonly string[]} args after `soap` */
export async function benchSoap(args) {
  const options = readOptions(args);
  const envoy = await requireEnvoy();
  const workDir = mkdtempSync(join(tmpdir(), "sluice-bench-soap-"));
  try {
    const names = namesOf(options, workDir);
    print(`${machineLine(envoy.version)}${isPinned() ? "" : ", not pinned to cores"}`);
    for (const [title, count] of Object.entries(SIZES)) {
      say(`measuring: ${title}`);
      print(await measureSize({ title, bodies: bodies(count), envoy, workDir, names, options }));
    }
    print(await ratesLine(names, workDir));
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

/** What the conversion does without Envoy, against a parser in C. */
async function ratesLine(names, workDir) {
  say("measuring: the conversion alone");
  const { json, response } = bodies(SIZES["64 KB"]);
  const { alone, built } = expatRates(response);
  const mega = (rate) => `${rate.toFixed(0)} MB/s`;
  const expat = `expat reads the larger answer with ${mega(alone)}, and with ${mega(built)} if Python makes lists of it.`;
  if (!names.includes(SLUICE)) return expat;
  const config = configOf(policyFileOf(workDir));
  const { toXml, toJson } = await conversionRates({ config, operation: "StorePartners", json, response });
  return `The module alone turns JSON into SOAP with ${mega(toXml)}, and SOAP into JSON with ${mega(toJson)}; ${expat}`;
}

/** Puts the policy where it can be compiled; `sluice` is left out, with the reason, if it cannot. */
function namesOf({ without }, workDir) {
  symlinkSync(fileURLToPath(new URL("../../../dist/modules", import.meta.url)), join(workDir, "modules"));
  cpSync(fileURLToPath(new URL("crm.wsdl", import.meta.url)), join(workDir, "crm.wsdl"));
  writeFileSync(policyFileOf(workDir), policyText({ soap: true }));
  const wanted = variantNames.filter((name) => !without.includes(name));
  const fault = wanted.includes(SLUICE) ? faultOf(policyFileOf(workDir)) : undefined;
  if (fault !== undefined) say(`${SLUICE} is left out: ${fault}`);
  return fault === undefined ? wanted : wanted.filter((name) => name !== SLUICE);
}

function policyFileOf(workDir) {
  return join(workDir, "policy.yaml");
}

async function measureSize({ title, bodies: sent, envoy, workDir, names, options }) {
  const upstream = startScript("soap/upstream.mjs");
  const sidecar = startScript("soap/sidecar.mjs");
  let proxy;
  try {
    upstream.send({ response: sent.response });
    const { port: upstreamPort } = await upstream.next();
    sidecar.send({ upstreamPort });
    const { port: sidecarPort } = await sidecar.next();
    const places = { upstreamPort, sidecarPort, modulesDir: "modules", policyFile: policyFileOf(workDir) };
    const running = await startEnvoy({ envoy, workDir, configText: bootstrapText(names, places), concurrency: 1 });
    proxy = running;
    pin(running.pid, { measured: true });
    const ports = Object.fromEntries((await running.listeners()).map(({ name, port }) => [name, port]));
    const heard = () => {
      upstream.send({ last: true });
      return upstream.next().then(({ request }) => request);
    };
    for (const name of names) await checkVariant(name, { port: ports[name], bodies: sent, heard });
    const processes = { upstream: upstream.pid, [SIDECAR]: sidecar.pid };
    const requests = Object.fromEntries(names.map((name) => [name, requestsOf(name, sent)]));
    const plan = { names, requests: (name) => requests[name], processes, ...options };
    const measured = await measureSet({ pid: running.pid, ports }, plan);
    return report(
      title,
      { sent, names, measured, rounds: reliableRounds(measured.rounds, BUFFER, options.rounds) },
      options,
    );
  } finally {
    sidecar.stop();
    upstream.stop();
    await proxy?.stop();
  }
}

function report(title, { sent, names, measured, rounds }, { markdown, rounds: made }) {
  const rows = names.map((name) => {
    const values = rounds.map((round) => round[name]);
    const times = median(rounds.map((round) => round[name] / round[BUFFER]));
    const part = measured.parts[name];
    return [
      name,
      micro(median(values)),
      `${micro(quantile(values, 0.25))} to ${micro(quantile(values, 0.75))}`,
      times.toFixed(2),
      part > 0.005 ? `${Math.round(part * 100)} %` : "",
    ];
  });
  const size = `JSON ${Buffer.byteLength(sent.json)} bytes each way, SOAP ${Buffer.byteLength(sent.request)} and ${Buffer.byteLength(sent.response)}`;
  const note =
    `${rounds.length} rounds, ${made - rounds.length} left out, ${measured.answers} exchanges, all 200; ` +
    `${Math.round((measured.disturbed / measured.slices) * 100)} % of the slices were disturbed, other processes had ${measured.strangers.toFixed(2)} cores.`;
  const table = [["variant", "us an exchange", "middle half", `of ${BUFFER}`, "of it outside of Envoy"], ...rows];
  return [`${markdown ? "#### " : ""}${title}: ${size}`, tableOf(table, markdown), note].join("\n\n");
}

function micro(nanoseconds) {
  return (nanoseconds / 1e3).toFixed(1);
}

function readOptions(args) {
  return roundOptions(args, { without: { type: "string", default: "" } }, (values) => ({
    without: leftOut(values, (name) => name !== BUFFER && variantNames.includes(name)),
  }));
}
