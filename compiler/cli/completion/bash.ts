import { allCommands, type CompletedCommand, type CompletedOption, type Expected } from "../completion.js";

/** A completion script for bash 3.2 and later, which needs nothing of the package bash-completion. */
export function bashScript(program: CompletedCommand): string {
  const commands = allCommands(program);
  return `# bash completion of sluice
_sluice() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="" command="" i IFS=$'\\n'
  (( COMP_CWORD > 0 )) && prev="\${COMP_WORDS[COMP_CWORD-1]}"
  # bash divides --format=json at the sign.
  if [[ $cur == = ]]; then
    cur=""
  elif [[ $prev == = ]] && (( COMP_CWORD > 1 )); then
    prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for (( i = 1; i < COMP_CWORD; i++ )); do
    case "$command \${COMP_WORDS[i]}" in
${commands.flatMap(stepCases).join("\n")}
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$command" in
${commands.map(commandCase).join("\n")}
  esac
}
_sluice_words() {
  COMPREPLY=( $(compgen -W "$1" -- "$cur") )
}
_sluice_files() {
  compopt -o filenames 2>/dev/null
  COMPREPLY=( $(compgen -f -- "$cur") )
}
_sluice_folders() {
  compopt -o filenames 2>/dev/null
  COMPREPLY=( $(compgen -d -- "$cur") )
}
_sluice_policies() {
  compopt -o filenames 2>/dev/null
  COMPREPLY=( $(compgen -d -- "$cur"; compgen -f -X '!*.yaml' -- "$cur"; compgen -f -X '!*.yml' -- "$cur") )
}
complete -F _sluice sluice
`;
}

function nameOf({ path }: CompletedCommand): string {
  return path.join(" ");
}

/** How the words before the cursor lead from one command to the next; the value of an option is passed over. */
function stepCases(command: CompletedCommand): string[] {
  const inner = command.commands.map(
    (next) => `      ${quoted(`${nameOf(command)} ${next.path.at(-1)}`)}) command=${quoted(nameOf(next))} ;;`,
  );
  const valued = command.options.filter((option) => option.value !== undefined && !option.optional);
  const words = valued.flatMap(({ flags }) => flags.map((flag) => quoted(`${nameOf(command)} ${flag}`)));
  return [...inner, ...(words.length === 0 ? [] : [`      ${words.join("|")}) (( i++ )) ;;`])];
}

function valueCases(command: CompletedCommand): string[] {
  return command.options.flatMap((option: CompletedOption) => {
    if (option.value === undefined) return [];
    // An optional value stands behind the sign only; after a space there may be anything.
    const words = option.flags.map((flag) => quoted(`${nameOf(command)} ${flag}`));
    const condition = option.optional
      ? `[[ \${COMP_WORDS[COMP_CWORD]} == = || \${COMP_WORDS[COMP_CWORD-1]} == = ]] && `
      : "";
    const answer = completion(option.value);
    return [
      option.optional
        ? `    ${words.join("|")}) ${condition}{ ${answer}; return; } ;;`
        : `    ${words.join("|")}) ${answer}; return ;;`,
    ];
  });
}

function commandCase(command: CompletedCommand): string {
  const options = command.options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith("--")));
  const names = command.commands.map(({ path }) => path.at(-1) ?? "");
  const words = names.length > 0 ? `_sluice_words ${list(names)}` : completion(command.argument ?? { kind: "text" });
  return `    ${quoted(nameOf(command))}) if [[ $cur == -* ]]; then _sluice_words ${list(options)}; else ${words}; fi ;;`;
}

function completion(value: Expected): string {
  switch (value.kind) {
    case "choices":
      return `_sluice_words ${list(value.choices)}`;
    case "policy":
      return "_sluice_policies";
    case "file":
      return "_sluice_files";
    case "folder":
      return "_sluice_folders";
    case "text":
      return ":";
  }
}

/** Words on lines of their own, as IFS divides them. */
function list(words: readonly string[]): string {
  return `$'${words.map((word) => word.replace(/[\\']/g, "\\$&")).join("\\n")}'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
