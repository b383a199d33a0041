import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { LONGEST_PASSWORD, verifierOf } from "../../plan/verifier.js";
import { EXIT, UsageError } from "../exit.js";
import { standardInput } from "../input.js";

export interface HashOptions {
  rounds: number;
}

/**
 * `sluice hash`: prints the verifier of a password, which is read from standard input, or asked for at a terminal, where it is not shown. It is
 * never an argument: those are seen by everybody on the machine, and stay in the history of the shell.
 */
export async function hashCommand({ rounds }: HashOptions): Promise<number> {
  const password = process.stdin.isTTY ? await askedTwice(process.stdin, process.stderr) : await piped();
  process.stdout.write(`${verifierOf(password, rounds)}\n`);
  return EXIT.ok;
}

async function piped(): Promise<string> {
  const bytes = await standardInput();
  const text = bytes.toString("utf8");
  if (!Buffer.from(text).equals(bytes)) throw new UsageError("the password is not UTF-8");
  return checked(text.replace(/\r?\n$/, ""));
}

/**
 * Asks at a terminal for a password, twice, and shows nothing of it.
 *
 * @throws UsageError if the two differ, if it cannot be one, or if nobody answers
 */
export async function askedTwice(terminal: NodeJS.ReadableStream, messages: NodeJS.WritableStream): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: terminal, output: nowhere, terminal: true });
  // Lines and the end may come before they are asked for.
  const given: string[] = [];
  let waiting: (() => void) | undefined;
  let hasEnded = false;
  lines.on("line", (line) => {
    given.push(line);
    waiting?.();
  });
  lines.once("close", () => {
    hasEnded = true;
    waiting?.();
  });
  const next = async (question: string): Promise<string> => {
    messages.write(question);
    if (given.length === 0 && !hasEnded)
      await new Promise<void>((resolve) => {
        waiting = resolve;
      });
    const line = given.shift();
    if (line === undefined) throw new UsageError("no password was given");
    messages.write("\n");
    return line;
  };
  try {
    const password = checked(await next("Password: "));
    if ((await next("Once more: ")) !== password) throw new UsageError("the two passwords differ");
    return password;
  } finally {
    lines.close();
  }
}

/** What `basic` can look at (RFC 7617, section 2). */
function checked(password: string): string {
  if (password === "") throw new UsageError("the password is empty");
  if (Buffer.byteLength(password) > LONGEST_PASSWORD)
    throw new UsageError(`the password is longer than ${LONGEST_PASSWORD} bytes`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  if (/[\u0000-\u001f\u007f]/.test(password))
    throw new UsageError("the password has a control character, such as a second line; no client can send one");
  return password;
}
