import { allCommands, type CompletedCommand, type CompletedOption, type Expected } from "../completion.js";

/** A completion script for zsh, to be put as `_sluice` into a folder of `fpath`, or to be sourced after `compinit`. */
export function zshScript(program: CompletedCommand): string {
  return `#compdef sluice
# zsh completion of sluice
${allCommands(program).map(definition).join("\n")}
if [[ $funcstack[1] == _sluice ]]; then
  _sluice "$@"
else
  compdef _sluice sluice
fi
`;
}

function functionOf({ path }: CompletedCommand): string {
  return ["_sluice", ...path].join("_").replace(/[^A-Za-z0-9_]/g, "_");
}

function definition(command: CompletedCommand): string {
  const options = command.options.map((option) => `    ${optionSpec(option)} \\`);
  if (command.commands.length === 0)
    return `${functionOf(command)}() {
  ${["_arguments -s -S \\", ...options, ...argumentSpec(command)].join("\n")}
    && return
}`;
  const names = command.commands.map(
    ({ path, description }) => `    ${quoted(`${path.at(-1)}:${escaped(description)}`)}`,
  );
  const cases = command.commands.map((inner) => `        ${quoted(inner.path.at(-1) ?? "")}) ${functionOf(inner)} ;;`);
  return `${functionOf(command)}() {
  local curcontext="$curcontext" state line
  local -a commands=(
${names.join("\n")}
  )
  ${["_arguments -C \\", ...options].join("\n")}
    '1: :->command' \\
    '*:: :->rest' \\
    && return
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${cases.join("\n")}
      esac ;;
  esac
}`;
}

function optionSpec({ flags, description, value, optional }: CompletedOption): string {
  const text = `[${escaped(description)}]${value === undefined ? "" : `${optional ? "::" : ":"}value:${action(value)}`}`;
  const exclusive = flags.length > 1 ? `(${flags.join(" ")})` : "";
  const written = flags.map((flag) =>
    value !== undefined && flag.startsWith("--") ? `${flag}${optional ? "=-" : "="}` : flag,
  );
  if (written.length === 1) return quoted(`${written[0]}${text}`);
  return `${quoted(exclusive)}{${written.map(quoted).join(",")}}${quoted(text)}`;
}

function argumentSpec({ argument, variadic }: CompletedCommand): string[] {
  if (argument === undefined) return [];
  return [`    ${quoted(`${variadic ? "*" : "1"}:argument:${action(argument)}`)} \\`];
}

function action(value: Expected): string {
  switch (value.kind) {
    case "choices":
      return `(${value.choices.join(" ")})`;
    case "policy":
      return '_files -g "*.(yaml|yml)(-.)"';
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "text":
      return "";
  }
}

/** Brackets and colons have a meaning in a specification. */
function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
