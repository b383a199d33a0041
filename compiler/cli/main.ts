#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { targetNames } from "../index.js";
import type { CheckOptions } from "./commands/check.js";
import type { CompileOptions } from "./commands/compile.js";
import type { DemoOptions } from "./commands/demo.js";
import { type ExplainOptions, STAGES } from "./commands/explain.js";
import type { RunOptions } from "./commands/run.js";
import { EnvironmentError, EXIT, UsageError } from "./exit.js";
import { packageRoot } from "./files.js";
import { FORMATS } from "./print.js";

/** A command is loaded when it is called: most of them need little of what the others need. */
function program(finish: (code: number) => void): Command {
  const root = new Command("sluice")
    .description("Checks policy files and compiles them for Envoy.")
    .version(version(), "-V, --version", "print the version")
    .helpCommand(false)
    .showHelpAfterError("(run with --help for the options)")
    .exitOverride()
    .addHelpText("after", "\nExit codes: 0 clean, 1 findings, 3 wrong usage, 4 internal error.");

  const format = () => new Option("--format <format>", "how findings are printed").choices(FORMATS).default("text");

  root
    .command("check")
    .description("report every finding of policy files")
    .argument("<paths...>", "policy files, or folders with .yaml files")
    .addOption(format())
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 from this severity on")
        .choices(["error", "warning"])
        .default("error"),
    )
    .addHelpText("after", example("sluice check examples/quickstart"))
    .action(async (paths: string[], options: CheckOptions) =>
      finish((await import("./commands/check.js")).checkCommand(paths, options)),
    );

  root
    .command("compile")
    .description("write the configuration of a target and the modules it loads")
    .argument("<policy>", "the policy file")
    .addOption(new Option("--target <name>", "what to compile for").choices([...targetNames]).default("envoy"))
    .option("--out <folder>", "where to write", "dist/envoy")
    .option("--access-log <file>", "let Envoy write one JSON line for each request; - is its standard output")
    .addOption(format())
    .addHelpText("after", example("sluice compile examples/quickstart/policy.yaml --out build"))
    .action(async (policy: string, options: CompileOptions) =>
      finish(await (await import("./commands/compile.js")).compileCommand(policy, options)),
    );

  root
    .command("explain")
    .description("explain a finding (SL0101), the policies of a route, or what a stage of the compiler makes")
    .argument("[subject]", "a code, or the name of a route; all routes if absent")
    .option("-p, --policy <file>", "the policy file", "policy.yaml")
    .addOption(new Option("--stage <stage>", "print what flows out of a stage").choices(STAGES))
    .addHelpText("after", example("sluice explain SL0408", "sluice explain orders -p examples/quickstart/policy.yaml"))
    .action(async (subject: string | undefined, options: ExplainOptions) =>
      finish(await (await import("./commands/explain.js")).explainCommand(subject, options)),
    );

  root
    .command("run")
    .description("run Envoy with a policy, and take over changes of the file at once")
    .argument("<policy>", "the policy file")
    .option("--concurrency <workers>", "worker threads of Envoy", positiveInteger, 2)
    .option("--access-log", "print one JSON line for each request")
    .addHelpText("after", example("ACME_KEY=... GLOBEX_KEY=... sluice run examples/quickstart/policy.yaml"))
    .action(async (policy: string, options: RunOptions) =>
      finish(await (await import("./commands/run.js")).runCommand(policy, options)),
    );

  root
    .command("demo")
    .description("compile the quickstart, run it in Envoy and show what it decides")
    .option("--once", "end after the tour")
    .addHelpText("after", example("sluice demo --once"))
    .action(async (options: DemoOptions) => finish(await (await import("./commands/demo.js")).demoCommand(options)));

  root
    .command("envoy")
    .description("the Envoy that run and demo use")
    .command("install")
    .description("put Envoy 1.40 into the cache unless one is there")
    .action(async () => finish(await (await import("./commands/envoy.js")).envoyInstallCommand()));

  return root;
}

function example(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function positiveInteger(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new InvalidArgumentError("a whole number from 1 to 9999 is needed");
  return Number(text);
}

function version(): string {
  const parsed: unknown = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  return typeof parsed === "object" && parsed !== null && "version" in parsed ? String(parsed.version) : "unknown";
}

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  try {
    await program((result) => {
      code = result;
    }).parseAsync(argv);
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

process.exitCode = await main(process.argv);
