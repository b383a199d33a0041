import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/*
 * Code of the modules on its own, without Envoy: entry points of their tests, built as the modules are, in the engine of Node.
 */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OPTIONS = [
  "--baseDir",
  ROOT,
  "--config",
  "asconfig.json",
  "--use",
  "abort=,AUTH=1,RATE_LIMIT=0,TRACING=0",
  "--outFile",
  "module.wasm",
];

/** The exports of an instance; there is no clock, no chance and no environment. */
export async function instantiate(entry) {
  const unused = () => 0;
  const { instance } = await WebAssembly.instantiate(await compile(entry), {
    wasi_snapshot_preview1: {
      random_get: unused,
      clock_time_get: unused,
      environ_sizes_get: (count, size) => {
        new Uint32Array(instance.exports.memory.buffer)[count >> 2] = 0;
        new Uint32Array(instance.exports.memory.buffer)[size >> 2] = 0;
        return 0;
      },
      environ_get: unused,
    },
  });
  return instance.exports;
}

async function compile(entry) {
  const messages = asc.createMemoryStream();
  let binary;
  const { error } = await asc.main([entry, ...OPTIONS], {
    stdout: messages,
    stderr: messages,
    writeFile: (_name, contents) => {
      binary = contents;
    },
  });
  if (error !== null || binary === undefined) throw new Error(`${entry} does not compile\n${messages.toString()}`);
  return binary;
}
