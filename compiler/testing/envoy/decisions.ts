import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

/** What the access log says of one request. */
const line = z.object({
  /** Envoy's route name; null where Envoy answered before it chose one. */
  route: z.string().nullable(),
  /** `policy[/rule] allowed|denied reason`; null if the guard was never entered. */
  decision: z.string().nullable(),
  /** Who called, if that is known. */
  consumer: z.string().nullable(),
  /** Of the first policy in shadow that would have refused it; not logged where none is in shadow. */
  shadow: z.string().nullish(),
  /** `policy/Operation`; not logged where nothing is converted. */
  operation: z.string().nullish(),
});
export type LoggedDecision = z.output<typeof line>;

const POLL_MS = 1;
const TIMEOUT_MS = 10_000;

/** The access log of an Envoy that gets one request after the other: a JSON line for each, in their order. */
export class LoggedDecisions {
  private readonly path: string;
  private file: FileHandle | undefined;
  private rest = "";
  private readonly lines: string[] = [];

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The line of the next request.
   * @throws Error if it does not come
   */
  async next(): Promise<LoggedDecision> {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const text = this.lines.shift();
      if (text !== undefined) return line.parse(JSON.parse(text));
      if (Date.now() > deadline) throw new Error("Envoy wrote no line about the request into its access log");
      if (!(await this.read())) await delay(POLL_MS);
    }
  }

  async close(): Promise<void> {
    await this.file?.close();
  }

  /** @returns whether there was something to read */
  private async read(): Promise<boolean> {
    this.file ??= await open(this.path);
    const { buffer, bytesRead } = await this.file.read({ buffer: Buffer.alloc(64 * 1024) });
    if (bytesRead === 0) return false;
    const parts = `${this.rest}${buffer.toString("latin1", 0, bytesRead)}`.split("\n");
    // What stands after the last line break is not complete yet.
    this.rest = parts.pop() ?? "";
    this.lines.push(...parts.map((part) => Buffer.from(part, "latin1").toString()));
    return true;
  }
}
