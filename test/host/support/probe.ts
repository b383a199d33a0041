import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** AssemblyScript with a suffix of its own: what ends in `.ts` is TypeScript to the type checker and to the linter. */
const SOURCE = fileURLToPath(new URL("../probes/script.as", import.meta.url));
const ENTRY = "script.ts";

let compiled: Promise<Uint8Array> | undefined;

/** The probe as a module, compiled once in a process. */
export function compileProbe(): Promise<Uint8Array> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<Uint8Array> {
  const messages = asc.createMemoryStream();
  const written: Uint8Array[] = [];
  const options = [
    "--runtime",
    "incremental",
    "--use",
    "abort=",
    "--exportStart",
    "_initialize",
    "--maximumMemory",
    "2048",
  ];
  const { error } = await asc.main([ENTRY, "--outFile", "script.wasm", "-O", ...options], {
    stdout: messages,
    stderr: messages,
    readFile: (name) => (name === ENTRY ? readFileSync(SOURCE, "utf8") : null),
    writeFile: (_name, contents) => {
      if (typeof contents !== "string") written.push(contents);
    },
  });
  const [bytes] = written;
  if (error !== null || bytes === undefined) throw new Error(`the probe does not compile\n${messages.toString()}`);
  return bytes;
}
