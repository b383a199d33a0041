import type { CallAnswer } from "./calls.js";
import type { Context, RootContext } from "./context.js";
import type { Environment } from "./environment.js";
import type { GuestMemory } from "./memory.js";

/** A host function without 64-bit parameters. Words arrive as unsigned numbers; what it returns is a status. */
export type WordFunction = (...words: number[]) => number;

/** A host function with one 64-bit parameter, which comes first here, wherever the ABI has it. */
export interface WideFunction {
  /** Position of the 64-bit parameter in the ABI. */
  readonly position: number;
  readonly wide: (value: bigint, ...words: number[]) => number;
}

export type HostFunctions = Readonly<Record<string, WordFunction | WideFunction>>;

/** What the chapters of the ABI see of a VM. */
export interface Border {
  readonly environment: Environment;
  readonly memory: GuestMemory;
  /** The effective context if one is set and lives, else the one of the callback. */
  context(): Context;
  root(): RootContext;
  contextOf(id: number): Context | undefined;
  setEffectiveContext(context: Context): void;
  /** Tells a root of an answer to a call that it made; undefined for one that broke off. */
  tellAnswer(root: RootContext, token: number, answer: CallAnswer | undefined): void;
  /** Done when the callback has returned. */
  defer(action: () => void): void;
  /** Whatever the callback returns, its stream does not go on. */
  stopIteration(): void;
}
