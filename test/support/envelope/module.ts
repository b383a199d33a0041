import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { renderText } from "../../../compiler/diagnostics/render/text.js";
import { type Planned, planSource } from "../../../compiler/pipeline.js";
import type { GatewayPlan } from "../../../compiler/plan/plan.js";
import { textLoader } from "../../../compiler/syntax/loader.js";
import { SourceFile } from "../../../compiler/syntax/source.js";
import { kinds } from "../../../filters/index.js";
import { envelope } from "./kind.js";

/** AssemblyScript with a suffix of its own: what ends in `.ts` is TypeScript to the type checker and to the linter. */
const SOURCE = fileURLToPath(new URL("body.as", import.meta.url));
const ENTRY = "body.ts";
const OPTIONS = ["--runtime", "stub", "--use", "abort=", "--exportStart", "_initialize", "--maximumMemory", "8192"];

let compiled: Promise<Uint8Array> | undefined;

/** The stand-in for body.wasm, compiled once in a process. */
export function envelopeModule(): Promise<Uint8Array> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<Uint8Array> {
  const messages = asc.createMemoryStream();
  const written: Uint8Array[] = [];
  const { error } = await asc.main([ENTRY, "--outFile", "body.wasm", "-O", ...OPTIONS], {
    stdout: messages,
    stderr: messages,
    readFile: (name) => (name === ENTRY ? readFileSync(SOURCE, "utf8") : null),
    writeFile: (_name, contents) => {
      if (typeof contents !== "string") written.push(contents);
    },
  });
  const [bytes] = written;
  if (error !== null || bytes === undefined) throw new Error(`the stand-in does not compile\n${messages.toString()}`);
  return bytes;
}

/** What is found in a policy that may have the stand-in kind. */
export function checkEnvelopes(policy: string): Planned {
  const source = new SourceFile("policy.yaml", policy);
  return planSource(source, [...kinds, envelope], textLoader(source, {}));
}

/** The plan of such a policy, which must be free of errors. */
export function envelopePlan(policy: string): GatewayPlan {
  const { plan, diagnostics } = checkEnvelopes(policy);
  if (plan === undefined) throw new Error(renderText(diagnostics, { color: false }));
  return plan;
}
