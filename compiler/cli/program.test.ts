import { type Command, CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { UsageError } from "./exit.js";
import { program } from "./program.js";

interface Output {
  stdout: string;
  stderr: string;
  error: unknown;
}

/** Runs a line that ends before any command is loaded. */
async function run(line: string): Promise<Output> {
  const output: Output = { stdout: "", stderr: "", error: undefined };
  const root = program(() => {});
  for (const command of all(root))
    command.configureOutput({
      writeOut: (text) => {
        output.stdout += text;
      },
      writeErr: (text) => {
        output.stderr += text;
      },
      getOutHelpWidth: () => 100,
    });
  try {
    await root.parseAsync(["node", "sluice", ...line.split(" ").filter((word) => word !== "")]);
  } catch (error) {
    output.error = error;
  }
  return output;
}

function all(command: Command): Command[] {
  return [command, ...command.commands.flatMap(all)];
}

function nameOf(command: Command): string {
  return command.parent === null ? "" : `${nameOf(command.parent)} ${command.name()}`.trim();
}

const names = all(program(() => {})).map(nameOf);

/** Lines under `Examples:` that call sluice, without what a shell does around it. */
function examplesOf(help: string): string[] {
  const [, block = ""] = help.split("\nExamples:\n");
  return block.split("\n").flatMap((line) => /\bsluice [^#)>]*/.exec(line)?.[0].trim() ?? []);
}

describe.each(names)("sluice %s --help", (name) => {
  it("has an example, and each uses options that are there", async () => {
    const { stdout } = await run(`${name} --help`);
    const examples = examplesOf(stdout);
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      const words = example.split(" ").slice(1);
      let command = program(() => {});
      for (const word of words) command = command.commands.find((inner) => inner.name() === word) ?? command;
      const flags = command.options.flatMap(({ short, long }) => [short, long]);
      const used = example.replace(/'[^']*'/g, "").match(/ --?[a-zA-Z][a-z-]*/g) ?? [];
      expect([example, used.map((flag) => flag.trim()).filter((flag) => !flags.includes(flag))]).toEqual([example, []]);
      expect(`${nameOf(command)} `.startsWith(name === "" ? "" : `${name} `)).toBe(true);
    }
  });

  it("is what help prints too", async () => {
    const [asked, helped] = [await run(`${name} --help`), await run(`help ${name}`)];
    expect(helped.error).toBeUndefined();
    expect(helped.stdout).toBe(asked.stdout);
  });

  it("describes every command, option and argument", () => {
    const command = all(program(() => {})).find((one) => nameOf(one) === name);
    const things = [command, ...(command?.options ?? []), ...(command?.registeredArguments ?? [])];
    const silent = things.filter((thing) => {
      const description = thing?.description;
      return (typeof description === "function" ? command?.description() : description) === "";
    });
    expect(silent).toEqual([]);
  });
});

describe("a slip of the keyboard", () => {
  it.each([
    ["chekc policy.yaml", "Did you mean check?"],
    ["expalin", "Did you mean explain?"],
    ["envoy instal", "Did you mean install?"],
    ["check --fromat json policy.yaml", "Did you mean --format?"],
    ["compile --uot x policy.yaml", "Did you mean --out?"],
    ["explain --plicy x", "Did you mean --policy?"],
    ["completion tcsh", "Allowed choices are bash, zsh, fish"],
  ])("%s gets the nearest name", async (line, hint) => {
    const { stderr, error } = await run(line);
    expect(error).toBeInstanceOf(CommanderError);
    expect(stderr).toContain(hint);
  });

  it("in help gets the nearest name too", async () => {
    const { error } = await run("help complie");
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain("did you mean compile?");
  });
});

it("options that mean the same have the same name everywhere", () => {
  const meanings = new Map<string, Set<string>>();
  for (const command of all(program(() => {})))
    for (const { short, long } of command.options)
      if (short !== undefined) meanings.set(short, (meanings.get(short) ?? new Set()).add(long ?? ""));
  expect([...meanings].filter(([, long]) => long.size > 1)).toEqual([]);
});
