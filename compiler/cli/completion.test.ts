import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Argument, Command, Option } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { completionScript } from "./commands/completion.js";
import { allCommands, completedCommand, SHELLS, type Shell } from "./completion.js";
import { program } from "./program.js";

const tree = completedCommand(program(() => {}));
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-completion-"));
  mkdirSync(join(folder, "policies"));
  for (const name of ["my policy.yaml", "other.yml", "notes.txt"]) writeFileSync(join(folder, name), "");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a shell offers for a line whose last word is not finished. */
function offers(
  shell: Shell,
  line: string,
  script = completionScript(
    shell,
    program(() => {}),
  ),
): string[] {
  const path = join(folder, `script.${shell}.txt`);
  writeFileSync(path, script);
  const [command, args] = call(shell, path, line);
  const output = execFileSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, TERM: "dumb", HOME: folder },
  });
  rmSync(path);
  return [...new Set(output.split(/\r?\n/).filter((word) => word !== ""))].toSorted();
}

function call(shell: Shell, script: string, line: string): [string, string[]] {
  switch (shell) {
    case "bash": {
      // As readline divides a line: `=` and `:` are words of their own.
      const words = line.split(/ +|(?==)|(?<==)/).map((word) => `'${word}'`);
      const state = `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}`;
      return ["bash", ["--norc", "-c", `source '${script}'; ${state}; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`]];
    }
    case "fish":
      return [
        "fish",
        ["--no-config", "-c", `source '${script}'; complete -C '${line}' | string replace -r '\\t.*' ''; true`],
      ];
    case "zsh":
      return ["zsh", ["-f", "-c", ZSH, "zsh", script, line]];
  }
}

/** Completion of zsh works in its line editor only, so one runs in a terminal of its own; matches come between marks. */
const ZSH = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source $1"
zpty -w z 'zstyle ":completion:*" list-separator "<<"; zstyle ":completion:*" verbose no; LISTMAX=0'
zpty -w z 'offered() { compadd() { if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi; local -a found; builtin compadd -A found "$@"; print -rl -- "<match>"\${^found}"</match>" >> matches; builtin compadd "$@" }; _main_complete }; zle -C offered complete-word offered; bindkey "^I" offered; print READY'
zpty -r z line '*READY*READY*' || true
zpty -n -w z "$2"$'\\t'
zpty -w z $'\\C-u'"print DO""NE"
zpty -r z line '*DONE*'
zpty -d z
[[ -f matches ]] && sed -n 's,<match>\\(.*\\)</match>,\\1,p' matches
rm -f matches
`;

const installed = SHELLS.filter((shell) => spawnSync(shell, ["--version"]).status === 0);

it("bash is here, so that at least its script is run", () => {
  expect(installed).toContain("bash");
});

describe.each(installed)("%s", (shell) => {
  it("completes every command", () => {
    const names = tree.commands.map(({ path }) => path.join(" "));
    expect(names.length).toBeGreaterThan(5);
    expect(offers(shell, "sluice ")).toEqual(expect.arrayContaining(names));
  });

  it("completes the beginning of a command", () => {
    expect(offers(shell, "sluice comp")).toEqual(["compile", "completion"]);
  });

  it("completes commands of a command", () => {
    expect(offers(shell, "sluice envoy in")).toEqual(["install"]);
  });

  it("completes every option of every command", () => {
    for (const command of allCommands(tree)) {
      const long = command.options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith("--")));
      const line = ["sluice", ...command.path, "--"].join(" ");
      const offered = offers(shell, line).map((word) => word.replace(/=$/, ""));
      expect([line, offered]).toEqual([line, expect.arrayContaining(long)]);
    }
  });

  it("completes the choices of options and arguments", () => {
    expect(offers(shell, "sluice completion ")).toEqual(["bash", "fish", "zsh"]);
    expect(offers(shell, "sluice explain --stage ")).toEqual(["envoy", "envoy-gateway", "filters", "istio", "plan"]);
    expect(offers(shell, "sluice explain --stage=pl").map((word) => word.replace(/^--stage=/, ""))).toEqual(["plan"]);
  });

  it("completes policy files, and folders on the way to them", () => {
    const offered = offers(shell, "sluice compile ").map((word) => word.replace(/\/$|\\/g, ""));
    expect(offered).toEqual(expect.arrayContaining(["my policy.yaml", "other.yml", "policies"]));
    expect(offered).not.toContain("notes.txt");
  });

  it("completes folders alone where a folder is meant", () => {
    expect(offers(shell, "sluice compile --out ").map((word) => word.replace(/\/$/, ""))).toEqual(["policies"]);
  });

  it("does not take the value of an option for a command", () => {
    expect(offers(shell, "sluice compile --out check --target ")).toEqual(["envoy", "envoy-gateway", "istio"]);
  });

  it("takes descriptions and choices with quotes, brackets and colons", () => {
    const odd = new Command("sluice").helpOption(false).helpCommand(false);
    odd
      .command("it")
      .description(`it's [a: "b" $(c) \`d\` \\e]`)
      .addArgument(new Argument("<x>", "'[:").choices(["p", "q"]));
    odd.command("that").addOption(new Option("--mode <mode>", "it's [x]: `y` $z").choices(["r", "s"]));
    const script = completionScript(shell, odd);
    expect(offers(shell, "sluice ", script)).toEqual(["it", "that"]);
    expect(offers(shell, "sluice it ", script)).toEqual(["p", "q"]);
    expect(offers(shell, "sluice that --mode ", script)).toEqual(["r", "s"]);
  });
});
