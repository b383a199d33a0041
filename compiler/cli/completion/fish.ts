import { allCommands, type CompletedCommand, type CompletedOption, type Expected } from "../completion.js";

/** A completion script for fish 3 and later. */
export function fishScript(program: CompletedCommand): string {
  return `# fish completion of sluice
complete -c sluice -f
${allCommands(program).flatMap(lines).join("\n")}
`;
}

function lines(command: CompletedCommand): string[] {
  const condition = conditionOf(command);
  const start = `complete -c sluice${condition === "" ? "" : ` -n ${quoted(condition)}`}`;
  return [
    ...command.commands.map((inner) => `${start} -a ${inner.path.at(-1)} -d ${quoted(inner.description)}`),
    ...command.options.map((option) => `${start} ${optionWords(option)}`),
    ...(command.argument === undefined || command.argument.kind === "text"
      ? []
      : [`${start} ${words(command.argument)}`]),
  ];
}

/** True where a command is the innermost one on the line. */
function conditionOf({ path, commands }: CompletedCommand): string {
  if (path.length === 0) return "__fish_use_subcommand";
  const inside = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const outside = commands.map((inner) => `not __fish_seen_subcommand_from ${inner.path.at(-1)}`);
  return [...inside, ...outside].join("; and ");
}

function optionWords({ flags, description, value, optional }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const takes = value === undefined ? [] : [...(optional ? [] : ["-r"]), words(value)];
  return [...names, `-d ${quoted(description)}`, ...takes].join(" ");
}

/** Paths with their descriptions: folders, and YAML files. */
const POLICIES = "(__fish_complete_path (commandline -ct) | string match -r '^.*(?:/|\\.ya?ml)(?:\\t.*)?$')";

function words(value: Expected): string {
  switch (value.kind) {
    case "choices":
      return `-f -a ${quoted(value.choices.join(" "))}`;
    case "policy":
      return `-f -a ${quoted(POLICIES)}`;
    case "file":
      return "-F";
    case "folder":
      return `-f -a ${quoted("(__fish_complete_directories)")}`;
    case "text":
      return "-f";
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
