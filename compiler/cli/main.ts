#!/usr/bin/env node
import { CommanderError } from "commander";
import { EnvironmentError, EXIT, UsageError } from "./exit.js";
import { watchOutput } from "./output.js";
import { program } from "./program.js";
import { optimizeLate } from "./tiering.js";

/** A level stands behind `=` only: in `--fix policy.yaml` the second word is a path. */
function fixLevel(word: string): string {
  return word === "--fix" ? "--fix=safe" : word;
}

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  try {
    await program((result) => {
      code = result;
    }).parseAsync(argv.map(fixLevel));
    return code;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  // Commander printed its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError || error instanceof EnvironmentError) {
    process.stderr.write(`sluice: ${error.message}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.findings;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`sluice: internal error; please report this:\n${text}\n`);
  return EXIT.internal;
}

let unprinted = false;
watchOutput((reason) => {
  if (!unprinted) process.stderr.write(`sluice: ${reason}\n`);
  unprinted = true;
  process.exitCode = EXIT.findings;
});
optimizeLate();
const code = await main(process.argv);
process.exitCode = unprinted ? EXIT.findings : code;
