import type { Command } from "commander";
import { bashScript } from "../completion/bash.js";
import { fishScript } from "../completion/fish.js";
import { zshScript } from "../completion/zsh.js";
import { completedCommand, type Shell } from "../completion.js";
import { EXIT } from "../exit.js";

/** `sluice completion`: prints a script that completes the commands of a program, their options and their values. */
export function completionCommand(shell: Shell, program: Command): number {
  process.stdout.write(completionScript(shell, program));
  return EXIT.ok;
}

export function completionScript(shell: Shell, program: Command): string {
  const tree = completedCommand(program);
  switch (shell) {
    case "bash":
      return bashScript(tree);
    case "zsh":
      return zshScript(tree);
    case "fish":
      return fishScript(tree);
  }
}
