import type { Argument, Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What can stand in the place of a value. */
export type Expected =
  | { kind: "choices"; choices: readonly string[] }
  | { kind: "policy" | "file" | "folder" }
  /** Something that no list has, such as a number. */
  | { kind: "text" };

export interface CompletedOption {
  /** `-p`, `--policy` */
  flags: string[];
  description: string;
  /** Absent of a switch. */
  value?: Expected;
  /** The value may be left out, and is written `--fix=all` then. */
  optional: boolean;
}

export interface CompletedCommand {
  /** Words after `sluice`: `envoy`, `install`; none for the program itself. */
  path: string[];
  description: string;
  options: CompletedOption[];
  /** What the first argument is; undefined if the command takes none. */
  argument?: Expected;
  /** More arguments of that kind may follow. */
  variadic: boolean;
  commands: CompletedCommand[];
}

/** What a shell may complete, read from the commands themselves. */
export function completedCommand(command: Command, path: string[] = []): CompletedCommand {
  const help = command.createHelp();
  const [argument] = command.registeredArguments;
  return {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map(completedOption),
    ...(argument === undefined ? {} : { argument: ofArgument(argument) }),
    variadic: argument?.variadic ?? false,
    commands: help.visibleCommands(command).map((inner) => completedCommand(inner, [...path, inner.name()])),
  };
}

/** The command and all below it, outermost first. */
export function allCommands(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function completedOption(option: Option): CompletedOption {
  const flags = [option.short, option.long].flatMap((flag) => flag ?? []);
  const takes = option.required || option.optional;
  return {
    flags,
    description: option.description,
    optional: option.optional,
    ...(takes ? { value: expected(option.argChoices, valueName(option.flags), option.attributeName()) } : {}),
  };
}

function ofArgument(argument: Argument): Expected {
  return expected(argument.argChoices, argument.name(), argument.name());
}

/** `file` of `-p, --policy <file>` */
function valueName(flags: string): string {
  return /[<[]([^>\].]+)/.exec(flags)?.[1] ?? "";
}

function expected(choices: readonly string[] | undefined, name: string, attribute: string): Expected {
  if (choices !== undefined) return { kind: "choices", choices };
  if (["policy", "paths"].includes(attribute)) return { kind: "policy" };
  if (name === "file") return { kind: "file" };
  return name === "folder" ? { kind: "folder" } : { kind: "text" };
}
