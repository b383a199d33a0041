import { instantiate } from "../assembly.mjs";

/*
 * The conversion alone, without Envoy.
 */

const WARM_UP_MS = 1_000;
const MEASURE_MS = 2_000;

/**
 * Megabytes that are read in a second of CPU: of JSON that becomes XML, and of XML that becomes JSON.
 *
 * @param {{ config: object, operation: string, json: string, response: string }} work a policy's configuration, and what is
 *   converted
 */
export async function conversionRates({ config, operation, json, response }) {
  const probe = await loadProbe();
  const policy = Buffer.from(JSON.stringify(config));
  probe.reset();
  if (!probe.configure(probe.give(policy), policy.length)) throw new Error("the module does not take the policy");
  const [body, answer] = [Buffer.from(json), Buffer.from(response)];
  const name = Buffer.from(operation);
  const toXml = () => {
    probe.reset();
    const index = probe.operationNamed(probe.give(name), name.length);
    const path = probe.give(name);
    return probe.convert(index, path, 0, path, 0, probe.give(body), body.length);
  };
  const toJson = () => {
    probe.reset();
    const index = probe.operationNamed(probe.give(name), name.length);
    return probe.answer(index, probe.give(answer), answer.length, 200);
  };
  return { toXml: rate(toXml, body.length), toJson: rate(toJson, answer.length) };
}

function rate(convert, bytes) {
  spend(WARM_UP_MS, convert);
  const { rounds, seconds } = spend(MEASURE_MS, convert);
  return (rounds * bytes) / seconds / 1e6;
}

function spend(milliseconds, convert) {
  const before = process.cpuUsage();
  const end = performance.now() + milliseconds;
  let rounds = 0;
  while (performance.now() < end) {
    if (convert() !== 0) throw new Error("what is measured does not convert");
    rounds += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return { rounds, seconds: (user + system) / 1e6 };
}

async function loadProbe() {
  const exports = await instantiate("filters/soap/assembly/probe.ts");
  const give = (bytes) => {
    const address = exports.take(bytes.length);
    if (address === 0) throw new Error("the module has no memory");
    new Uint8Array(exports.memory.buffer).set(bytes, address);
    return address;
  };
  return { ...exports, give };
}
